//! Another verifier makes a change between two calls of one.

use std::sync::atomic::{AtomicU32, Ordering};

use tfa_store::etcd::{Entry, EtcdStore, Kv, KvError, Range, RangeReply, Txn, TxnReply};
use tfa_store::{ByUid, Commit, Move, Revision, Store};
use tfa_testkit::{Fault, MemoryKv};

use crate::verifier::{committed, enroll, is_ambiguous, name_of, record, verifier};

/// A client that lets another one go first, before the second of its calls.
struct Interrupted<F> {
    kv: MemoryKv,
    calls: AtomicU32,
    other: F,
}

impl<F: Fn() + Send + Sync> Interrupted<F> {
    fn call(&self) -> &MemoryKv {
        if self.calls.fetch_add(1, Ordering::SeqCst) == 1 {
            (self.other)();
        }
        &self.kv
    }
}

impl<F: Fn() + Send + Sync> Kv for Interrupted<F> {
    fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Entry>>, KvError> {
        self.call().get(keys)
    }

    fn range(&self, range: &Range) -> Result<RangeReply, KvError> {
        self.call().range(range)
    }

    fn txn(&self, txn: &Txn) -> Result<TxnReply, KvError> {
        self.call().txn(txn)
    }

    fn pause(&self, tries: u32) -> bool {
        self.kv.pause(tries)
    }

    fn left_out(&self, key: &str) {
        self.kv.left_out(key);
    }
}

/// A store between whose first two calls this happens. Its first calls have these faults.
fn interrupted<F: Fn() + Send + Sync>(
    etcd: &MemoryKv,
    faults: impl IntoIterator<Item = Option<Fault>>,
    other: F,
) -> EtcdStore<Interrupted<F>> {
    let kv = etcd.another();
    kv.fail(faults);
    let calls = AtomicU32::new(0);
    EtcdStore::new(Interrupted { kv, calls, other }, "/tfa/")
}

/// Moves the record of lea to another name.
fn rename(store: &impl Store, to: &str, record: &[u8], expected: Revision) -> Commit {
    let moves = [Move {
        from: "lea",
        to,
        uid: 1000,
        record,
        expected,
    }];
    store.rename(&moves).unwrap()
}

#[test]
fn change_that_was_made_and_replaced_is_not_a_conflict() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [Some(Fault::ReplyLost)], || {
        let (present, revision) = record(&etcd, "lea").unwrap();
        assert_eq!(present, b"two");
        committed(verifier(&etcd).commit("lea", 1000, b"three", revision));
    });
    let outcome = store.commit("lea", 1000, b"two", first);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    assert_eq!(record(&etcd, "lea").unwrap().0, b"three");
}

#[test]
fn record_that_moves_while_it_is_looked_for_is_found() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [], || {
        let moved = rename(&verifier(&etcd), "leah", b"two", first);
        assert!(matches!(moved, Commit::Committed(_)));
    });
    let Ok(ByUid::Found(user, found, _)) = store.find(1000) else {
        panic!("it is not found")
    };
    assert_eq!((user.as_str(), found.as_bytes()), ("leah", &b"two"[..]));
}

#[test]
fn record_that_is_removed_while_it_is_looked_for_is_none() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [], || {
        let _ = verifier(&etcd).remove("lea", Some(first)).unwrap();
    });
    assert!(matches!(store.find(1000), Ok(ByUid::None)));
}

#[test]
fn first_record_that_another_verifier_stores_first_is_a_conflict() {
    let etcd = MemoryKv::default();
    let store = interrupted(&etcd, [], || {
        enroll(&etcd, b"other");
    });
    let outcome = store.commit("lea", 1000, b"one", Revision::NONE);
    assert_eq!(outcome, Ok(Commit::Conflict));
    assert_eq!(record(&etcd, "lea").unwrap().0, b"other");
}

#[test]
fn first_record_is_stored_after_another_one_came_and_went() {
    let etcd = MemoryKv::default();
    let store = interrupted(&etcd, [], || {
        let other = enroll(&etcd, b"other");
        let _ = verifier(&etcd).remove("lea", Some(other)).unwrap();
    });
    let revision = committed(store.commit("lea", 1000, b"one", Revision::NONE));
    assert_eq!(record(&etcd, "lea"), Some((b"one".to_vec(), revision)));
}

#[test]
fn removal_of_any_record_removes_one_that_changes_meanwhile() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    for (expected, is_removed) in [(Some(first), false), (None, true)] {
        let store = interrupted(&etcd, [], || {
            let (_, present) = record(&etcd, "lea").unwrap();
            committed(verifier(&etcd).commit("lea", 1000, b"two", present));
        });
        let outcome = store.remove("lea", expected).unwrap();
        assert_eq!(outcome == Commit::Committed(Revision::NONE), is_removed);
        assert_eq!(record(&etcd, "lea").is_none(), is_removed);
    }
    assert_eq!(name_of(&etcd, 1000), None);
}

#[test]
fn move_onto_a_name_that_is_taken_meanwhile_is_a_conflict() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [], || {
        committed(verifier(&etcd).commit("leah", 1001, b"other", Revision::NONE));
    });
    assert_eq!(rename(&store, "leah", b"two", first), Commit::Conflict);
    assert_eq!(record(&etcd, "leah").unwrap().0, b"other");
    assert_eq!(name_of(&etcd, 1000).as_deref(), Some("lea"));
}

#[test]
fn move_to_a_uid_that_is_taken_meanwhile_is_a_conflict() {
    let etcd = MemoryKv::default();
    let expected = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [], || {
        committed(verifier(&etcd).commit("max", 1001, b"other", Revision::NONE));
    });
    let moves = [Move {
        from: "lea",
        to: "lea",
        uid: 1001,
        record: b"two",
        expected,
    }];
    assert_eq!(store.rename(&moves), Ok(Commit::Conflict));
    assert_eq!(name_of(&etcd, 1001).as_deref(), Some("max"));
    assert_eq!(record(&etcd, "lea").unwrap().0, b"one");
}

#[test]
fn move_of_a_record_that_changes_meanwhile_is_a_conflict() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let store = interrupted(&etcd, [], || {
        committed(verifier(&etcd).commit("lea", 1000, b"two", first));
    });
    assert_eq!(rename(&store, "leah", b"three", first), Commit::Conflict);
    assert_eq!(record(&etcd, "lea").unwrap().0, b"two");
}
