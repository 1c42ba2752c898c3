//! A new file for its owner alone. It is made before anything is asked, so that a name that is
//! taken or a folder that is closed costs nobody a code; unless kept, it goes again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use tfa_client::Failure;

use crate::texts;

/// A file that did not exist before.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    kept: bool,
}

impl NewFile {
    /// Makes it, mode 0600. What has that name already, be it a link that leads nowhere, is left
    /// alone: the system's exclusive creation follows no link.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| Failure::Refused(texts::no_file(&path.display(), &error)))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            kept: false,
        })
    }

    /// Writes and has it on the disk.
    pub(crate) fn write(&mut self, content: &[u8]) -> Result<(), Failure> {
        self.try_write(content)
            .map_err(|error| Failure::Refused(texts::not_written(&self.path.display(), &error)))
    }

    fn try_write(&mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.sync_all()
    }

    /// Keeps it.
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
