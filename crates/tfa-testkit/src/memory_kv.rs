//! A double of etcd, in memory, whose faults are a script.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_store::etcd::{Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};

use crate::KvServer;

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
    keys: KvServer,
    /// The transactions under way, each with the number of calls that overtake it.
    late: Vec<(u32, Txn)>,
    left_out: BTreeSet<String>,
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
            let _ = server.keys.apply(&txn);
        }
    }

    /// Puts a value, as an administrator of etcd may.
    pub fn put(&self, key: impl AsRef<[u8]>, value: &[u8]) {
        let (key, value) = (key.as_ref().to_vec(), value.to_vec());
        let written = lock(&self.server).keys.write(&[Write::Put(key, value)]);
        assert!(written, "the value is not put");
    }

    /// Puts what another server has in the place of what this one has, as where an older copy was brought
    /// back.
    pub fn replace_by(&self, other: &Self) {
        let keys = lock(&other.server).keys.clone();
        lock(&self.server).keys = keys;
    }

    /// The keys that exist, in their order.
    pub fn keys(&self) -> Vec<String> {
        let server = lock(&self.server);
        let keys = server.keys.keys();
        keys.map(|key| String::from_utf8_lossy(key).into_owned())
            .collect()
    }

    /// The keys that were left out of lists.
    pub fn keys_left_out(&self) -> BTreeSet<String> {
        lock(&self.server).left_out.clone()
    }

    /// The server, as the next call finds it, and the fault of that call.
    fn begin(&self) -> (MutexGuard<'_, Server>, Option<Fault>) {
        let fault = lock(&self.script).pop_front().flatten();
        let mut server = lock(&self.server);
        server.let_late_ones_arrive();
        (server, fault)
    }

    fn read<T>(&self, read: impl FnOnce(&KvServer) -> Result<T, KvError>) -> Result<T, KvError> {
        let (server, fault) = self.begin();
        match fault {
            Some(Fault::Unsent) => Err(unsent()),
            Some(Fault::RequestLost | Fault::ReplyLost | Fault::Late(_)) => Err(unknown()),
            Some(Fault::Refused) => Err(refused()),
            Some(Fault::Twice | Fault::AgainLate(_)) | None => read(&server.keys),
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
                let _ = server.keys.apply(txn);
                Err(unknown())
            }
            Some(Fault::Late(calls)) => {
                server.late.push((calls, txn.clone()));
                Err(unknown())
            }
            Some(Fault::Twice) => {
                let _ = server.keys.apply(txn);
                server.keys.apply(txn)
            }
            Some(Fault::AgainLate(calls)) => {
                server.late.push((calls, txn.clone()));
                server.keys.apply(txn)
            }
            None => server.keys.apply(txn),
        }
    }

    fn pause(&self, tries: u32) -> bool {
        tries < self.tries
    }

    fn left_out(&self, key: &str) {
        lock(&self.server).left_out.insert(key.to_owned());
    }
}

impl Server {
    fn let_late_ones_arrive(&mut self) {
        let late = std::mem::take(&mut self.late);
        for (calls, txn) in late {
            match calls.checked_sub(1) {
                Some(fewer) => self.late.push((fewer, txn)),
                None => drop(self.keys.apply(&txn)),
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
