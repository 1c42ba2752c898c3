//! Connections to the database file.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::cause;
use crate::StoreError;

/// How long a connection waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How the database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// For reading and writing.
    ReadWrite,
    /// On a read-only file system, with a log: SQLite reads it, and needs its `-shm` file beside it.
    ReadLog,
    /// On a read-only file system, with nothing in a log: the file is complete, and does not change.
    /// Otherwise SQLite would create a `-shm` file.
    Immutable,
}

/// Connects to a database that exists. Creates none.
pub(super) fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let read_only = flags | OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = match access {
        Access::ReadWrite => {
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?
        }
        Access::ReadLog => Connection::open_with_flags(path, read_only)?,
        Access::Immutable => {
            let uri = read_only | OpenFlags::SQLITE_OPEN_URI;
            Connection::open_with_flags(immutable(path), uri)?
        }
    };
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        db.set_db_config(option, on)?;
    }
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(db)
}

/// Connects to a new, empty file, which no other process reads. It needs no journal, and so none is
/// left behind.
pub(super) fn connect_new(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    db.pragma_update(None, "journal_mode", "off")?;
    Ok(db)
}

/// The URI of a file that does not change: sqlite.org/uri.html.
fn immutable(path: &Path) -> PathBuf {
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.extend_from_slice(format!("%{byte:02x}").as_bytes()),
            _ => uri.push(*byte),
        }
    }
    uri.extend_from_slice(b"?immutable=1");
    PathBuf::from(OsString::from_vec(uri))
}

/// Makes commits go to a log beside the database. The mode is kept in the file: this changes a new
/// database, and a backup that was written without a log.
pub(super) fn use_log(db: &Connection) -> Result<(), StoreError> {
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(cause)?;
    if mode == "wal" {
        return Ok(());
    }
    Err(StoreError::Io {
        why: format!(
            "the file system of the state directory allows no log (mode {mode}): use another one"
        ),
    })
}
