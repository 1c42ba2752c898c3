//! What the changes of one record were told, and what must then be in it.

use tfa_store::{Commit, StoreError};
use tfa_testkit::MemoryKv;

use crate::verifier::{name_of, record};

/// The uid of the one user.
pub(crate) const UID: u32 = 1000;

/// The names that the user may have.
pub(crate) const NAMES: [&str; 2] = ["lea", "leah"];

/// What a change puts into the record: its number, which no other change has.
pub(crate) type Mark = u16;

pub(crate) fn encode(marks: &[Mark]) -> Vec<u8> {
    marks.iter().flat_map(|mark| mark.to_be_bytes()).collect()
}

pub(crate) fn decode(record: &[u8]) -> Vec<Mark> {
    let marks = record.chunks_exact(2);
    marks
        .map(|mark| Mark::from_be_bytes(mark.try_into().unwrap()))
        .collect()
}

/// The marks in the record of the uid, read without faults, under the one name that it has.
pub(crate) fn marks(etcd: &MemoryKv) -> Vec<Mark> {
    let name = name_of(etcd, UID);
    for other in NAMES {
        let exists = record(etcd, other).is_some();
        assert_eq!(exists, name.as_deref() == Some(other), "{other}");
    }
    let found = name.and_then(|name| record(etcd, &name));
    found.map(|(record, _)| decode(&record)).unwrap_or_default()
}

/// What all changes were told.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) last: Mark,
    pub(crate) committed: Vec<Mark>,
    pub(crate) conflicts: Vec<Mark>,
}

impl History {
    pub(crate) fn new_mark(&mut self) -> Mark {
        self.last += 1;
        self.last
    }

    pub(crate) fn note(&mut self, mark: Mark, outcome: &Result<Commit, StoreError>) {
        match outcome {
            Ok(Commit::Committed(_)) => self.committed.push(mark),
            Ok(Commit::Conflict) => self.conflicts.push(mark),
            Err(_) => {}
        }
    }

    /// What was acknowledged is in the record, and what was a conflict is not.
    pub(crate) fn holds(&self, stored: &[Mark]) {
        for mark in &self.committed {
            assert!(stored.contains(mark), "commit {mark} is lost: {stored:?}");
        }
        self.has_no_conflict(stored);
    }

    pub(crate) fn has_no_conflict(&self, stored: &[Mark]) {
        for mark in &self.conflicts {
            assert!(!stored.contains(mark), "{mark} was a conflict: {stored:?}");
        }
    }
}
