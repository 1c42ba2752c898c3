//! Fills the store in etcd: records as the daemon makes them, many to a transaction, through `tfa-fleet` of a verifier.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tfa_fleet_wire::CALL_SOCKET;
use tfa_store::etcd::{self, Entry, EtcdStore, Kv, KvError, RangeReply, Txn, TxnReply};
use tfa_store::{Commit, Revision, Sealed, StateDir, Store as _};
use tfa_tests::{Machine, OrFail};
use tfad::fleet::{FleetKv, Patience};

use super::machines::{FleetMachines, STATE};
use crate::backup;
use crate::inside::fill::account;
use crate::inside::folder;
use crate::user::User;

/// How many records one transaction puts: each is two of the 128 operations that etcd takes.
const RECORDS: usize = 60;

/// The concurrent transactions.
const THREADS: u32 = 2;

/// The time of a transaction.
const PATIENCE: Patience = Patience {
    call: Duration::from_secs(5),
    pauses: &[],
};

/// The store in etcd after it was filled.
pub(crate) struct Filled {
    pub(crate) accounts: u32,
    /// The time for those that were added last.
    pub(crate) took: Duration,
    /// How many were added last.
    pub(crate) added: u32,
    /// The size of the database of etcd.
    pub(crate) bytes: u64,
    /// The resident memory of etcd, in KiB.
    pub(crate) resident: u64,
}

/// Adds accounts, and returns how long it took.
pub(crate) fn fill(fleet: &FleetMachines, accounts: Range<u32>) -> Duration {
    let verifier = &fleet.verifiers[0];
    let state = state_dir(verifier);
    let uid = verifier.succeed(["id", "-u", "tfa-fleet"]);
    let uid: u32 = uid.trim().parse().or_fail("read the uid of tfa-fleet");
    let start = Instant::now();
    thread::scope(|scope| {
        let (state, accounts) = (&state, &accounts);
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                let socket = verifier.path_on_host(CALL_SOCKET);
                let users = accounts.clone().skip(number as usize);
                let users = users.step_by(THREADS as usize).map(User);
                scope.spawn(move || put_all(state, socket, uid, users))
            })
            .collect();
        for worker in workers {
            worker.join().ok().or_fail("fill the store in etcd");
        }
    });
    start.elapsed()
}

/// The length of a sealed record in etcd: the longest value of a few.
pub(crate) fn record_length(fleet: &FleetMachines) -> usize {
    let verifier = &fleet.verifiers[0];
    let uid = verifier.succeed(["id", "-u", "tfa-fleet"]);
    let uid: u32 = uid.trim().parse().or_fail("read the uid of tfa-fleet");
    let kv = FleetKv::new(verifier.path_on_host(CALL_SOCKET), uid).with_patience(PATIENCE);
    let range = etcd::Range {
        from: b"a/".to_vec(),
        to: b"a0".to_vec(),
        limit: 16,
    };
    let reply = kv.range(&range).or_fail("read records from etcd");
    let lengths = reply.entries.iter().map(|entry| entry.value.len());
    lengths.max().or_fail("find a record in etcd")
}

fn put_all(state: &StateDir, socket: PathBuf, uid: u32, users: impl Iterator<Item = User>) {
    let kv = FleetKv::new(socket, uid).with_patience(PATIENCE);
    let batches = Batches(Arc::new(Batch::new(kv)));
    let opened = etcd::open(state, Batches(Arc::clone(&batches.0)));
    let store: Sealed<EtcdStore<Batches>> = opened.or_fail("open the store in etcd").store;
    let (backup, _) = backup::codes();
    for user in users {
        let record = account(user, backup.clone()).encode();
        let committed = store.commit(&user.name(), user.uid(), &record, Revision::NONE);
        match committed.or_fail("commit a record") {
            Commit::Committed(_) => {}
            Commit::Conflict => panic!("cannot fill the store: it has {}", user.name()),
        }
    }
    batches.0.send(&mut batches.0.pending());
}

/// The key of the verifier in a state directory of this program, which the store takes for one more verifier.
fn state_dir(verifier: &Machine) -> StateDir {
    let path = super::folder().join("state");
    folder::create(&path);
    let key = verifier.path_on_host(&format!("{STATE}/key"));
    fs::copy(key, path.join("key")).or_fail("copy the key of the store");
    StateDir {
        path,
        credentials: None,
    }
}

/// Transactions that are sent together.
struct Batches(Arc<Batch>);

struct Batch {
    kv: FleetKv,
    pending: Mutex<Txn>,
    /// The policy and the mark of the store, which each read of a record reads as well.
    known: Mutex<Vec<(Vec<u8>, Option<Entry>)>>,
}

impl Batch {
    fn new(kv: FleetKv) -> Self {
        Self {
            kv,
            pending: Mutex::new(empty()),
            known: Mutex::default(),
        }
    }

    fn pending(&self) -> MutexGuard<'_, Txn> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is pending. Its conditions are that none of the records exists.
    fn send(&self, pending: &mut Txn) {
        let txn = std::mem::replace(pending, empty());
        match self.kv.txn(&txn).or_fail("put records into etcd") {
            TxnReply::Applied(_) => {}
            TxnReply::Differs(_) => panic!("cannot put records into etcd: one exists"),
        }
    }
}

impl Kv for Batches {
    /// A record that is put for the first time is not read before: the transaction compares it.
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        let known = &self.0.known;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for key in keys {
            if key.starts_with(b"a/") || key.starts_with(b"u/") {
                found.push(None);
                continue;
            }
            if !known.iter().any(|(name, _)| name == key) {
                let entry = self.0.kv.get(std::slice::from_ref(key))?.pop().flatten();
                known.push((key.clone(), entry));
            }
            let entry = known.iter().find(|(name, _)| name == key);
            found.push(entry.and_then(|(_, entry)| entry.clone()));
        }
        Ok(found)
    }

    fn range(&self, range: &etcd::Range) -> Result<RangeReply, KvError> {
        self.0.kv.range(range)
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        let mut pending = self.0.pending();
        // Each one compares the mark of the store as well.
        for compare in &txn.compares {
            if !pending.compares.contains(compare) {
                pending.compares.push(compare.clone());
            }
        }
        pending.then.extend(txn.then.iter().cloned());
        if pending.then.len() >= 2 * RECORDS {
            self.0.send(&mut pending);
        }
        Ok(TxnReply::Applied(1))
    }

    fn pause(&self, _: u32) -> bool {
        false
    }

    fn left_out(&self, key: &str) {
        self.0.kv.left_out(key);
    }
}

fn empty() -> Txn {
    Txn {
        compares: Vec::new(),
        then: Vec::new(),
        otherwise: Vec::new(),
    }
}
