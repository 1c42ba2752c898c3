//! What reads.
//!
//! A read takes some ten microseconds when its pages are in memory, and waits for the disk when they
//! are not: so it is made on the caller's thread, and the caller sees to it that this is no thread on
//! which others wait. A thread of the reader's own would cost every login two changes of threads more.

use std::ops::Range;
use std::sync::Arc;

use rusqlite::{Connection, params};

use super::index::{Index, Part, UNKNOWN_UID};
use super::schema::{Anchor, Layout, failure};
use super::writer::{lost, revision};
use crate::key::SealingKey;
use crate::{ByUid, Listed, Record, Revision, StoreError, seal};

/// One statement sees one state of the database: the record, and if there is none the part of the
/// roll that must not name the user.
const ACCOUNT: &str = "SELECT 0, revision, sealed FROM account WHERE user = ?1 \
     UNION ALL SELECT 1, 0, names FROM roll WHERE part = ?2";
const UID: &str = "SELECT uid FROM account WHERE user = ?1";

/// What opens the records, or what to say because nothing does.
#[derive(Clone)]
pub(super) struct Opener {
    pub(super) key: Option<Arc<SealingKey>>,
    pub(super) remedy: String,
}

impl Opener {
    pub(super) fn lost(&self) -> StoreError {
        StoreError::KeyLost {
            remedy: self.remedy.clone(),
        }
    }

    fn open(&self, user: &str, sealed: &[u8]) -> Result<Record, StoreError> {
        let Some(key) = &self.key else {
            return Err(self.lost());
        };
        seal::open(key, user, sealed).map_err(|broken| StoreError::RecordDamaged {
            user: user.to_owned(),
            why: broken.to_string(),
        })
    }
}

/// A connection that reads.
pub(super) struct Reader {
    db: Connection,
    layout: Layout,
    anchor: Anchor,
    opener: Opener,
}

impl Reader {
    pub(super) fn new((db, layout): (Connection, Layout), anchor: Anchor, opener: Opener) -> Self {
        Self {
            db,
            layout,
            anchor,
            opener,
        }
    }

    pub(super) fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        self.anchor.hold()?;
        let number = Part::of(user);
        let mut roll = None;
        let mut account = self.db.prepare_cached(ACCOUNT).map_err(failure)?;
        let mut rows = account.query(params![user, number]).map_err(failure)?;
        while let Some(row) = rows.next().map_err(failure)? {
            let blob = row.get_ref(2).map_err(failure)?.as_blob().ok();
            if row.get::<_, i64>(0).map_err(failure)? == 0 {
                let revision = revision(user, row.get_ref(1))?;
                return Ok(Some((
                    self.opener.open(user, blob.unwrap_or_default())?,
                    revision,
                )));
            }
            roll = Some(Part::decode(Index::Names, number, blob)?);
        }
        match roll {
            Some(part) if !part.has(user) => Ok(None),
            Some(_) => Err(lost(user)),
            None => Part::decode(Index::Names, number, None).map(|_| None),
        }
    }

    /// The record of a uid, in one state of the database.
    pub(super) fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.anchor.hold()?;
        if self.layout == Layout::First {
            // With the key it was not migrated because the file system is read-only.
            return Err(match self.opener.key {
                Some(_) => StoreError::Unavailable {
                    why: super::OLD_FORMAT.to_owned()
                        + ", and a file system that can be written to",
                },
                None => self.opener.lost(),
            });
        }
        let tx = self.db.unchecked_transaction().map_err(failure)?;
        let names = self.names_of(uid)?;
        let found = match names.as_slice() {
            [] => match self.names_of(UNKNOWN_UID)? {
                unknown if unknown.is_empty() => ByUid::None,
                unknown => ByUid::Unknown(unknown),
            },
            [user] => {
                let (record, revision) = self.load(user)?.ok_or_else(|| lost(user))?;
                if self.uid(user)? != Some(uid) {
                    return Err(StoreError::RecordDamaged {
                        user: user.clone(),
                        why: format!("the index of uids has it for uid {uid}, and it is another's"),
                    });
                }
                ByUid::Found(user.clone(), record, revision)
            }
            _ => return Err(StoreError::UidTwice { uid, users: names }),
        };
        tx.finish().map_err(failure)?;
        Ok(found)
    }

    fn names_of(&self, uid: u32) -> Result<Vec<String>, StoreError> {
        let part = self.part(Index::Uids, Part::of_uid(uid))?;
        let names = part.names_of(uid).map(String::from_utf8_lossy);
        Ok(names.map(std::borrow::Cow::into_owned).collect())
    }

    /// The uid beside a record.
    fn uid(&self, user: &str) -> Result<Option<u32>, StoreError> {
        let mut uid = self.db.prepare_cached(UID).map_err(failure)?;
        let mut rows = uid.query([user]).map_err(failure)?;
        let row = rows.next().map_err(failure)?;
        Ok(row.and_then(|row| row.get(0).ok()))
    }

    /// The records of some parts of the roll, in one state of the database.
    pub(super) fn list(&self, parts: Range<i64>) -> Result<Vec<Listed>, StoreError> {
        self.anchor.hold()?;
        let tx = self.db.unchecked_transaction().map_err(failure)?;
        let mut listed = Vec::new();
        for number in parts {
            for name in self.part(Index::Names, number)?.names() {
                let user = String::from_utf8_lossy(name).into_owned();
                match self.load(&user) {
                    Ok(Some(record)) => listed.push((user, Ok(record))),
                    Ok(None) => {}
                    Err(error) => listed.push((user, Err(error))),
                }
            }
        }
        tx.finish().map_err(failure)?;
        Ok(listed)
    }

    fn part(&self, index: Index, number: i64) -> Result<Part, StoreError> {
        let mut select = self.db.prepare_cached(index.select()).map_err(failure)?;
        Part::query(index, number, &mut select)
    }
}
