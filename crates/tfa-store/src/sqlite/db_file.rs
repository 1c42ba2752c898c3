//! The database file that the connections are made to.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::connection::{Access, connect};
use super::error::cause;
use super::schema::{self, Layout};
use crate::StoreError;
use crate::state_dir::{io_error, is_read_only};

/// The database file, told apart from another file of the same name. SQLite continues in a file that
/// was moved or deleted, and what is stored there is lost at the next start. So every use checks the
/// file first.
#[derive(Clone)]
pub(super) struct DbFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
    access: Access,
}

impl DbFile {
    pub(super) fn new(path: PathBuf, access: Access) -> Result<Self, StoreError> {
        let identity = identity(&path)?;
        Ok(Self {
            path,
            identity,
            access,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_writable(&self) -> bool {
        self.access == Access::ReadWrite
    }

    /// Whether it was opened read-only, and changes could be made now.
    pub(super) fn is_writable_again(&self) -> bool {
        !self.is_writable() && !is_read_only(&self.path)
    }

    /// Connects to it, and checks what is in it before anything is written.
    pub(super) fn connect(&self) -> Result<(Connection, Layout), StoreError> {
        let db = connect(&self.path, self.access).map_err(cause)?;
        let layout = schema::check(&db)?;
        Ok((db, layout))
    }

    /// Fails if it can no longer be used as it was opened.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        // Another process may now change a file that SQLite takes for immutable.
        if self.is_writable_again() {
            return Err(StoreError::Superseded {
                why: "the state directory is writable again: tfad restarts".to_owned(),
            });
        }
        if identity(&self.path)? == self.identity {
            return Ok(());
        }
        Err(StoreError::Superseded {
            why: format!(
                "{} was replaced while tfad was using it: restart tfad",
                self.path.display()
            ),
        })
    }
}

fn identity(path: &Path) -> Result<(u64, u64), StoreError> {
    let meta = fs::symlink_metadata(path).map_err(|error| io_error(path, &error))?;
    Ok((meta.dev(), meta.ino()))
}
