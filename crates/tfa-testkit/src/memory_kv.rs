//! A double of etcd, in memory, whose faults are a script.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_store::etcd::{Compare, Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};

/// `--max-txn-ops` of etcd.
const MAX_OPERATIONS: usize = 128;

/// `--max-request-bytes` of etcd, here the limit of replies too.
const MAX_BYTES: usize = 3 * 1024 * 1024 / 2;

/// What goes wrong with one call. A leader change is several of these in turn: what the old leader had
/// not passed on is lost, and replies are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call does not leave this host.
    Unsent,
    /// The call is lost on its way.
    RequestLost,
    /// The call is made, and its reply is lost.
    ReplyLost,
    /// The call gets no reply. A transaction arrives only after this number of further calls, of any
    /// client.
    Late(u32),
    /// A transaction arrives twice; the reply is that of the second.
    Twice,
    /// A transaction gets its reply, and arrives once more after this number of further calls.
    AgainLate(u32),
    /// etcd refuses the call, as where it has no space left.
    Refused,
}

/// A double of etcd. Several clients may share one, each with faults of its own.
pub struct MemoryKv {
    server: Arc<Mutex<Server>>,
    /// The faults of the next calls; `None` for a call without one. No later call has a fault.
    script: Mutex<VecDeque<Option<Fault>>>,
    /// How often a call is made at most.
    tries: u32,
}

#[derive(Default)]
struct Server {
    entries: BTreeMap<Vec<u8>, Entry>,
    revision: i64,
    /// The transactions under way, each with the number of calls that overtake it.
    late: Vec<(u32, Txn)>,
}

impl Default for MemoryKv {
    fn default() -> Self {
        Self {
            server: Arc::default(),
            script: Mutex::default(),
            tries: 4,
        }
    }
}

impl MemoryKv {
    /// Another client of the same server, without faults.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            server: Arc::clone(&self.server),
            ..Self::default()
        }
    }

    /// Adds the faults of the calls to come, one for each call.
    pub fn fail(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        lock(&self.script).extend(faults);
    }

    /// Lets all transactions arrive that are under way.
    pub fn deliver(&self) {
        let mut server = lock(&self.server);
        for (_, txn) in std::mem::take(&mut server.late) {
            let _ = server.apply(&txn);
        }
    }

    /// Puts a value, as an administrator of etcd may.
    pub fn put(&self, key: impl AsRef<[u8]>, value: &[u8]) {
        let (key, value) = (key.as_ref().to_vec(), value.to_vec());
        let written = lock(&self.server).write(&[Write::Put(key, value)]);
        assert!(written, "the value is not put");
    }

    /// Puts what another server has in the place of what this one has, as where an older copy was brought
    /// back.
    pub fn replace_by(&self, other: &Self) {
        let (entries, revision) = {
            let other = lock(&other.server);
            (other.entries.clone(), other.revision)
        };
        let mut server = lock(&self.server);
        (server.entries, server.revision) = (entries, revision);
    }

    /// The keys that exist, in their order.
    pub fn keys(&self) -> Vec<String> {
        let server = lock(&self.server);
        let keys = server.entries.keys();
        keys.map(|key| String::from_utf8_lossy(key).into_owned())
            .collect()
    }

    /// The server, as the next call finds it, and the fault of that call.
    fn begin(&self) -> (MutexGuard<'_, Server>, Option<Fault>) {
        let fault = lock(&self.script).pop_front().flatten();
        let mut server = lock(&self.server);
        server.let_late_ones_arrive();
        (server, fault)
    }

    fn read<T>(&self, read: impl FnOnce(&Server) -> Result<T, KvError>) -> Result<T, KvError> {
        let (server, fault) = self.begin();
        match fault {
            Some(Fault::Unsent) => Err(unsent()),
            Some(Fault::RequestLost | Fault::ReplyLost | Fault::Late(_)) => Err(unknown()),
            Some(Fault::Refused) => Err(refused()),
            Some(Fault::Twice | Fault::AgainLate(_)) | None => read(&server),
        }
    }
}

impl Kv for MemoryKv {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        self.read(|server| server.get(keys))
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        self.read(|server| server.range(range))
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        let (mut server, fault) = self.begin();
        match fault {
            Some(Fault::Unsent) => Err(unsent()),
            Some(Fault::Refused) => Err(refused()),
            Some(Fault::RequestLost) => Err(unknown()),
            Some(Fault::ReplyLost) => {
                let _ = server.apply(txn);
                Err(unknown())
            }
            Some(Fault::Late(calls)) => {
                server.late.push((calls, txn.clone()));
                Err(unknown())
            }
            Some(Fault::Twice) => {
                let _ = server.apply(txn);
                server.apply(txn)
            }
            Some(Fault::AgainLate(calls)) => {
                server.late.push((calls, txn.clone()));
                server.apply(txn)
            }
            None => server.apply(txn),
        }
    }

    fn pause(&self, tries: u32) -> bool {
        tries < self.tries
    }
}

impl Server {
    fn let_late_ones_arrive(&mut self) {
        let late = std::mem::take(&mut self.late);
        for (calls, txn) in late {
            match calls.checked_sub(1) {
                Some(fewer) => self.late.push((fewer, txn)),
                None => drop(self.apply(&txn)),
            }
        }
    }

    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
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

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        let keys = range.from.clone()..range.to.clone();
        let mut found = self.entries.range(keys).map(|(_, entry)| entry);
        let entries: Vec<_> = found.by_ref().take(range.limit).cloned().collect();
        within_limit(entries.iter())?;
        let more = found.next().is_some();
        Ok(RangeReply { entries, more })
    }

    fn apply(&mut self, txn: &Txn) -> Result<TxnReply, KvError> {
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

    fn holds(&self, compare: &Compare) -> bool {
        match compare {
            Compare::Revision(key, revision) => {
                self.entries.get(key).map_or(0, |entry| entry.revision) == *revision
            }
            Compare::Value(key, value) => {
                self.entries.get(key).is_some_and(|it| it.value == *value)
            }
        }
    }

    /// Makes changes in one revision; false if they name a key twice.
    fn write(&mut self, writes: &[Write]) -> bool {
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
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

fn unsent() -> KvError {
    KvError::Unsent("the connection is refused".to_owned())
}

fn unknown() -> KvError {
    KvError::Unknown("the reply did not come in time".to_owned())
}

fn refused() -> KvError {
    KvError::Refused("database space exceeded".to_owned())
}
