//! Another database takes the place of the present one.
//!
//! A database and its log belong together: SQLite applies a log to whatever database it is beside. So the
//! old database is closed first, in a form that has no log, and no log stays. That is on disk before the
//! new database gets the name.

use std::fs;
use std::path::PathBuf;

use super::connection::{Access, connect};
use super::database::{DATABASE, JOURNAL, LOG, SHARED_MEMORY};
use super::error::cause;
use crate::StoreError;
use crate::state_dir::{LockedDir, io_error};

/// The files of a database that may hold records.
const FILES: [&str; 3] = [DATABASE, LOG, JOURNAL];

/// Makes the present database one file without a log. It fails while a process uses it. After a crash
/// it is what it was.
pub(crate) fn close_log(directory: &LockedDir) -> Result<(), StoreError> {
    let db = connect(&directory.join(DATABASE), Access::ReadWrite).map_err(cause)?;
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))
        .map_err(cause)?;
    if mode != "delete" {
        return Err(StoreError::Busy {
            why: format!("the database stays in mode {mode}"),
        });
    }
    db.close().map_err(|(_, error)| cause(error))?;
    for name in [LOG, SHARED_MEMORY] {
        directory.remove(name)?;
    }
    directory.sync()
}

/// A database that cannot be read, or what is left of one, under other names.
pub(crate) struct Aside<'d> {
    directory: &'d LockedDir,
    /// The names before and after.
    renamed: Vec<(PathBuf, PathBuf)>,
}

/// Puts a database aside that is not used any more, with its log; also a log without a database. `why` and
/// the time are in its new name. Meanwhile there is no database, which refuses every login.
pub(crate) fn put_aside<'d>(
    directory: &'d LockedDir,
    why: &str,
    now: u64,
) -> Result<Aside<'d>, StoreError> {
    let mut aside = Aside {
        directory,
        renamed: Vec::new(),
    };
    let suffix = free_suffix(directory, why, now)?;
    for name in FILES {
        if directory.has(name)? {
            let (from, to) = (
                directory.join(name),
                directory.join(&format!("{name}{suffix}")),
            );
            if let Err(error) = fs::rename(&from, &to) {
                aside.put_back();
                return Err(io_error(&from, &error));
            }
            aside.renamed.push((from, to));
        }
    }
    directory.remove(SHARED_MEMORY)?;
    directory.sync()?;
    Ok(aside)
}

impl Aside<'_> {
    /// The name of the database now, if there was one.
    pub(crate) fn database(&self) -> Option<PathBuf> {
        let database = self.directory.join(DATABASE);
        let mut renamed = self.renamed.iter();
        renamed
            .find(|(from, _)| *from == database)
            .map(|(_, to)| to.clone())
    }

    /// Gives the files their names again, as far as that is possible.
    pub(crate) fn put_back(self) {
        for (from, to) in self.renamed.iter().rev() {
            let _ = fs::rename(to, from);
        }
        let _ = self.directory.sync();
    }
}

/// An end for the names that no file has.
fn free_suffix(directory: &LockedDir, why: &str, now: u64) -> Result<String, StoreError> {
    let mut suffix = format!(".{why}-{now}");
    for number in 2_u32.. {
        let mut is_taken = false;
        for name in FILES {
            is_taken |= directory.has(&format!("{name}{suffix}"))?;
        }
        if !is_taken {
            break;
        }
        suffix = format!(".{why}-{now}-{number}");
    }
    Ok(suffix)
}
