//! The keys of an etcd, in memory, and what its calls do to them.

use std::collections::{BTreeMap, BTreeSet};

use tfa_store::etcd::{Compare, Entry, KvError, Range, RangeReply, Txn, TxnReply, Write};

/// `--max-txn-ops` of etcd.
const MAX_OPERATIONS: usize = 128;

/// `--max-request-bytes` of etcd, here the limit of replies too.
const MAX_BYTES: usize = 3 * 1024 * 1024 / 2;

/// The keys of an etcd. Each call is made at once.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct KvServer {
    entries: BTreeMap<Vec<u8>, Entry>,
    revision: i64,
}

impl KvServer {
    /// The keys that exist, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.keys().map(Vec::as_slice)
    }

    /// The revision of a key; 0 if it does not exist.
    pub fn revision(&self, key: &[u8]) -> i64 {
        self.entries.get(key).map_or(0, |entry| entry.revision)
    }

    /// As [`Kv::get`](tfa_store::etcd::Kv::get).
    ///
    /// # Errors
    /// [`KvError::TooLarge`].
    pub fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        if keys.len() > MAX_OPERATIONS {
            return Err(KvError::TooLarge);
        }
        let found: Vec<_> = keys
            .iter()
            .map(|key| self.entries.get(key).cloned())
            .collect();
        within_limit(found.iter().flatten())?;
        Ok(found)
    }

    /// As [`Kv::range`](tfa_store::etcd::Kv::range).
    ///
    /// # Errors
    /// [`KvError::TooLarge`].
    pub fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        let keys = range.from.clone()..range.to.clone();
        let mut found = self.entries.range(keys).map(|(_, entry)| entry);
        let entries: Vec<_> = found.by_ref().take(range.limit).cloned().collect();
        within_limit(entries.iter())?;
        let more = found.next().is_some();
        Ok(RangeReply { entries, more })
    }

    /// As [`Kv::txn`](tfa_store::etcd::Kv::txn).
    ///
    /// # Errors
    /// [`KvError::TooLarge`]; [`KvError::Refused`] where a key is changed twice.
    pub fn apply(&mut self, txn: &Txn) -> Result<TxnReply, KvError> {
        let Txn {
            compares,
            then,
            otherwise,
        } = txn;
        let longest = compares.len().max(then.len()).max(otherwise.len());
        let bytes: usize = then.iter().map(length).sum();
        if longest > MAX_OPERATIONS || bytes > MAX_BYTES {
            return Err(KvError::TooLarge);
        }
        if !compares.iter().all(|compare| self.holds(compare)) {
            return Ok(TxnReply::Differs(self.get(otherwise)?));
        }
        match self.write(then) {
            true => Ok(TxnReply::Applied(self.revision)),
            false => Err(KvError::Refused("a key is changed twice".to_owned())),
        }
    }

    /// Makes changes in one revision, without a condition; false if they name a key twice.
    pub fn write(&mut self, writes: &[Write]) -> bool {
        let keys: BTreeSet<_> = writes.iter().map(key).collect();
        if keys.len() != writes.len() {
            return false;
        }
        self.revision += 1;
        for write in writes.iter().cloned() {
            match write {
                Write::Put(key, value) => {
                    let entry = Entry {
                        key: key.clone(),
                        value,
                        revision: self.revision,
                    };
                    self.entries.insert(key, entry);
                }
                Write::Delete(key) => drop(self.entries.remove(&key)),
            }
        }
        true
    }

    fn holds(&self, compare: &Compare) -> bool {
        match compare {
            Compare::Revision(key, revision) => self.revision(key) == *revision,
            Compare::Value(key, value) => {
                self.entries.get(key).is_some_and(|it| it.value == *value)
            }
        }
    }
}

fn key(write: &Write) -> &[u8] {
    match write {
        Write::Put(key, _) | Write::Delete(key) => key,
    }
}

fn length(write: &Write) -> usize {
    match write {
        Write::Put(key, value) => key.len() + value.len(),
        Write::Delete(key) => key.len(),
    }
}

fn within_limit<'e>(entries: impl Iterator<Item = &'e Entry>) -> Result<(), KvError> {
    let bytes: usize = entries
        .map(|entry| entry.key.len() + entry.value.len())
        .sum();
    match bytes > MAX_BYTES {
        true => Err(KvError::TooLarge),
        false => Ok(()),
    }
}
