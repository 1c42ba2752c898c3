//! An etcd of which the first replies are known. The call after the last of them stops the process that makes it.
//!
//! A change id is random, and a process is run again for each further reply. So the ids that a process puts are
//! replaced by numbers on the way out, and put back on the way in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_store::etcd::{Entry, Kv, KvError, Range, RangeReply, Txn, TxnReply, Write};

/// Where a change id stands in a value under `a/`: after the kind.
const CHANGE_ID: std::ops::Range<usize> = 1..17;

/// A call of a process to etcd.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Call {
    /// Reads keys.
    Get(Vec<Vec<u8>>),
    /// Reads a range.
    Range(Range),
    /// Makes a transaction.
    Txn(Txn),
}

/// A reply to a call.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Reply {
    /// The keys.
    Got(Vec<Option<Entry>>),
    /// The range.
    Ranged(RangeReply),
    /// What became of the transaction.
    Made(TxnReply),
    /// No reply, or an error.
    Failed(KvError),
}

/// The calls of one process.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<State>>);

struct State {
    replies: std::vec::IntoIter<Reply>,
    /// The call that has no reply yet.
    waiting: Option<Call>,
    transactions: usize,
    /// The number of the process, which is in the ids that stand for its own.
    process: u8,
    ids: HashMap<Vec<u8>, Vec<u8>>,
    tries: u32,
}

impl Script {
    pub(crate) fn new(process: u8, replies: Vec<Reply>, tries: u32) -> Self {
        Self(Arc::new(Mutex::new(State {
            replies: replies.into_iter(),
            waiting: None,
            transactions: 0,
            process,
            ids: HashMap::new(),
            tries,
        })))
    }

    /// The call that has no reply yet. A process that has ended has used each reply.
    pub(crate) fn waiting(&self) -> Option<Call> {
        let mut state = self.state();
        assert!(state.replies.len() == 0, "a reply was not asked for");
        state.waiting.take()
    }

    /// How many transactions were sent.
    pub(crate) fn transactions(&self) -> usize {
        self.state().transactions
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, call: Call) -> Result<Reply, KvError> {
        let mut state = self.state();
        match state.replies.next() {
            Some(Reply::Failed(error)) => Err(error),
            Some(reply) => Ok(reply),
            None => {
                // Whatever the process does after the first one is not made.
                state.waiting.get_or_insert(call);
                Err(KvError::Refused("the process is stopped".to_owned()))
            }
        }
    }
}

impl State {
    /// The number that stands for a change id of this process.
    fn put_away(&mut self, value: &mut [u8]) {
        let count = u8::try_from(self.ids.len()).expect("few changes");
        let mut number = vec![0; CHANGE_ID.len()];
        (number[0], number[1]) = (self.process, count + 1);
        let id = value[CHANGE_ID].to_vec();
        let number = self.ids.entry(id).or_insert(number);
        value[CHANGE_ID].copy_from_slice(number);
    }

    /// The change id of this process that a number stands for.
    fn take_back(&self, value: &mut [u8]) {
        let Some(number) = value.get(CHANGE_ID) else {
            return;
        };
        if let Some((id, _)) = self.ids.iter().find(|(_, of)| of.as_slice() == number) {
            value[CHANGE_ID].copy_from_slice(id);
        }
    }
}

impl Kv for Script {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        match self.call(Call::Get(keys.to_vec()))? {
            Reply::Got(entries) => Ok(entries),
            _ => panic!("a reply of another kind"),
        }
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        match self.call(Call::Range(range.clone()))? {
            Reply::Ranged(reply) => Ok(reply),
            _ => panic!("a reply of another kind"),
        }
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        let mut sent = txn.clone();
        {
            let mut state = self.state();
            state.transactions += 1;
            for write in &mut sent.then {
                match write {
                    Write::Put(key, value) if key.starts_with(b"a/") => state.put_away(value),
                    Write::Put(..) | Write::Delete(_) => {}
                }
            }
        }
        let Reply::Made(mut reply) = self.call(Call::Txn(sent))? else {
            panic!("a reply of another kind");
        };
        if let TxnReply::Differs(entries) = &mut reply {
            let state = self.state();
            let found = entries.iter_mut().flatten();
            found.for_each(|entry| state.take_back(&mut entry.value));
        }
        Ok(reply)
    }

    fn pause(&self, tries: u32) -> bool {
        let state = self.state();
        state.waiting.is_none() && tries < state.tries
    }

    fn left_out(&self, key: &str) {
        panic!("{key} was left out");
    }
}
