//! Another database takes the place of the present one.
//!
//! A database and its log belong together: SQLite would apply the log of the old database to the new
//! one. So the old one is closed first, in a form that has no log.

use std::fs;
use std::io;

use super::connection::{Access, connect};
use super::database::{DATABASE, JOURNAL, LOG, SHARED_MEMORY};
use super::error::cause;
use crate::StoreError;
use crate::state_dir::{LockedDir, io_error};

/// Makes the present database one file without a log. It fails while a process uses it. After a crash
/// it is what it was.
pub(crate) fn settle(directory: &LockedDir) -> Result<(), StoreError> {
    if !directory.has(DATABASE)? {
        return Ok(());
    }
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
    // The file says that it has no log: what is left of one counts for nothing.
    for name in [LOG, SHARED_MEMORY] {
        remove(directory, name)?;
    }
    Ok(())
}

/// Puts a database that cannot be read aside, with its log. Meanwhile there is none, which refuses
/// every login.
pub(crate) fn put_aside(directory: &LockedDir, suffix: &str) -> Result<(), StoreError> {
    for name in [DATABASE, LOG, JOURNAL] {
        if directory.has(name)? {
            let (from, to) = (
                directory.join(name),
                directory.join(&format!("{name}{suffix}")),
            );
            fs::rename(&from, to).map_err(|error| io_error(&from, &error))?;
        }
    }
    remove(directory, SHARED_MEMORY)?;
    directory.sync()
}

fn remove(directory: &LockedDir, name: &str) -> Result<(), StoreError> {
    let path = directory.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error(&path, &error)),
        _ => Ok(()),
    }
}
