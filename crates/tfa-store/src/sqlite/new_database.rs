//! A database that is made of records, beside the one in use.

use std::path::Path;

use rusqlite::{Connection, params};

use super::connection::connect_new;
use super::error::{cause, damaged};
use super::index::{Index, PARTS, Part};
use super::meta::Meta;
use super::schema;
use crate::{KeyId, StoreError};

const INSERT: &str = "INSERT INTO account VALUES (?1, ?2, ?3, ?4)";

/// A database that is being made. It is not one before [`NewDatabase::finish`].
pub(crate) struct NewDatabase {
    db: Connection,
    meta: Meta,
    users: Vec<Part>,
    uids: Vec<Part>,
}

impl NewDatabase {
    /// Begins, in an empty file. The records get the revisions after this one.
    pub(crate) fn create(path: &Path, key: KeyId, revision: u64) -> Result<Self, StoreError> {
        schema::create(path, key).map_err(cause)?;
        let db = connect_new(path).map_err(cause)?;
        db.execute_batch("BEGIN").map_err(cause)?;
        let Ok(revision) = i64::try_from(revision) else {
            return damaged("it has counted too many revisions");
        };
        let parts = |index| (0..PARTS).map(move |number| Part::empty(index, number));
        Ok(Self {
            db,
            meta: Meta { revision, key },
            users: parts(Index::Users).collect(),
            uids: parts(Index::Uids).collect(),
        })
    }

    /// Adds the sealed record of a user and a uid that have none.
    pub(crate) fn insert(&mut self, user: &str, uid: u32, sealed: &[u8]) -> Result<(), StoreError> {
        let Some(revision) = self.meta.revision.checked_add(1) else {
            return damaged("it has counted too many revisions");
        };
        self.meta.revision = revision;
        part(&mut self.users, Part::of_user(user))?.add_user(user);
        let uids = part(&mut self.uids, Part::of_uid(uid))?;
        if uids.names_of_uid(uid).next().is_some() {
            return damaged(format!("uid {uid} has several records"));
        }
        uids.add_uid(uid, user);
        let mut insert = self.db.prepare_cached(INSERT).map_err(cause)?;
        insert
            .execute(params![user, uid, revision, sealed])
            .map(drop)
            .map_err(cause)
    }

    /// Completes the file.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        for part in self.users.iter().chain(&self.uids) {
            if !part.is_empty() {
                part.update(&self.db)?;
            }
        }
        self.meta.update(&self.db)?;
        self.db.execute_batch("COMMIT").map_err(cause)?;
        schema::quick_check(&self.db)?;
        self.db.close().map_err(|(_, error)| cause(error))
    }
}

fn part(parts: &mut [Part], number: i64) -> Result<&mut Part, StoreError> {
    match usize::try_from(number)
        .ok()
        .and_then(|it| parts.get_mut(it))
    {
        Some(part) => Ok(part),
        None => damaged("it has a part of an index that does not exist"),
    }
}
