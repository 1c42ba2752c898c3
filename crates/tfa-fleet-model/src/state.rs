//! A state of the fleet, and what may happen next.

use std::collections::BTreeSet;

use crate::process::Job;

/// A state of the fleet. Numbers stand for values in the tables.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    pub(crate) etcd: u32,
    /// What etcd had before its last change, for stale reads.
    pub(crate) before: u32,
    pub(crate) open: Vec<Open>,
    /// Transactions that may still arrive, or never.
    pub(crate) late: Vec<u32>,
    /// For each login, to how many answers a question has followed, and how many dialogs have begun.
    pub(crate) asked: Vec<u32>,
    pub(crate) begun: Vec<u8>,
    pub(crate) left: Left,
    pub(crate) seen: Seen,
}

/// What may still happen.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    pub(crate) enrollments: u8,
    pub(crate) removals: u8,
    pub(crate) faults: u8,
    pub(crate) crashes: u8,
}

/// A process that has not ended.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Open {
    /// The number of the process, by which the list is sorted.
    pub(crate) number: u8,
    pub(crate) process: u32,
    pub(crate) login: Option<usize>,
    pub(crate) verifier: u8,
    /// A user was told of a lock before the last answer was sent.
    pub(crate) after_lock: bool,
    /// A removal was acknowledged before it was sent, and the user was not enrolled since.
    pub(crate) after_removal: bool,
    /// A removal: no enrollment was under way when it began, and none has begun since.
    pub(crate) is_alone: bool,
}

/// What users and administrators were told. The properties are about this.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Seen {
    /// The answers that were right: login and number.
    pub(crate) accepted: BTreeSet<(usize, u32)>,
    /// The wrong answers that were sent.
    pub(crate) wrong: BTreeSet<(usize, u32)>,
    pub(crate) is_locked: bool,
    pub(crate) let_in_after_lock: bool,
    pub(crate) let_in_after_removal: bool,
    pub(crate) was_right_again: bool,
    pub(crate) was_used: bool,
    pub(crate) is_removed: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// A member begins a login at a verifier.
    Begin {
        /// The login.
        login: usize,
        /// The verifier.
        verifier: u8,
    },
    /// An answer reaches an open dialog: one that another dialog has had, or the next one that the user types.
    Send {
        /// The place in the list of open processes.
        open: usize,
        /// The number of the answer.
        number: u32,
    },
    /// An administrator at a verifier.
    Administer(Job, u8),
    /// etcd takes the call of an open process, and the reply arrives.
    Serve(usize),
    /// The transaction gets no reply, and may arrive later. A read that gets none adds nothing: it is made again, or the
    /// process does no more.
    Lose(usize),
    /// The transaction does not leave the host.
    Unsent(usize),
    /// As `Serve`, and the transaction may arrive once more.
    Double(usize),
    /// A transaction arrives that had no reply, or comes twice.
    Arrive(usize),
    /// A verifier crashes, with all that it does.
    Crash(u8),
}
