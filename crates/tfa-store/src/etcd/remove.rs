//! The removal of one record.

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Entry, Kv, Txn, Write};
use super::store::{EtcdStore, MAX_ROUNDS, contended};
use super::value::{self, Slot, slot};
use crate::{Commit, Revision, StoreError, limits};

/// How many entries of the index one removal deletes. There is one, unless the index is damaged.
const MAX_OWNERS: usize = 64;

/// What a removal has to know of the value that it replaces.
struct Found {
    /// The revision of the value, 0 if there is none.
    revision: i64,
    /// The uid of the record; `None` if there is none, or a damaged one.
    uid: Option<u32>,
    is_record: bool,
}

impl<K: Kv> EtcdStore<K> {
    pub(super) fn remove_record(
        &self,
        user: &str,
        expected: Option<Revision>,
    ) -> Result<Commit, StoreError> {
        limits::check_user(user)?;
        let account = self.layout.account(user);
        let mut index_differs = false;
        for _ in 0..MAX_ROUNDS {
            let [entry] = self.get([account.clone()])?;
            let found = look_at(user, entry.as_ref());
            match expected {
                Some(expected) if expected != found.current() => return Ok(Commit::Conflict),
                Some(Revision::NONE) => return Ok(Commit::Committed(Revision::NONE)),
                // Where there is no record, the removal keeps away a first commit that is under way.
                Some(_) | None => {}
            }
            let owners = match found.uid {
                Some(uid) if !index_differs => vec![self.layout.owner(uid)],
                _ => self.owners_named(user)?,
            };
            match self.make(removal(user, &account, &found, owners)?)? {
                Outcome::Applied(_) => return Ok(Commit::Committed(Revision::NONE)),
                Outcome::Differs(now) => {
                    let now = now.into_iter().next().flatten();
                    index_differs = now.map_or(0, |now| now.revision) == found.revision;
                }
            }
        }
        Err(contended(user))
    }
}

impl Found {
    fn current(&self) -> Revision {
        match self.is_record {
            true => value::revision(self.revision),
            false => Revision::NONE,
        }
    }
}

fn look_at(user: &str, entry: Option<&Entry>) -> Found {
    let (uid, is_record) = match slot(user, entry) {
        Ok(Slot::Taken(stored)) => (Some(stored.uid), true),
        Ok(Slot::Free) => (None, false),
        Err(_) => (None, true),
    };
    Found {
        revision: entry.map_or(0, |entry| entry.revision),
        uid,
        is_record,
    }
}

fn removal(
    user: &str,
    account: &[u8],
    found: &Found,
    mut owners: Vec<Vec<u8>>,
) -> Result<CommitAttempt, StoreError> {
    owners.truncate(MAX_OWNERS);
    let id = ChangeId::random()?;
    let mut compares = vec![Compare::Revision(account.to_vec(), found.revision)];
    let named = |owner: &Vec<u8>| Compare::Value(owner.clone(), user.into());
    compares.extend(owners.iter().map(named));
    let mut then = vec![Write::Put(account.to_vec(), value::removal(id))];
    then.extend(owners.into_iter().map(Write::Delete));
    let txn = Txn {
        compares,
        then,
        otherwise: vec![account.to_vec()],
    };
    Ok(CommitAttempt::new(id, txn))
}
