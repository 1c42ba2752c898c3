//! The state directory: its owner, its files, and how a file appears in it whole or not at all.
//!
//! A file is written as a draft, `NAME.new`, synchronised, and only then linked to its name. So a file
//! with its real name is always complete, and a draft is only what an interrupted start left behind.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use nix::sys::statvfs::{FsFlags, fstatvfs, statvfs};
use nix::unistd::geteuid;

use crate::StoreError;

/// Where the store and its key are.
#[derive(Clone, Debug)]
pub struct StateDir {
    /// The state directory, `/var/lib/tfa`. It is created if it is missing.
    pub path: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`, if systemd set it.
    pub credentials: Option<PathBuf>,
}

/// The state directory, locked: one process at a time opens the store.
pub(crate) struct LockedDir {
    path: PathBuf,
    directory: File,
}

impl LockedDir {
    /// Opens the directory, checks that only this user can write in it, and waits for the lock, which
    /// is released on drop.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| io_error(path, &error);
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        // The administrator may have made links. SQLite follows none, and gets the resolved path.
        let path = path.canonicalize().map_err(failed)?;
        let directory = File::open(&path).map_err(failed)?;
        let meta = directory.metadata().map_err(failed)?;
        let shown = path.display();
        if !meta.is_dir() {
            return Err(StoreError::Unsafe {
                remedy: format!("{shown} is not a directory: put it aside and restart tfad"),
            });
        }
        if meta.uid() != geteuid().as_raw() {
            return Err(StoreError::Unsafe {
                remedy: format!(
                    "{shown} belongs to uid {}: look for what does not belong there, run \
                     `chown {} {shown}` and restart tfad",
                    meta.uid(),
                    geteuid()
                ),
            });
        }
        if meta.mode() & 0o022 != 0 {
            return Err(StoreError::Unsafe {
                remedy: format!(
                    "others may write in {shown} (mode {:04o}): look for what does not belong there, \
                     run `chmod 700 {shown}` and restart tfad",
                    meta.mode() & 0o7777
                ),
            });
        }
        if meta.mode() & 0o077 != 0 {
            directory
                .set_permissions(Permissions::from_mode(0o700))
                .map_err(failed)?;
        }
        directory.lock().map_err(failed)?;
        Ok(Self { path, directory })
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether the mount or the file system is read-only.
    pub(crate) fn is_read_only(&self) -> Result<bool, StoreError> {
        let flags =
            fstatvfs(&self.directory).map_err(|error| io_error(&self.path, &error.into()))?;
        Ok(flags.flags().contains(FsFlags::ST_RDONLY))
    }

    /// Whether there is a file of this name. A dangling link counts.
    pub(crate) fn has(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(io_error(&path, &error)),
        }
    }

    /// The length of a file in bytes.
    pub(crate) fn size(&self, name: &str) -> Result<u64, StoreError> {
        let path = self.join(name);
        fs::symlink_metadata(&path)
            .map(|meta| meta.len())
            .map_err(|error| io_error(&path, &error))
    }

    /// Checks that a database file, if it exists, is a plain file of this user, and makes it private.
    ///
    /// It is not opened: closing any descriptor of a file drops the locks that SQLite holds on it in
    /// this process.
    pub(crate) fn check_file(&self, name: &str) -> Result<(), StoreError> {
        let path = self.join(name);
        let meta = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|error| io_error(&path, &error))?,
        };
        let shown = path.display();
        if !meta.is_file() || meta.uid() != geteuid().as_raw() {
            return Err(StoreError::Unsafe {
                remedy: format!(
                    "{shown} is not a regular file of uid {}: find out who put it there, put the real \
                     one in its place and restart tfad",
                    geteuid()
                ),
            });
        }
        if meta.mode() & 0o077 != 0 {
            fs::set_permissions(&path, Permissions::from_mode(0o600))
                .map_err(|error| io_error(&path, &error))?;
        }
        Ok(())
    }

    /// The small file of this name, if there is one.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&path, &error)),
        }
    }

    /// Removes what an interrupted start left of `NAME.new`.
    pub(crate) fn remove_drafts(&self, name: &str) -> Result<(), StoreError> {
        for suffix in [".new", ".new-journal", ".new-wal", ".new-shm"] {
            let path = self.join(&format!("{name}{suffix}"));
            match fs::remove_file(&path) {
                // A read-only file system reports this for a name that does not exist, too. A draft that
                // stays is never read.
                Err(error)
                    if !matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem
                    ) =>
                {
                    return Err(io_error(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Creates a file with these contents. Never overwrites.
    pub(crate) fn create(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        self.write_draft(name, contents)?;
        self.publish(name)
    }

    /// Creates a file with these contents, or replaces the one that exists.
    pub(crate) fn replace(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        let new = self.write_draft(name, contents)?;
        let path = self.join(name);
        fs::rename(new, &path).map_err(|error| io_error(&path, &error))?;
        self.sync()
    }

    /// Writes `NAME.new`. Its contents are on disk when this returns.
    pub(crate) fn write_draft(&self, name: &str, contents: &[u8]) -> Result<PathBuf, StoreError> {
        self.remove_drafts(name)?;
        let path = self.join(&format!("{name}.new"));
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .custom_flags(O_NOFOLLOW)
                .open(&path)?;
            file.write_all(contents)?;
            file.sync_all()
        };
        write().map_err(|error| io_error(&path, &error))?;
        Ok(path)
    }

    /// Synchronises `NAME.new` and gives it its name, unless a file has that name already.
    pub(crate) fn publish(&self, name: &str) -> Result<(), StoreError> {
        let new = self.join(&format!("{name}.new"));
        let path = self.join(name);
        // A link and not a renaming: it fails if the name is taken.
        File::open(&new)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::hard_link(&new, &path))
            .and_then(|()| fs::remove_file(&new))
            .map_err(|error| io_error(&path, &error))?;
        self.sync()
    }

    /// Removes a file, if there is one. The change is on disk after [`Self::sync`].
    pub(crate) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let path = self.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, &error)),
            _ => Ok(()),
        }
    }

    /// Creates an empty file. Never overwrites.
    pub(crate) fn create_empty(&self, name: &str) -> Result<(), StoreError> {
        let path = self.join(name);
        let created = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW)
            .open(&path);
        created.map(drop).map_err(|error| io_error(&path, &error))
    }

    /// Opens a file that is about to lose its name, to overwrite it; `None` if there is none.
    pub(crate) fn open_to_overwrite(&self, name: &str) -> Result<Option<File>, StoreError> {
        let path = self.join(name);
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(O_NOFOLLOW)
            .open(&path);
        match opened {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error(&path, &error)),
        }
    }

    /// Removes the files whose names begin so, where `is_abandoned` is true of the rest of the name.
    pub(crate) fn remove_all(
        &self,
        prefix: &str,
        is_abandoned: impl Fn(&str) -> bool,
    ) -> Result<(), StoreError> {
        let failed = |error| io_error(&self.path, &error);
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let rest = name.to_str().and_then(|name| name.strip_prefix(prefix));
            if rest.is_some_and(&is_abandoned) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Gives a complete file another name, in place of the file that has it.
    pub(crate) fn replace_with(&self, from: &str, name: &str) -> Result<(), StoreError> {
        let (from, path) = (self.join(from), self.join(name));
        File::open(&from)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&from, &path))
            .map_err(|error| io_error(&path, &error))?;
        self.sync()
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.directory
            .sync_all()
            .map_err(|error| io_error(&self.path, &error))
    }
}

/// Whether the file system of a path is read-only, as far as can be found out.
pub(crate) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}

/// The cause of an I/O error at a path.
pub(crate) fn io_error(path: &Path, error: &io::Error) -> StoreError {
    let why = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { why },
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { why },
        _ => StoreError::Io { why },
    }
}
