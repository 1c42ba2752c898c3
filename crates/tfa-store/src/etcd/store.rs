//! The store over a [`Kv`].

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::attempt::{CommitAttempt, Outcome, unavailable};
use super::kv::{Entry, Kv, KvError};
use super::layout::Layout;
use super::mark::{Mark, differs};
use super::policies::{self, Policies, went_back};
use crate::{ByUid, Commit, Move, Page, PolicyStamp, Record, Revision, Store, StoreError};

/// How often a change is prepared anew because the keys that it depends on have changed meanwhile.
pub(super) const MAX_ROUNDS: u32 = 16;

/// A store in etcd. It keeps the bytes as they are: it belongs under a [`Sealed`](crate::Sealed).
pub struct EtcdStore<K> {
    pub(super) kv: K,
    pub(super) layout: Layout,
    /// The mark that etcd must have, where the store was opened with one.
    mark: Option<Vec<u8>>,
    pub(super) policies: Policies,
    /// Held for reading during each call.
    is_open: RwLock<bool>,
}

impl<K: Kv> EtcdStore<K> {
    /// The store whose keys begin with this prefix.
    pub fn new(kv: K, prefix: &str) -> Self {
        Self {
            kv,
            layout: Layout::new(prefix),
            mark: None,
            policies: Policies::default(),
            is_open: RwLock::new(true),
        }
    }

    /// Refuses every read of records, and every change, while etcd does not have this mark.
    pub(super) fn expect(&mut self, mark: Mark) {
        self.mark = Some(mark.encode());
    }

    /// The same with the value of a mark that etcd must have.
    pub(super) fn with_mark(self, mark: Vec<u8>) -> Self {
        let mark = Some(mark);
        Self { mark, ..self }
    }

    pub(super) fn enter(&self) -> Result<RwLockReadGuard<'_, bool>, StoreError> {
        let is_open = self.is_open.read().unwrap_or_else(PoisonError::into_inner);
        match *is_open {
            true => Ok(is_open),
            false => Err(StoreError::Stopped),
        }
    }

    /// Reads, again after a failure that may pass.
    pub(super) fn read<T>(&self, read: impl Fn(&K) -> Result<T, KvError>) -> Result<T, StoreError> {
        let mut tries = 0;
        loop {
            let error = match read(&self.kv) {
                Ok(read) => return Ok(read),
                Err(error) => error,
            };
            tries += 1;
            let may_pass = matches!(error, KvError::Unsent(_) | KvError::Unknown(_));
            if !may_pass || !self.kv.pause(tries) {
                return Err(unavailable(error));
            }
        }
    }

    /// The values of these keys, in their order.
    pub(super) fn get<const N: usize>(
        &self,
        keys: [Vec<u8>; N],
    ) -> Result<[Option<Entry>; N], StoreError> {
        let found = self.get_all(keys.to_vec())?;
        found.try_into().map_err(|_| bad_reply())
    }

    /// The values of these keys, in their order, if etcd has the mark of the store.
    pub(super) fn get_all(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Entry>>, StoreError> {
        if keys.is_empty() && self.mark.is_none() {
            return Ok(Vec::new());
        }
        Ok(self.get_with_policy(keys)?.0)
    }

    /// As [`Self::get_all`], with the policy of the same moment.
    pub(super) fn get_with_policy(
        &self,
        keys: Vec<Vec<u8>>,
    ) -> Result<(Vec<Option<Entry>>, PolicyStamp), StoreError> {
        let count = keys.len();
        let mut all = keys;
        all.push(self.layout.policy());
        all.extend(self.mark.as_ref().map(|_| self.layout.mark()));
        let mut found = self.get_once(&all, count)?;
        if !self.policies.meet_entry(policy_in(&found, count)) {
            // This read may have been the slower one.
            found = self.get_once(&all, count)?;
            if !self.policies.meet_entry(policy_in(&found, count)) {
                return Err(went_back());
            }
        }
        let policy = policies::stamp(policy_in(&found, count));
        found.truncate(count);
        Ok((found, policy))
    }

    /// Meets the policy that etcd has now.
    pub(super) fn look_at_policy(&self) -> Result<(), StoreError> {
        self.get([self.layout.policy()]).map(drop)
    }

    /// Reads keys, after the first `count` of which come that of the policy and the mark.
    fn get_once(&self, keys: &[Vec<u8>], count: usize) -> Result<Vec<Option<Entry>>, StoreError> {
        let found = self.read(|kv| kv.get(keys))?;
        if found.len() != keys.len() {
            return Err(bad_reply());
        }
        if let Some(mark) = &self.mark {
            let present = found.get(count.saturating_add(1)).and_then(Option::as_ref);
            if present.map(|entry| &entry.value) != Some(mark) {
                return Err(differs(present.map(|entry| entry.value.as_slice())));
            }
        }
        Ok(found)
    }

    /// Makes a transaction if etcd has the mark of the store. A verifier that has read before the accounts were
    /// moved away changes nothing after it.
    pub(super) fn make(&self, attempt: CommitAttempt) -> Result<Outcome, StoreError> {
        let Some(mark) = &self.mark else {
            return self.send(attempt);
        };
        let attempt = attempt.only_while(self.layout.mark(), mark.clone());
        match self.send(attempt)? {
            Outcome::Differs(mut found) => match found.pop().flatten() {
                Some(present) if present.value == *mark => Ok(Outcome::Differs(found)),
                present => Err(differs(present.as_ref().map(|it| it.value.as_slice()))),
            },
            applied => Ok(applied),
        }
    }

    /// Sends a transaction until its outcome is known or the time is over.
    fn send(&self, mut attempt: CommitAttempt) -> Result<Outcome, StoreError> {
        let mut tries = 0;
        loop {
            let error = match self.kv.txn(attempt.txn()) {
                Ok(reply) => return attempt.replied(reply),
                Err(error) => error,
            };
            tries += 1;
            attempt.failed(error.clone())?;
            if !self.kv.pause(tries) {
                return Err(attempt.give_up(error));
            }
        }
    }
}

impl<K: Kv> Store for EtcdStore<K> {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        let _open = self.enter()?;
        self.load_record(user)
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        let _open = self.enter()?;
        self.find_record(uid)
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        let _open = self.enter()?;
        self.commit_record(user, uid, record, expected)
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        let _open = self.enter()?;
        self.move_records(moves)
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        let _open = self.enter()?;
        self.remove_record(user, expected)
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        let _open = self.enter()?;
        self.page_of_records(after, limit)
    }

    fn close(&self) {
        *self.is_open.write().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

/// The entry of the policy, in what was read after the first `count` keys.
fn policy_in(found: &[Option<Entry>], count: usize) -> Option<&Entry> {
    found.get(count).and_then(Option::as_ref)
}

/// The error of a call whose keys never stay as they were read.
pub(super) fn contended(what: &str) -> StoreError {
    StoreError::Busy {
        why: format!("etcd has other values for {what} each time that it is read"),
    }
}

/// The error of a reply that has other keys than the request.
pub(super) fn bad_reply() -> StoreError {
    StoreError::Unavailable {
        why: "etcd has replied to something that was not asked".to_owned(),
    }
}
