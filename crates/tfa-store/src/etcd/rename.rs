//! Records that get other names or uids, all in one transaction.

use std::collections::BTreeMap;

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Entry, Kv, Txn, Write};
use super::store::{EtcdStore, MAX_ROUNDS, bad_reply, contended};
use super::value::{self, Slot, slot};
use crate::limits::{self, MAX_STORED_BYTES};
use crate::{Commit, Move, Revision, StoreError};

/// How many records move in one change. Each needs four of the 128 conditions and changes that etcd
/// takes in a transaction, and the mark of the store one.
const MAX_MOVES: usize = 31;

impl<K: Kv> EtcdStore<K> {
    pub(super) fn move_records(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        limits::check_moves(moves, MAX_STORED_BYTES)?;
        if moves.len() > MAX_MOVES {
            return Err(StoreError::Invalid {
                why: format!("{MAX_MOVES} records move in one change at most"),
            });
        }
        let Some(first) = moves.first() else {
            return Ok(Commit::Committed(Revision::NONE));
        };
        let keys: Vec<Vec<u8>> = moves.iter().flat_map(|one| self.places_of(one)).collect();
        for _ in 0..MAX_ROUNDS {
            let found = self.read(|kv| kv.get(&keys))?;
            let Some(attempt) = self.prepare(moves, &found)? else {
                return Ok(Commit::Conflict);
            };
            if let Outcome::Applied(revision) = self.make(attempt)? {
                return Ok(Commit::Committed(revision));
            }
        }
        Err(contended(first.from))
    }

    fn places_of(&self, one: &Move<'_>) -> [Vec<u8>; 3] {
        [
            self.layout.account(one.from),
            self.layout.account(one.to),
            self.layout.owner(one.uid),
        ]
    }

    /// The transaction that makes these moves; `None` on a conflict.
    fn prepare(
        &self,
        moves: &[Move<'_>],
        found: &[Option<Entry>],
    ) -> Result<Option<CommitAttempt>, StoreError> {
        let is_moving = |name: &[u8]| moves.iter().any(|one| one.from.as_bytes() == name);
        let id = ChangeId::random()?;
        let mut compares = Vec::new();
        // What is left behind, and over it what is put.
        let (mut left, mut put) = (BTreeMap::new(), BTreeMap::new());
        for (one, places) in moves.iter().zip(found.chunks(3)) {
            let [from, to, owner] = places else {
                return Err(bad_reply());
            };
            let (from, to, owner) = (from.as_ref(), to.as_ref(), owner.as_ref());
            let Slot::Taken(stored) = slot(one.from, from)? else {
                return Ok(None);
            };
            let to_other = !is_moving(one.to.as_bytes());
            if stored.revision != one.expected
                || (to_other && matches!(slot(one.to, to)?, Slot::Taken(_)))
                || owner.is_some_and(|owner| !is_moving(&owner.value))
            {
                return Ok(None);
            }
            let [from_key, to_key, owner_key] = self.places_of(one);
            let former_owner = self.layout.owner(stored.uid);
            compares.push(unchanged(&from_key, from));
            if to_other {
                compares.push(unchanged(&to_key, to));
            }
            compares.push(unchanged(&owner_key, owner));
            compares.push(Compare::Value(former_owner.clone(), one.from.into()));
            left.insert(from_key, Some(value::removal(id)));
            left.insert(former_owner, None);
            put.insert(to_key, Some(value::record(id, one.uid, one.record)));
            put.insert(owner_key, Some(one.to.into()));
        }
        left.extend(put);
        let witness = moves.first().map(|one| self.layout.account(one.to));
        let txn = Txn {
            compares,
            then: left.into_iter().map(write).collect(),
            otherwise: witness.into_iter().collect(),
        };
        Ok(Some(CommitAttempt::new(id, txn)))
    }
}

/// The condition that a key is still as it was read.
fn unchanged(key: &[u8], read: Option<&Entry>) -> Compare {
    Compare::Revision(key.to_vec(), read.map_or(0, |entry| entry.revision))
}

fn write((key, value): (Vec<u8>, Option<Vec<u8>>)) -> Write {
    match value {
        Some(value) => Write::Put(key, value),
        None => Write::Delete(key),
    }
}
