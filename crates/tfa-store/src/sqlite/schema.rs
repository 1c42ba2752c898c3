//! The tables of the database, and the check that a file has them.
//!
//! - `account`: one row for each user with a record.
//! - `head`: one row; see [`Meta`](super::meta::Meta).
//! - `document`: one row for each document. The first document adds the table, so that only a verifier
//!   of a fleet has it.
//! - `roll`: the users with a record; `uid_index`: the uid of each record. Both are indexes in parts;
//!   see [`Index`]. A record is protected by its seal. That a user has *no* record is the answer that
//!   lets a login pass without a code, and a damaged index would give it wrongly. So it is given only
//!   if the parts of both indexes were read, checked and do not contain the user.

use rusqlite::Connection;

use super::connection::connect_new;
use super::error::{cause, damaged};
use super::index::{self, Index};
use super::meta::Meta;
use crate::{KeyId, StoreError};

/// "tfad", in the file header: what the file is.
const APPLICATION: i64 = 0x7466_6164;
/// The version of everything in the database.
pub(crate) const FORMAT: i64 = 2;
const FIRST_FORMAT: i64 = 1;
/// The same as [`FORMAT`], with a table of documents.
const FORMAT_WITH_DOCUMENTS: i64 = 3;

/// Is added to the format of a database whose accounts are elsewhere.
pub(super) const MOVED: i64 = 256;

/// The layouts of a database that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Format 1, without an index by uid. It is migrated when it is opened, which needs the sealing
    /// key.
    First,
    /// As this program creates it.
    Present,
}

type Table = (&'static str, &'static str);

// The text of each definition is compared with what the database holds.
pub(super) const ACCOUNT: &str = "CREATE TABLE account (user TEXT NOT NULL PRIMARY KEY, uid INTEGER NOT NULL, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT";
const HEAD: &str = "CREATE TABLE head (id INTEGER NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, key BLOB NOT NULL, sum BLOB NOT NULL) STRICT";
const ROLL: &str =
    "CREATE TABLE roll (part INTEGER NOT NULL PRIMARY KEY, names BLOB NOT NULL) STRICT";
pub(super) const UID_INDEX: &str =
    "CREATE TABLE uid_index (part INTEGER NOT NULL PRIMARY KEY, entries BLOB NOT NULL) STRICT";

const DOCUMENT: &str = "CREATE TABLE document (kind TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (kind, name)) STRICT";

const TABLES: [Table; 4] = [
    ("account", ACCOUNT),
    ("head", HEAD),
    ("roll", ROLL),
    ("uid_index", UID_INDEX),
];

const TABLES_WITH_DOCUMENTS: [Table; 5] = [
    ("account", ACCOUNT),
    ("document", DOCUMENT),
    ("head", HEAD),
    ("roll", ROLL),
    ("uid_index", UID_INDEX),
];

const FIRST_TABLES: [Table; 3] = [
    (
        "account",
        "CREATE TABLE account (user TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT",
    ),
    ("head", HEAD),
    ("roll", ROLL),
];

/// Fills an empty file with a database without records.
pub(super) fn create(path: &std::path::Path, key: KeyId) -> rusqlite::Result<()> {
    let mut db = connect_new(path)?;
    let tx = db.transaction()?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    set_present(&tx)?;
    for (_, sql) in TABLES {
        tx.execute(sql, [])?;
    }
    Meta { revision: 0, key }.insert(&tx)?;
    index::create(&tx, Index::Users)?;
    index::create(&tx, Index::Uids)?;
    tx.commit()?;
    db.close().map_err(|(_, error)| error)
}

/// Writes the present format into the file header.
pub(super) fn set_present(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "user_version", FORMAT)
}

/// Whether the file header names the present format.
pub(super) fn is_present(db: &Connection) -> Result<bool, StoreError> {
    let format = header_field(db, "user_version")?;
    Ok(matches!(format, FORMAT | FORMAT_WITH_DOCUMENTS))
}

/// Whether there is a table of documents.
pub(super) fn has_documents(db: &Connection) -> Result<bool, StoreError> {
    Ok(header_field(db, "user_version")? == FORMAT_WITH_DOCUMENTS)
}

/// Adds the table of documents, in a transaction.
pub(super) fn add_documents(db: &Connection) -> rusqlite::Result<()> {
    db.execute(DOCUMENT, [])?;
    db.pragma_update(None, "user_version", FORMAT_WITH_DOCUMENTS)
}

/// Checks that the file is a database of a known format and has its tables.
pub(super) fn check(db: &Connection) -> Result<Layout, StoreError> {
    let application = header_field(db, "application_id")?;
    let format = header_field(db, "user_version")?;
    let foreign = |why: &str| Err(StoreError::DatabaseForeign { why: why.into() });
    let (layout, tables): (_, &[Table]) = match (application, format) {
        (APPLICATION, FORMAT) => (Layout::Present, &TABLES),
        (APPLICATION, FORMAT_WITH_DOCUMENTS) => (Layout::Present, &TABLES_WITH_DOCUMENTS),
        (APPLICATION, FIRST_FORMAT) => (Layout::First, &FIRST_TABLES),
        (APPLICATION, moved)
            if moved == FORMAT | MOVED || moved == FORMAT_WITH_DOCUMENTS | MOVED =>
        {
            return Err(StoreError::DatabaseMoved);
        }
        (APPLICATION, newer) if newer > FORMAT_WITH_DOCUMENTS => {
            return Err(StoreError::DatabaseNewer {
                found: newer,
                known: FORMAT_WITH_DOCUMENTS,
            });
        }
        (APPLICATION, other) => {
            return damaged(format!("its format is {other}, which never existed"));
        }
        (0, 0) => return foreign("its header does not say what it is"),
        (other, _) => return foreign(&format!("its application id is {other:#x}")),
    };
    let mut select = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .map_err(cause)?;
    let found: Vec<(String, String)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(cause)?;
    let found = found
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str()));
    if !found.eq(tables.iter().copied()) {
        return damaged("its tables are not those of tfad");
    }
    Ok(layout)
}

/// The format of a database.
pub(super) fn format(db: &Connection) -> Result<i64, StoreError> {
    header_field(db, "user_version")
}

fn header_field(db: &Connection, pragma: &str) -> Result<i64, StoreError> {
    db.pragma_query_value(None, pragma, |row| row.get(0))
        .map_err(cause)
}

/// Looks for inconsistencies in every page. Takes about a second for some hundred megabytes.
pub(super) fn quick_check(db: &Connection) -> Result<(), StoreError> {
    let found: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(cause)?;
    if found == "ok" {
        Ok(())
    } else {
        damaged(found.replace('\n', "; "))
    }
}

/// Whether the database certainly has no record, and no document.
pub(super) fn is_empty(db: &Connection) -> Result<bool, StoreError> {
    let documents = has_documents(db)?.then_some("SELECT 1 FROM document");
    for rows in ["SELECT 1 FROM account"].into_iter().chain(documents) {
        let found = db.prepare(rows).and_then(|mut select| select.exists([]));
        if found.map_err(cause)? {
            return Ok(false);
        }
    }
    let uids = is_present(db)?.then_some(Index::Uids);
    for index in [Index::Users].into_iter().chain(uids) {
        if !index::is_empty(db, index)? {
            return Ok(false);
        }
    }
    Ok(true)
}
