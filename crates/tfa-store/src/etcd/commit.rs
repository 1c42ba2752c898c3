//! The commit of one record.

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Kv, Txn, Write};
use super::store::{EtcdStore, MAX_ROUNDS, contended};
use super::value::{self, Slot, slot};
use crate::limits::{self, MAX_STORED_BYTES};
use crate::{Commit, Revision, StoreError};

impl<K: Kv> EtcdStore<K> {
    pub(super) fn commit_record(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        limits::check_record(user, uid, record, MAX_STORED_BYTES)?;
        if expected == Revision::NONE {
            return self.create(user, uid, record);
        }
        match i64::try_from(expected.get()) {
            Ok(expected) => self.replace(user, uid, record, expected),
            // etcd gives no such revision.
            Err(_) => Ok(Commit::Conflict),
        }
    }

    /// Replaces a record, in one call.
    fn replace(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: i64,
    ) -> Result<Commit, StoreError> {
        let id = ChangeId::random()?;
        let (account, owner) = (self.layout.account(user), self.layout.owner(uid));
        let attempt = CommitAttempt::new(
            id,
            Txn {
                compares: vec![
                    Compare::Revision(account.clone(), expected),
                    Compare::Value(owner, user.into()),
                ],
                then: vec![Write::Put(account.clone(), value::record(id, uid, record))],
                otherwise: vec![account],
            },
        );
        let found = match self.make(attempt)? {
            Outcome::Applied(revision) => return Ok(Commit::Committed(revision)),
            Outcome::Differs(found) => found,
        };
        let entry = found.first().and_then(Option::as_ref);
        match slot(user, entry)? {
            Slot::Taken(stored) if stored.revision == value::revision(expected) => {
                Err(StoreError::RecordDamaged {
                    user: user.to_owned(),
                    why: format!("it is not found for uid {uid}"),
                })
            }
            Slot::Taken(_) | Slot::Free => Ok(Commit::Conflict),
        }
    }

    /// Stores the first record of a user and of a uid.
    fn create(&self, user: &str, uid: u32, record: &[u8]) -> Result<Commit, StoreError> {
        let (account, owner) = (self.layout.account(user), self.layout.owner(uid));
        for _ in 0..MAX_ROUNDS {
            let [entry, owned] = self.get([account.clone(), owner.clone()])?;
            if matches!(slot(user, entry.as_ref())?, Slot::Taken(_)) || owned.is_some() {
                return Ok(Commit::Conflict);
            }
            let removed = entry.map_or(0, |removal| removal.revision);
            let id = ChangeId::random()?;
            let attempt = CommitAttempt::new(
                id,
                Txn {
                    compares: vec![
                        Compare::Revision(account.clone(), removed),
                        Compare::Revision(owner.clone(), 0),
                    ],
                    then: vec![
                        Write::Put(account.clone(), value::record(id, uid, record)),
                        Write::Put(owner.clone(), user.into()),
                    ],
                    otherwise: vec![account.clone()],
                },
            );
            if let Outcome::Applied(revision) = self.make(attempt)? {
                return Ok(Commit::Committed(revision));
            }
        }
        Err(contended(user))
    }
}
