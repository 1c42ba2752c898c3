//! A connection that reads.
//!
//! A read takes about ten microseconds when its pages are in memory, and waits for the disk when they
//! are not. It runs on the caller's thread: a thread for reading would cost every login two more
//! switches of threads.
//!
//! SQLite drops all pages that a connection has in memory when another connection has written. So the
//! connection that writes reads with the fewest calls.

use std::borrow::Cow;

use rusqlite::Connection;
use zeroize::Zeroizing;

use super::db_file::DbFile;
use super::error::{cause, damaged};
use super::index::{Index, Part, UNKNOWN_UID};
use super::row;
use super::schema::Layout;
use crate::{ByUid, Record, Revision, StoreError};

/// The record if there is one, and then one more row. While that row is not passed, the transaction of
/// the statement is open: further statements read the same state of the database.
const ACCOUNT: &str = "SELECT 0, revision, sealed FROM account WHERE user = ?1 \
     UNION ALL SELECT 1, NULL, NULL";
const UID: &str = "SELECT uid FROM account WHERE user = ?1";

/// A connection that reads.
pub(super) struct Reader {
    db: Connection,
    layout: Layout,
    file: DbFile,
}

impl Reader {
    pub(super) fn connect(file: DbFile) -> Result<Self, StoreError> {
        // SQLite must not find another file under the name of the one that is open.
        file.check()?;
        let (db, layout) = file.connect()?;
        Ok(Self::new(db, layout, file))
    }

    /// A connection that was made to this file.
    pub(super) fn new(db: Connection, layout: Layout, file: DbFile) -> Self {
        Self { db, layout, file }
    }

    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// Checks that the file can still be used as it was opened.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.file.check()
    }

    pub(super) fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        self.check()?;
        let mut account = self.db.prepare_cached(ACCOUNT).map_err(cause)?;
        let mut rows = account.query([user]).map_err(cause)?;
        let row = rows.next().map_err(cause)?;
        let Some(row) = row else {
            return damaged("a query has no last row");
        };
        if row.get::<_, i64>(0).map_err(cause)? == 0 {
            let revision = row::revision(user, row.get_ref(1))?;
            let blob = row.get_ref(2).map_err(cause)?.as_blob().ok();
            let record = Zeroizing::new(blob.unwrap_or_default().to_vec());
            return Ok(Some((Record::new(record), revision)));
        }
        // In the same state of the database, the part of the index that must not contain the user.
        let part = self.part(Index::Users, Part::of_user(user))?;
        match part.has_user(user) {
            false => Ok(None),
            true => Err(row::missing(user)),
        }
    }

    /// The record of a uid, in one state of the database.
    pub(super) fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.check()?;
        if self.layout == Layout::First {
            return Err(StoreError::NotMigrated);
        }
        let tx = self.db.unchecked_transaction().map_err(cause)?;
        let names = self.names_of_uid(uid)?;
        let found = match names.as_slice() {
            [] => match self.names_of_uid(UNKNOWN_UID)? {
                unknown if unknown.is_empty() => ByUid::None,
                unknown => ByUid::Unknown(unknown),
            },
            [user] => {
                let (record, revision) = self.load(user)?.ok_or_else(|| row::missing(user))?;
                if self.uid(user)? != Some(uid) {
                    return Err(StoreError::RecordDamaged {
                        user: user.clone(),
                        why: format!("the index has it for uid {uid}, and it has another uid"),
                    });
                }
                ByUid::Found(user.clone(), record, revision)
            }
            _ => return Err(StoreError::DuplicateUid { uid, users: names }),
        };
        tx.finish().map_err(cause)?;
        Ok(found)
    }

    fn names_of_uid(&self, uid: u32) -> Result<Vec<String>, StoreError> {
        let part = self.part(Index::Uids, Part::of_uid(uid))?;
        let names = part.names_of_uid(uid).map(String::from_utf8_lossy);
        Ok(names.map(Cow::into_owned).collect())
    }

    /// The uid beside a record.
    fn uid(&self, user: &str) -> Result<Option<u32>, StoreError> {
        let mut uid = self.db.prepare_cached(UID).map_err(cause)?;
        let mut rows = uid.query([user]).map_err(cause)?;
        let row = rows.next().map_err(cause)?;
        Ok(row.and_then(|row| row.get(0).ok()))
    }

    /// A part of an index. It is one read, so the log can restart between two parts.
    pub(super) fn part(&self, index: Index, number: i64) -> Result<Part, StoreError> {
        Part::query(index, number, &self.db)
    }
}
