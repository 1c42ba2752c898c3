//! All records of one moment, for a backup or a comparison.

use rusqlite::Connection;

use super::database::Database;
use super::error::{cause, damaged};
use super::index::{Index, PARTS, Part};
use super::meta::Meta;
use super::row;
use super::schema::Layout;
use crate::{KeyId, StoreError};

const RECORDS: &str = "SELECT user, uid, revision, sealed FROM account ORDER BY user";

/// Is called with user, uid, revision and sealed record. Returns whether to go on.
pub(crate) type EachRecord<'a> = dyn FnMut(&str, u32, u64, &[u8]) -> bool + 'a;

/// A read transaction. Others write meanwhile, and their changes are not seen; the log is kept until it
/// ends.
pub(crate) struct Snapshot {
    db: Connection,
    meta: Meta,
    /// The users of the index, in the order of the bytes of their names.
    users: Vec<String>,
}

impl Database {
    /// Begins to read the records of this moment.
    pub(crate) fn snapshot(self) -> Result<Snapshot, StoreError> {
        if self.layout == Layout::First {
            return Err(StoreError::NotMigrated);
        }
        let db = self.db;
        db.execute_batch("BEGIN").map_err(cause)?;
        let meta = Meta::read(&db)?;
        let mut users = Vec::new();
        for number in 0..PARTS {
            for user in Part::query(Index::Users, number, &db)?.users() {
                match std::str::from_utf8(user) {
                    Ok(user) => users.push(user.to_owned()),
                    Err(_) => return damaged("a user name in the index is not UTF-8"),
                }
            }
        }
        users.sort_unstable();
        Ok(Snapshot { db, meta, users })
    }
}

impl Snapshot {
    /// The number of records.
    pub(crate) fn records(&self) -> u64 {
        self.users.len() as u64
    }

    /// The key that seals the records.
    pub(crate) fn key(&self) -> KeyId {
        self.meta.key
    }

    /// The last revision that was reserved.
    pub(crate) fn revision(&self) -> u64 {
        self.meta.revision.unsigned_abs()
    }

    /// Reads the records, in the order of their names. Fails if a record of the index is missing, or
    /// one is there that the index does not have.
    pub(crate) fn for_each(&self, each: &mut EachRecord<'_>) -> Result<(), StoreError> {
        let mut select = self.db.prepare(RECORDS).map_err(cause)?;
        let mut rows = select.query([]).map_err(cause)?;
        let mut users = self.users.iter();
        while let Some(found) = rows.next().map_err(cause)? {
            let user: String = found.get(0).map_err(cause)?;
            match users.next() {
                Some(expected) if *expected == user => {}
                Some(expected) if *expected < user => return Err(row::missing(expected)),
                _ => return damaged(format!("the record of {user} is not in the index")),
            }
            let uid = found.get(1).map_err(cause)?;
            let revision = row::revision(&user, found.get_ref(2))?.get();
            let sealed = found.get_ref(3).map_err(cause)?.as_blob();
            if !each(&user, uid, revision, sealed.unwrap_or_default()) {
                return Ok(());
            }
        }
        match users.next() {
            Some(user) => Err(row::missing(user)),
            None => Ok(()),
        }
    }
}
