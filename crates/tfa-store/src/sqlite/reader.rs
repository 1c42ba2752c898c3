//! A connection that reads.
//!
//! A read takes about ten microseconds when its pages are in memory, and waits for the disk when they
//! are not. It runs on the caller's thread: a thread for reading would cost every login two more
//! switches of threads.

use std::borrow::Cow;

use rusqlite::{Connection, params};
use zeroize::Zeroizing;

use super::db_file::DbFile;
use super::error::cause;
use super::index::{Index, Part, UNKNOWN_UID};
use super::row;
use super::schema::Layout;
use crate::{ByUid, Record, Revision, StoreError};

/// One statement sees one state of the database: the record, and the part of the index of users that
/// must not contain the user if there is none.
const ACCOUNT: &str = "SELECT 0, revision, sealed FROM account WHERE user = ?1 \
     UNION ALL SELECT 1, 0, names FROM roll WHERE part = ?2";
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
        Ok(Self { db, layout, file })
    }

    pub(super) fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        self.file.check()?;
        let number = Part::of_user(user);
        let mut index = None;
        let mut account = self.db.prepare_cached(ACCOUNT).map_err(cause)?;
        let mut rows = account.query(params![user, number]).map_err(cause)?;
        while let Some(row) = rows.next().map_err(cause)? {
            let blob = row.get_ref(2).map_err(cause)?.as_blob().ok();
            if row.get::<_, i64>(0).map_err(cause)? == 0 {
                let revision = row::revision(user, row.get_ref(1))?;
                let record = Zeroizing::new(blob.unwrap_or_default().to_vec());
                return Ok(Some((Record::new(record), revision)));
            }
            index = Some(Part::decode(Index::Users, number, blob)?);
        }
        match index {
            Some(part) if !part.has_user(user) => Ok(None),
            Some(_) => Err(row::missing(user)),
            None => Part::decode(Index::Users, number, None).map(|_| None),
        }
    }

    /// The record of a uid, in one state of the database.
    pub(super) fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.file.check()?;
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
        let mut select = self.db.prepare_cached(index.select()).map_err(cause)?;
        Part::query(index, number, &mut select)
    }
}
