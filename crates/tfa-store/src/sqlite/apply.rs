//! Applies changes inside a transaction.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::accounts::Accounts;
use super::change::{Change, NewDocument, NewRecord, Outcome, Resealed};
use super::documents;
use super::error::cause;
use super::group_commit::Request;
use super::index::{Index, Part};
use super::meta::Meta;
use super::reader::Reader;
use super::revisions::Revisions;
use super::row;
use super::schema::{self, Layout};
use crate::{Commit, KeyId, Revision, StoreError};

const REVISION: &str = "SELECT revision FROM account WHERE user = ?1";
const RESEAL: &str = "UPDATE account SET sealed = ?3 WHERE user = ?1 AND revision = ?2";
const DELETE: &str = "DELETE FROM account WHERE user = ?1";

/// Applies changes in a transaction of this connection.
pub(super) struct Applier<'t> {
    db: &'t Connection,
    /// The key that the records which come here are sealed with.
    key: Option<KeyId>,
    /// The reserved revisions, to be given back if the transaction fails.
    revisions: &'t mut Revisions,
    /// `None` in a database that is not migrated.
    accounts: Option<Accounts<'t>>,
}

impl<'t> Applier<'t> {
    pub(super) fn new(
        reader: &'t Reader,
        key: Option<KeyId>,
        revisions: &'t mut Revisions,
    ) -> Self {
        let db = reader.db();
        Self {
            db,
            key,
            revisions,
            accounts: match reader.layout() {
                Layout::First => None,
                Layout::Present => Some(Accounts { db }),
            },
        }
    }

    /// Applies the changes in their order. Returns their outcomes, and what `head` then holds. An error
    /// means that the transaction must be rolled back.
    pub(super) fn apply(
        &mut self,
        batch: &[Arc<Request>],
    ) -> Result<(Vec<Outcome>, Meta), StoreError> {
        if self.accounts.is_none() && schema::is_present(self.db)? {
            return Err(StoreError::Superseded {
                why: "another tfad has migrated accounts.db: restart tfad".into(),
            });
        }
        let mut meta = Meta::read(self.db)?;
        let before = meta;
        let mut outcomes = Vec::with_capacity(batch.len());
        for request in batch {
            outcomes.push(match &request.change {
                Change::Store(_)
                | Change::Rename(_)
                | Change::Reseal(_)
                | Change::Documents(_)
                | Change::ResealDocuments(_)
                | Change::AdoptKey(_)
                    if self.key != Some(meta.key) =>
                {
                    Err(StoreError::KeyLost {
                        remedy:
                            "another tfad has changed the sealing key of accounts.db: restart tfad"
                                .into(),
                    })
                }
                Change::Store(record) => Ok(self.store(&mut meta, record)?),
                Change::Rename(moves) => Ok(self.rename(&mut meta, moves)?),
                Change::Remove { user, expected } => Ok(self.remove(user, *expected)?),
                Change::Reseal(records) => Ok(self.reseal(records)?),
                Change::Documents(changes) => Ok(self.change_documents(&mut meta, changes)?),
                Change::ResealDocuments(resealed) => {
                    documents::reseal(self.db, resealed)?;
                    Ok(Commit::Committed(Revision::NONE))
                }
                Change::AdoptKey(key) => {
                    (meta.key, self.key) = (*key, Some(*key));
                    Ok(Commit::Committed(Revision::NONE))
                }
            });
        }
        if meta != before {
            meta.update(self.db)?;
        }
        Ok((outcomes, meta))
    }

    fn store(&mut self, meta: &mut Meta, record: &NewRecord) -> Result<Commit, StoreError> {
        let NewRecord {
            user,
            uid,
            expected,
            ..
        } = record;
        let is_new = *expected == Revision::NONE;
        if self.current(user)? != *expected
            || (is_new
                && self
                    .accounts()?
                    .is_taken(*uid, [user.as_str()].into_iter())?)
        {
            return Ok(Commit::Conflict);
        }
        let revision = self.revisions.take(meta)?;
        if is_new {
            self.insert(record, revision)?;
        } else {
            self.accounts()?.update(record, revision)?;
        }
        Ok(committed(revision))
    }

