//! What lies in the database, and the checks that it is what it should be.
//!
//! - `account`: one row per user with a record.
//! - `head`: one row: up to where revisions were reserved, and the fingerprint of the sealing key.
//! - `roll`: who has a record, by name; `uid_index`: whose record belongs to which uid. Both are
//!   spread over a fixed number of parts, each a row with a checksum that is there from the start;
//!   see `index`. A record protects itself by its seal; that a user has *no* record is the answer
//!   that opens the door without a code, and a damaged index would give it for free. So it is given
//!   only if both indexes, read and checked, know nothing of the user.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::index::{self, Index};
use crate::StoreError;
use crate::key::KeyId;
use crate::place::{is_read_only, unavailable};

/// "tfad" in the header tells what the file is.
pub(super) const APPLICATION: i64 = 0x7466_6164;
/// The version of everything below.
pub(super) const VERSION: i64 = 2;

/// How a database that can be used is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// Without an index by uid. It is migrated at opening, which takes the sealing key.
    First,
    /// As this program makes it.
    Present,
}

type Tables = [(&'static str, &'static str)];

pub(super) const ACCOUNT: &str = "CREATE TABLE account (user TEXT NOT NULL PRIMARY KEY, uid INTEGER NOT NULL, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT";
const HEAD: &str = "CREATE TABLE head (id INTEGER NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, key BLOB NOT NULL, sum BLOB NOT NULL) STRICT";
const ROLL: &str =
    "CREATE TABLE roll (part INTEGER NOT NULL PRIMARY KEY, names BLOB NOT NULL) STRICT";
pub(super) const UID_INDEX: &str =
    "CREATE TABLE uid_index (part INTEGER NOT NULL PRIMARY KEY, entries BLOB NOT NULL) STRICT";

const TABLES: [(&str, &str); 4] = [
    ("account", ACCOUNT),
    ("head", HEAD),
    ("roll", ROLL),
    ("uid_index", UID_INDEX),
];

const FIRST_TABLES: [(&str, &str); 3] = [
    (
        "account",
        "CREATE TABLE account (user TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT",
    ),
    ("head", HEAD),
    ("roll", ROLL),
];

/// How the database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// For reading and writing.
    Full,
    /// On a read-only file system, with a log: SQLite reads it, and needs its index beside it.
    WithLog,
    /// On a read-only file system, with nothing in a log: the file is all there is, and nobody
    /// changes it. SQLite would make an index for the log otherwise.
    Immutable,
}

/// Connects to a database that is there. Makes none.
pub(super) fn connect(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let read_only = flags | OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = match access {
        Access::Full => {
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)?
        }
        Access::WithLog => Connection::open_with_flags(path, read_only)?,
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
    db.busy_timeout(super::BUSY)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "temp_store", "memory")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(db)
}

/// The URI of a file that nobody changes: sqlite.org/uri.html.
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

/// The file that a connection was made to. SQLite goes on in a file that was moved away or deleted,
/// and what is stored there is lost with the next start: so everything asks here first.
#[derive(Clone)]
pub(super) struct Anchor {
    path: PathBuf,
    file: (u64, u64),
    access: Access,
}

impl Anchor {
    pub(super) fn drop_at(path: PathBuf, access: Access) -> Result<Self, StoreError> {
        let file = Self::look(&path)?;
        Ok(Self { path, file, access })
    }

    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// Whether changes can be made that could not when the file was opened.
    pub(super) fn is_writable_again(&self) -> bool {
        self.access != Access::Full && !is_read_only(&self.path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn hold(&self) -> Result<(), StoreError> {
        // From then on somebody may change a file that SQLite takes for immutable.
        if self.is_writable_again() {
            return Err(StoreError::Unavailable {
                why: "the state directory can be written again: tfad starts anew".to_owned(),
            });
        }
        if Self::look(&self.path)? == self.file {
            return Ok(());
        }
        Err(StoreError::Unavailable {
            why: format!(
                "{} was replaced while tfad was using it: restart tfad",
                self.path.display()
            ),
        })
    }

    fn look(path: &Path) -> Result<(u64, u64), StoreError> {
        let meta = fs::symlink_metadata(path).map_err(|error| unavailable(path, &error))?;
        Ok((meta.dev(), meta.ino()))
    }
}

/// Fills an empty file with an empty database. It is a draft that nobody reads yet, so it needs no
/// journal, and nothing of it can be left behind in one.
pub(super) fn create(path: &Path, key: KeyId) -> rusqlite::Result<()> {
    let mut db = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_NOFOLLOW,
    )?;
    db.pragma_update(None, "journal_mode", "off")?;
    let tx = db.transaction()?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    for (_, sql) in TABLES {
        tx.execute(sql, [])?;
    }
    let head = Head { revision: 0, key };
    tx.execute(
        "INSERT INTO head VALUES (1, ?1, ?2, ?3)",
        params![head.revision, head.key.as_bytes(), head.sum()],
    )?;
    index::create(&tx, Index::Names)?;
    index::create(&tx, Index::Uids)?;
    tx.commit()?;
    db.close().map_err(|(_, error)| error)
}

/// Checks that the file is a database of a version known here, and is laid out as it should be.
pub(super) fn check(db: &Connection) -> Result<Layout, StoreError> {
    let application = number(db, "application_id")?;
    let version = number(db, "user_version")?;
    let foreign = |why: &str| Err(StoreError::DatabaseForeign { why: why.into() });
    let (layout, tables): (_, &Tables) = match (application, version) {
        (APPLICATION, VERSION) => (Layout::Present, &TABLES),
        (APPLICATION, 1) => (Layout::First, &FIRST_TABLES),
        (APPLICATION, newer) if newer > VERSION => {
            return Err(StoreError::DatabaseNewer {
                found: newer,
                known: VERSION,
            });
        }
        (APPLICATION, other) => return damaged(format!("its format is {other}, which never was")),
        (0, 0) => return foreign("its header does not say what it is"),
        (other, _) => return foreign(&format!("its application id is {other:#x}")),
    };
    let mut select = db
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        .map_err(failure)?;
    let found: Vec<(String, String)> = select
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(failure)?;
    let found = found
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str()));
    if !found.eq(tables.iter().copied()) {
        return damaged("its tables are not those of tfad".into());
    }
    Ok(layout)
}

