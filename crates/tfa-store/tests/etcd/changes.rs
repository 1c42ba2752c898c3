//! Commits, moves and removals at several verifiers, whose calls to etcd fail by a random script.

use proptest::prelude::*;
use tfa_store::etcd::EtcdStore;
use tfa_store::{ByUid, Commit, Move, Revision, Store, StoreError};
use tfa_testkit::MemoryKv;

use crate::history::{History, Mark, NAMES, UID, decode, encode, marks};
use crate::script::faults;
use crate::verifier::{verifier, verifier_with};

/// A call of an administrator or a login. The verifiers and their last reads are given by number.
#[derive(Clone, Copy, Debug)]
enum Call {
    Read,
    /// Commits what was read with one mark more; or a first record under the name of this number.
    Commit(usize),
    /// Moves what was read to the other name.
    Move,
    Remove,
    /// Removes whatever is under both names.
    Reset,
}

fn calls() -> impl Strategy<Value = Vec<(usize, Call)>> {
    let call = prop_oneof![
        5 => Just(Call::Read),
        5 => (0..2_usize).prop_map(Call::Commit),
        2 => Just(Call::Move),
        2 => Just(Call::Remove),
        1 => Just(Call::Reset),
    ];
    prop::collection::vec((0..3_usize, call), 1..40)
}

/// What a verifier has read: the name, the marks and the revision of the record, if there is one.
type Found = Option<(String, Vec<Mark>, Revision)>;

#[derive(Default)]
struct Changes {
    read: [Found; 3],
    history: History,
    /// The last mark that was given before an acknowledged removal.
    removed: Mark,
    /// Whether a removal may have been made that was not acknowledged.
    may_be_removed: bool,
}

impl Changes {
    fn make(&mut self, number: usize, call: Call, store: &EtcdStore<MemoryKv>) {
        let found = self.read[number].clone();
        match (call, found) {
            (Call::Read, _) => match store.find(UID) {
                Ok(ByUid::Found(name, record, revision)) => {
                    let marks = decode(record.as_bytes());
                    self.holds(&marks);
                    self.read[number] = Some((name, marks, revision));
                }
                Ok(ByUid::None) => self.read[number] = None,
                Ok(ByUid::Unknown(_)) => panic!("its uid is not known"),
                Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error}"),
            },
            (Call::Commit(name), found) => {
                let first = || (NAMES[name].to_owned(), Vec::new(), Revision::NONE);
                let (name, mut marks, revision) = found.unwrap_or_else(first);
                let mark = self.history.new_mark();
                marks.push(mark);
                let outcome = store.commit(&name, UID, &encode(&marks), revision);
                self.history.note(mark, &outcome);
            }
            (Call::Move, Some((from, mut marks, expected))) => {
                let mark = self.history.new_mark();
                marks.push(mark);
                let to = if from == NAMES[0] { NAMES[1] } else { NAMES[0] };
                let outcome = store.rename(&[Move {
                    from: &from,
                    to,
                    uid: UID,
                    record: &encode(&marks),
                    expected,
                }]);
                self.history.note(mark, &outcome);
            }
            (Call::Remove, Some((name, _, revision))) => {
                self.note_removal(&store.remove(&name, Some(revision)));
            }
            (Call::Reset, _) => {
                let outcomes = NAMES.map(|name| store.remove(name, None));
                let failed = outcomes.iter().find(|outcome| outcome.is_err());
                self.note_removal(failed.unwrap_or(&outcomes[0]));
            }
            (Call::Move | Call::Remove, None) => {}
        }
    }

    fn note_removal(&mut self, outcome: &Result<Commit, StoreError>) {
        match outcome {
            Ok(Commit::Committed(_)) => {
                self.removed = self.history.last;
                self.history.committed.clear();
            }
            Ok(Commit::Conflict) => {}
            Err(_) => self.may_be_removed = true,
        }
    }

    fn holds(&self, stored: &[Mark]) {
        self.history.has_no_conflict(stored);
        for mark in stored {
            assert!(*mark > self.removed, "{mark} was removed: {stored:?}");
        }
        if !self.may_be_removed {
            self.history.holds(stored);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn acknowledged_changes_moves_and_removals_hold(
        calls in calls(),
        scripts in prop::array::uniform3(faults()),
    ) {
        let etcd = MemoryKv::default();
        let verifiers = scripts.map(|script| verifier_with(&etcd, script));
        let mut changes = Changes::default();
        for (number, call) in calls {
            changes.make(number, call, &verifiers[number]);
        }
        etcd.deliver();
        changes.holds(&marks(&etcd));
        let left = verifier(&etcd).list("", 9).unwrap().records.len();
        prop_assert!(left <= 1);
    }
}
