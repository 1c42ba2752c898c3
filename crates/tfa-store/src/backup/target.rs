//! The file that a backup is written to: whole under its name, or not there.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::libc::O_NOFOLLOW;

use super::BackupError;

/// A new file under a temporary name, which is removed on drop.
pub(crate) struct Target {
    path: PathBuf,
    draft: PathBuf,
    file: File,
}

impl Target {
    /// Creates the temporary file beside `path`.
    pub(crate) fn create(path: &Path) -> Result<Self, BackupError> {
        // A dangling link counts.
        match fs::symlink_metadata(path) {
            Ok(_) => return Err(BackupError::Exists(path.display().to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(path, &error)),
        }
        let Some(name) = path.file_name() else {
            return Err(BackupError::File(format!(
                "{} is not the name of a file",
                path.display()
            )));
        };
        let mut draft = OsString::from(".");
        draft.push(name);
        draft.push(format!(".{}.partial", std::process::id()));
        let draft = path.with_file_name(draft);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(O_NOFOLLOW)
            .open(&draft)
            .map_err(|error| failed(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            draft,
            file,
        })
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// The error for a write that failed.
    pub(crate) fn failed(&self, error: &io::Error) -> BackupError {
        failed(&self.path, error)
    }

    /// Gives the file its name, unless another has it. It is on disk when this returns.
    pub(crate) fn publish(self) -> Result<(), BackupError> {
        self.file.sync_all().map_err(|error| self.failed(&error))?;
        match rename_without_replacing(&self.draft, &self.path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists(self.path.display().to_string()));
            }
            other => other.map_err(|error| self.failed(&error))?,
        }
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| self.failed(&error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // After the renaming there is no file of this name.
        let _ = fs::remove_file(&self.draft);
    }
}

fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match renameat2(AT_FDCWD, from, AT_FDCWD, to, RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => Ok(()),
        // A file system without that call, NFS for example: a link does not replace a file either.
        Err(Errno::EINVAL | Errno::ENOSYS | Errno::EOPNOTSUPP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        Err(error) => Err(error.into()),
    }
}

/// The error for a path that cannot be written or read.
pub(crate) fn failed(path: &Path, error: &io::Error) -> BackupError {
    BackupError::File(format!("{}: {error}", path.display()))
}
