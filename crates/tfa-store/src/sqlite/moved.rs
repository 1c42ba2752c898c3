//! A database whose accounts are elsewhere.
//!
//! Codes that were used there would be accepted again, so it is never opened by accident, under whatever name
//! it is found. The number of its format says it, where an older tfad looks too.

use super::connection::{Access, connect};
use super::error::cause;
use super::schema::{self, MOVED};
use crate::StoreError;
use crate::state_dir::LockedDir;

/// Marks a database that no process uses, or takes the mark away again. It is on disk when this returns.
pub(crate) fn mark_moved(
    directory: &LockedDir,
    name: &str,
    is_moved: bool,
) -> Result<(), StoreError> {
    let db = connect(&directory.join(name), Access::ReadWrite).map_err(cause)?;
    let format = schema::format(&db)?;
    let format = match is_moved {
        true => format | MOVED,
        false => format & !MOVED,
    };
    db.pragma_update(None, "user_version", format)
        .map_err(cause)?;
    db.close().map_err(|(_, error)| cause(error))?;
    // SQLite removes its journal without that. A journal that comes back would undo the change.
    directory.sync()
}
