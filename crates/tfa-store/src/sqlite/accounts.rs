//! The table of records and the index by uid, as the writer changes them.

use rusqlite::{Connection, Statement, params};

use super::change::NewRecord;
use super::error::{cause, damaged};
use super::index::{Index, PARTS, Part};
use crate::StoreError;

/// The statements that only the present layout has. Without them nothing is stored.
pub(super) struct Accounts<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
    uid: Statement<'c>,
    part: Statement<'c>,
    set_part: Statement<'c>,
}

impl<'c> Accounts<'c> {
    pub(super) fn new(db: &'c Connection) -> Result<Self, StoreError> {
        let prepare = |sql| db.prepare(sql).map_err(cause);
        Ok(Self {
            insert: prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")?,
            update: prepare(
                "UPDATE account SET revision = ?3, sealed = ?4 WHERE user = ?1 AND uid = ?2",
            )?,
            uid: prepare("SELECT uid FROM account WHERE user = ?1")?,
            part: prepare(Index::Uids.select())?,
            set_part: prepare(Index::Uids.update())?,
        })
    }

    /// Whether a uid has a record under a name that is not one of these.
    pub(super) fn is_taken<'n>(
        &mut self,
        uid: u32,
        except: impl Iterator<Item = &'n str> + Clone,
    ) -> Result<bool, StoreError> {
        let part = self.part(Part::of_uid(uid))?;
        Ok(part
            .names_of_uid(uid)
            .any(|name| !except.clone().any(|user| user.as_bytes() == name)))
    }

    /// Adds a record of a user and a uid that have none.
    pub(super) fn insert(&mut self, record: &NewRecord, revision: i64) -> Result<(), StoreError> {
        let NewRecord {
            user, uid, bytes, ..
        } = record;
        let mut part = self.part(Part::of_uid(*uid))?;
        if part.names_of_uid(*uid).next().is_some() {
            return damaged(format!(
                "the index of uids has a record of uid {uid}, and {user} has none"
            ));
        }
        part.add_uid(*uid, user);
        part.update(&mut self.set_part)?;
        self.insert
            .execute(params![user, uid, revision, bytes])
            .map(drop)
            .map_err(cause)
    }

    /// Replaces a record. It must have this uid.
    pub(super) fn update(&mut self, record: &NewRecord, revision: i64) -> Result<(), StoreError> {
        let NewRecord {
            user, uid, bytes, ..
        } = record;
        let row = params![user, uid, revision, bytes];
        if self.update.execute(row).map_err(cause)? != 1 {
            return Err(StoreError::RecordDamaged {
                user: user.clone(),
                why: format!("it is not found for uid {uid}"),
            });
        }
        Ok(())
    }

    /// Removes a user from the index of uids, whatever uid the user has there. The row says where to
    /// look. Where it is missing or wrong, the whole index is searched.
    pub(super) fn remove_from_index(&mut self, user: &str) -> Result<(), StoreError> {
        let mut rows = self.uid.query([user]).map_err(cause)?;
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

    fn remove_from_part(&mut self, number: i64, user: &str) -> Result<bool, StoreError> {
        let mut part = self.part(number)?;
        let found = part.remove_uids_of(user);
        if found {
            part.update(&mut self.set_part)?;
        }
        Ok(found)
    }

    fn part(&mut self, number: i64) -> Result<Part, StoreError> {
        Part::query(Index::Uids, number, &mut self.part)
    }
}
