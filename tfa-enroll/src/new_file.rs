//! A new file that only its owner can read. It is created before the first question, so that an error
//! does not cost a code. It is removed again unless it is kept.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tfa_client::Failure;

use crate::messages;

/// A file that this command has created.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl NewFile {
    /// Creates it with mode 0600. Fails if the name exists, even as a dangling link (`O_EXCL`).
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| {
                Failure::Refused(messages::file_not_created(&path.display(), &error))
            })?;
        Ok(Self {
            file,
            path: path.to_owned(),
            kept: false,
        })
    }

    /// Writes the content and syncs it to the disk.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), Failure> {
        self.try_write(content).map_err(|error| {
            Failure::Refused(messages::file_not_written(&self.path.display(), &error))
        })
    }

    fn try_write(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()
    }

    /// Keeps the file, and returns its path.
    pub(crate) fn keep(mut self) -> PathBuf {
        self.kept = true;
        self.path.clone()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
