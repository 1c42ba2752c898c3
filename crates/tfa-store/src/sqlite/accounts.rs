//! The table of records and the index by uid, as the writer changes them.

use rusqlite::{Connection, params};

use super::change::NewRecord;
use super::error::{cause, damaged};
use super::index::{Index, PARTS, Part};
use crate::StoreError;

const INSERT: &str = "INSERT INTO account VALUES (?1, ?2, ?3, ?4)";
const UPDATE: &str = "UPDATE account SET revision = ?3, sealed = ?4 WHERE user = ?1 AND uid = ?2";
const UID: &str = "SELECT uid FROM account WHERE user = ?1";

/// The changes that only the present layout allows. Without them nothing is stored.
pub(super) struct Accounts<'c> {
    pub(super) db: &'c Connection,
}

impl Accounts<'_> {
    /// Whether a uid has a record under a name that is not one of these.
    pub(super) fn is_taken<'n>(
        &self,
        uid: u32,
        except: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<bool, StoreError> {
        let part = self.part(Part::of_uid(uid))?;
        Ok(part
            .names_of_uid(uid)
            .any(|name| !except.clone().any(|user| user.as_bytes() == name)))
    }

    /// Adds a record of a user and a uid that have none.
    pub(super) fn insert(&self, record: &NewRecord, revision: i64) -> Result<(), StoreError> {
        let NewRecord { user, uid, .. } = record;
        let mut part = self.part(Part::of_uid(*uid))?;
        if part.names_of_uid(*uid).next().is_some() {
            return damaged(format!(
                "the index of uids has a record of uid {uid}, and {user} has none"
            ));
        }
        part.add_uid(*uid, user);
        part.update(self.db)?;
        self.execute(INSERT, record, revision).map(drop)
    }

    /// Replaces a record. It must have this uid.
    pub(super) fn update(&self, record: &NewRecord, revision: i64) -> Result<(), StoreError> {
        if self.execute(UPDATE, record, revision)? != 1 {
            return Err(StoreError::RecordDamaged {
                user: record.user.clone(),
                why: format!("it is not found for uid {}", record.uid),
            });
        }
        Ok(())
    }

    fn execute(&self, sql: &str, record: &NewRecord, revision: i64) -> Result<usize, StoreError> {
        let NewRecord {
            user, uid, bytes, ..
        } = record;
        let mut statement = self.db.prepare_cached(sql).map_err(cause)?;
        statement
            .execute(params![user, uid, revision, bytes])
            .map_err(cause)
    }

    /// Removes a user from the index of uids, whatever uid the user has there. The row says where to
    /// look. Where it is missing or wrong, the whole index is searched.
    pub(super) fn remove_from_index(&self, user: &str) -> Result<(), StoreError> {
        let mut select = self.db.prepare_cached(UID).map_err(cause)?;
        let mut rows = select.query([user]).map_err(cause)?;
        let row = rows.next().map_err(cause)?;
        let uid = row.and_then(|row| row.get::<_, u32>(0).ok());
        drop(rows);
        if let Some(uid) = uid
            && self.remove_from_part(Part::of_uid(uid), user)?
        {
            return Ok(());
        }
        for number in 0..PARTS {
            self.remove_from_part(number, user)?;
        }
        Ok(())
    }

    fn remove_from_part(&self, number: i64, user: &str) -> Result<bool, StoreError> {
        let mut part = self.part(number)?;
        let found = part.remove_uids_of(user);
        if found {
            part.update(self.db)?;
        }
        Ok(found)
    }

    fn part(&self, number: i64) -> Result<Part, StoreError> {
        Part::query(Index::Uids, number, self.db)
    }
}