    fn rename(
        &mut self,
        meta: &mut Meta,
        moves: &[(String, NewRecord)],
    ) -> Result<Commit, StoreError> {
        let moving = moves.iter().map(|(from, _)| from.as_str());
        for (from, record) in moves {
            let to_other = !moving.clone().any(|user| user == record.user);
            if self.current(from)? != record.expected
                || (to_other && self.current(&record.user)? != Revision::NONE)
                || self.accounts()?.is_taken(record.uid, moving.clone())?
            {
                return Ok(Commit::Conflict);
            }
        }
        for (from, _) in moves {
            self.delete(from)?;
        }
        let mut last = 0;
        for (_, record) in moves {
            last = self.revisions.take(meta)?;
            self.insert(record, last)?;
        }
        Ok(committed(last))
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        if let Some(expected) = expected
            && self.current(user)? != expected
        {
            return Ok(Commit::Conflict);
        }
        self.delete(user)?;
        Ok(Commit::Committed(Revision::NONE))
    }

    fn reseal(&self, records: &[Resealed]) -> Result<Commit, StoreError> {
        let mut reseal = self.db.prepare_cached(RESEAL).map_err(cause)?;
        for record in records {
            let revision = record.expected.get().cast_signed();
            reseal
                .execute(params![record.user, revision, record.bytes])
                .map_err(cause)?;
        }
        Ok(Commit::Committed(Revision::NONE))
    }

    fn change_documents(
        &mut self,
        meta: &mut Meta,
        changes: &[NewDocument],
    ) -> Result<Commit, StoreError> {
        self.accounts()?;
        for one in changes {
            if let Some(expected) = one.expected
                && documents::revision(self.db, &one.id)? != expected
            {
                return Ok(Commit::Conflict);
            }
        }
        let revision = self.revisions.take(meta)?;
        documents::apply(self.db, changes, revision)?;
        Ok(committed(revision))
    }

    /// Adds a record of a user and a uid that have none.
    fn insert(&self, record: &NewRecord, revision: i64) -> Result<(), StoreError> {
        let user = &record.user;
        let mut part = self.part(user)?;
        if part.has_user(user) {
            return Err(row::missing(user));
        }
        part.add_user(user);
        part.update(self.db)?;
        self.accounts()?.insert(record, revision)
    }

    /// Removes a record from its table and from both indexes.
    fn delete(&self, user: &str) -> Result<(), StoreError> {
        if let Some(accounts) = &self.accounts {
            accounts.remove_from_index(user)?;
        }
        let mut delete = self.db.prepare_cached(DELETE).map_err(cause)?;
        delete.execute([user]).map_err(cause)?;
        let mut part = self.part(user)?;
        if part.has_user(user) {
            part.remove_user(user);
            part.update(self.db)?;
        }
        Ok(())
    }

    fn current(&self, user: &str) -> Result<Revision, StoreError> {
        let mut select = self.db.prepare_cached(REVISION).map_err(cause)?;
        let mut rows = select.query([user]).map_err(cause)?;
        match rows.next().map_err(cause)? {
            None => Ok(Revision::NONE),
            Some(row) => row::revision(user, row.get_ref(0)),
        }
    }

    fn part(&self, user: &str) -> Result<Part, StoreError> {
        Part::query(Index::Users, Part::of_user(user), self.db)
    }

    fn accounts(&self) -> Result<&Accounts<'t>, StoreError> {
        self.accounts.as_ref().ok_or(StoreError::NotMigrated)
    }
}

pub(super) fn committed(revision: i64) -> Commit {
    Commit::Committed(Revision::new(revision.unsigned_abs()))
}