/// The version that the database says it has.
pub(super) fn version(db: &Connection) -> Result<i64, StoreError> {
    number(db, "user_version")
}

fn number(db: &Connection, pragma: &str) -> Result<i64, StoreError> {
    db.pragma_query_value(None, pragma, |row| row.get(0))
        .map_err(failure)
}

/// Has commits go to a log beside the database. It stays so: this changes a new database, and a
/// backup that was written without a log.
pub(super) fn keep_log(db: &Connection) -> Result<(), StoreError> {
    let mode: String = db
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(failure)?;
    if mode == "wal" {
        return Ok(());
    }
    Err(StoreError::Unavailable {
        why: format!(
            "the file system of the state directory allows no log (mode {mode}): use another one"
        ),
    })
}

/// Looks through every page for what does not fit. The cost grows with the database: a second for
/// some hundred megabytes.
pub(super) fn quick_check(db: &Connection) -> Result<(), StoreError> {
    let found: String = db
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(failure)?;
    if found == "ok" {
        Ok(())
    } else {
        damaged(found.replace('\n', "; "))
    }
}

/// Whether nobody has a record, for certain.
pub(super) fn is_empty(db: &Connection) -> Result<bool, StoreError> {
    if db
        .prepare("SELECT 1 FROM account")
        .and_then(|mut s| s.exists([]))
        .map_err(failure)?
    {
        return Ok(false);
    }
    let uids = (version(db)? == VERSION).then_some(Index::Uids);
    for index in [Index::Names].into_iter().chain(uids) {
        if !index::is_empty(db, index)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The one row of `head`.
#[derive(Clone, Copy)]
pub(super) struct Head {
    /// The last revision that was reserved: none above it was ever given.
    pub(super) revision: i64,
    /// The key that seals this database.
    pub(super) key: KeyId,
}

impl Head {
    pub(super) fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut select = db.prepare(Self::SELECT).map_err(failure)?;
        Self::query(&mut select)
    }

    pub(super) const SELECT: &str = "SELECT revision, key, sum FROM head WHERE id = 1";
    pub(super) const UPDATE: &str =
        "UPDATE head SET revision = ?1, key = ?2, sum = ?3 WHERE id = 1";

    /// With a statement of [`Head::SELECT`].
    pub(super) fn query(select: &mut rusqlite::Statement<'_>) -> Result<Self, StoreError> {
        let row = select.query_row([], |row| {
            let key = KeyId::from_bytes(row.get_ref(1)?.as_blob()?);
            Ok((row.get(0)?, key, row.get::<_, Vec<u8>>(2)?))
        });
        match row.optional().map_err(failure)? {
            Some((revision @ 0.., Some(key), sum))
                if Self { revision, key }.sum() == sum.as_slice() =>
            {
                Ok(Self { revision, key })
            }
            _ => damaged("the row that counts the revisions is not what was written".into()),
        }
    }

    /// With a statement of [`Head::UPDATE`].
    pub(super) fn update(&self, update: &mut rusqlite::Statement<'_>) -> rusqlite::Result<()> {
        update.execute(params![self.revision, self.key.as_bytes(), self.sum()])?;
        Ok(())
    }

    fn sum(&self) -> [u8; SUM] {
        sum("head", &[&self.revision.to_be_bytes(), self.key.as_bytes()])
    }
}

pub(super) const SUM: usize = 16;

/// A checksum against damage, not against an attacker: who can write here is root.
pub(super) fn sum(what: &str, fields: &[&[u8]]) -> [u8; SUM] {
    let mut digest = Sha256::new()
        .chain_update(b"org.tfad.tfa checksum 1 ")
        .chain_update(what);
    for field in fields {
        digest.update(field);
    }
    let mut sum = [0; SUM];
    sum.iter_mut()
        .zip(digest.finalize())
        .for_each(|(to, from)| *to = from);
    sum
}

pub(super) fn damaged<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::DatabaseDamaged { why })
}

/// What an error of SQLite means for the store.
pub(super) fn failure(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    match error {
        E::SqliteFailure(failure, text) => {
            let text = text.unwrap_or_else(|| failure.to_string());
            match failure.code {
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::SchemaChanged => {
                    StoreError::DatabaseDamaged { why: text }
                }
                ErrorCode::DiskFull => StoreError::Unavailable {
                    why: format!(
                        "{text}: free some space in the file system of the state directory"
                    ),
                },
                ErrorCode::DatabaseBusy => StoreError::Unavailable {
                    why: format!(
                        "{text}: another process has held accounts.db for too long; look for it with `fuser`"
                    ),
                },
                ErrorCode::SystemIoFailure => StoreError::Unavailable {
                    why: format!(
                        "{text} (SQLite code {}): look in the kernel's log for what is wrong with the disk",
                        failure.extended_code
                    ),
                },
                _ => StoreError::Unavailable {
                    why: format!("{text} (SQLite code {})", failure.extended_code),
                },
            }
        }
        E::InvalidColumnType(..)
        | E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::QueryReturnedNoRows => StoreError::DatabaseDamaged {
            why: format!("a row has values that were never written: {error}"),
        },
        other => StoreError::Unavailable {
            why: other.to_string(),
        },
    }
}
