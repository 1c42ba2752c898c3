//! The state directory: whose it is, what lies in it, and how files appear in it whole or not at all.
//!
//! A file is made beside its place under the name `NAME.new`, written, synchronised, and only then
//! linked to its name. So a file with its real name is complete, whatever happened meanwhile, and a
//! `.new` file is never more than an interrupted start.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::libc::O_NOFOLLOW;
use nix::sys::statvfs::{FsFlags, fstatvfs, statvfs};
use nix::unistd::geteuid;

use super::StoreError;

/// Where the store lives.
#[derive(Clone, Debug)]
pub struct Place {
    /// The state directory, `/var/lib/tfa`. It is made if it is missing.
    pub state: PathBuf,
    /// `$CREDENTIALS_DIRECTORY`, if systemd set it.
    pub credentials: Option<PathBuf>,
}

/// The state directory, held under a lock: one process at a time opens the store.
pub(super) struct StateDir {
    path: PathBuf,
    directory: File,
}

impl StateDir {
    /// Opens the directory, makes sure that it is ours alone, and waits for the lock, which is
    /// released on drop.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| unavailable(path, &error);
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        // Links on the way are the administrator's business; SQLite, which follows none, gets the
        // resolved path.
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

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether nothing can be changed here: the mount is read-only, or the file system is.
    pub(super) fn is_read_only(&self) -> Result<bool, StoreError> {
        let flags =
            fstatvfs(&self.directory).map_err(|error| unavailable(&self.path, &error.into()))?;
        Ok(flags.flags().contains(FsFlags::ST_RDONLY))
    }

    /// Whether something has this name, a dangling link too.
    pub(super) fn has(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.join(name);
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unavailable(&path, &error)),
        }
    }

    /// The length of a file in bytes.
    pub(super) fn size(&self, name: &str) -> Result<u64, StoreError> {
        let path = self.join(name);
        fs::symlink_metadata(&path)
            .map(|meta| meta.len())
            .map_err(|error| unavailable(&path, &error))
    }

    /// Makes sure that a database file is a plain file of ours, and closes it to others.
    ///
    /// By name and never by opening it: closing any descriptor of a file drops the locks that SQLite
    /// holds on it in this process.
    pub(super) fn guard(&self, name: &str) -> Result<(), StoreError> {
        let path = self.join(name);
        let meta = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other.map_err(|error| unavailable(&path, &error))?,
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
                .map_err(|error| unavailable(&path, &error))?;
        }
        Ok(())
    }

    /// The small file of this name, if there is one.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(&path, &error)),
        }
    }

    /// Clears away what an interrupted start left of `NAME.new`.
    pub(super) fn sweep(&self, name: &str) -> Result<(), StoreError> {
        for suffix in [".new", ".new-journal", ".new-wal", ".new-shm"] {
            let path = self.join(&format!("{name}{suffix}"));
            match fs::remove_file(&path) {
                // A read-only file system says so of a name that is not there, too. What is left stays:
                // nobody reads it.
                Err(error)
                    if !matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::ReadOnlyFilesystem
                    ) =>
                {
                    return Err(unavailable(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Makes a file with these contents, where there is none. Never overwrites.
    pub(super) fn make(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        self.draft(name, contents)?;
        self.publish(name)
    }

    /// Makes a file with these contents, or replaces the one that is there.
    pub(super) fn replace(&self, name: &str, contents: &[u8]) -> Result<(), StoreError> {
        let new = self.draft(name, contents)?;
        let path = self.join(name);
        fs::rename(new, &path).map_err(|error| unavailable(&path, &error))?;
        self.sync()
    }

    /// Writes `NAME.new`, and has its contents on disk.
    pub(super) fn draft(&self, name: &str, contents: &[u8]) -> Result<PathBuf, StoreError> {
        self.sweep(name)?;
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
        write().map_err(|error| unavailable(&path, &error))?;
        Ok(path)
    }

    /// Gives `NAME.new` its name, with its contents on disk, unless something has that name already.
    pub(super) fn publish(&self, name: &str) -> Result<(), StoreError> {
        let new = self.join(&format!("{name}.new"));
        let path = self.join(name);
        // A link, not a renaming: it fails where there is something.
        File::open(&new)
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::hard_link(&new, &path))
            .and_then(|()| fs::remove_file(&new))
            .map_err(|error| unavailable(&path, &error))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.directory
            .sync_all()
            .map_err(|error| unavailable(&self.path, &error))
    }
}

/// Whether the file system of a path takes no changes, as far as that can be found out.
pub(super) fn is_read_only(path: &Path) -> bool {
    statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY))
}

/// An I/O error at a path, in words.
pub(super) fn unavailable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable {
        why: format!("{}: {error}", path.display()),
    }
}
