//! One call goes wrong.

use tfa_store::{Commit, Move, Revision, Store, StoreError};
use tfa_testkit::{Fault, MemoryKv};

use crate::verifier::{committed, enroll, is_ambiguous, name_of, record, verifier, verifier_with};

const LOST: Option<Fault> = Some(Fault::RequestLost);
const REPLY_LOST: Option<Fault> = Some(Fault::ReplyLost);

/// A call that arrives after 50 others, and no reply in all four tries.
fn late() -> [Option<Fault>; 4] {
    [Some(Fault::Late(50)), LOST, LOST, LOST]
}

fn to_leah(record: &[u8], expected: Revision) -> Move<'_> {
    Move {
        from: "lea",
        to: "leah",
        uid: 1000,
        record,
        expected,
    }
}

#[test]
fn lost_request_is_sent_again() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    for fault in [Fault::Unsent, Fault::RequestLost] {
        let store = verifier_with(&etcd, [Some(fault); 3]);
        assert_eq!(store.load("lea").unwrap().unwrap().1, first);
    }
    let store = verifier_with(&etcd, [Some(Fault::Unsent), LOST]);
    let second = committed(store.commit("lea", 1000, b"two", first));
    assert_eq!(record(&etcd, "lea"), Some((b"two".to_vec(), second)));
}

#[test]
fn lost_replies_of_all_changes_are_read_back() {
    let etcd = MemoryKv::default();
    for (fault, first_name) in [(Fault::ReplyLost, "lea"), (Fault::Twice, "max")] {
        let fault = Some(fault);
        let create = verifier_with(&etcd, [None, fault]);
        let first = committed(create.commit(first_name, 1000, b"one", Revision::NONE));
        assert_eq!(record(&etcd, first_name), Some((b"one".to_vec(), first)));

        let replace = verifier_with(&etcd, [fault]);
        let second = committed(replace.commit(first_name, 1000, b"two", first));
        assert_eq!(record(&etcd, first_name), Some((b"two".to_vec(), second)));

        let rename = verifier_with(&etcd, [None, fault]);
        let moves = [Move {
            from: first_name,
            ..to_leah(b"three", second)
        }];
        let third = committed(rename.rename(&moves));
        assert_eq!(record(&etcd, first_name), None);
        assert_eq!(record(&etcd, "leah"), Some((b"three".to_vec(), third)));

        let remove = verifier_with(&etcd, [None, fault]);
        let removed = remove.remove("leah", Some(third)).unwrap();
        assert_eq!(removed, Commit::Committed(Revision::NONE));
        assert_eq!(record(&etcd, "leah"), None);
        assert_eq!(name_of(&etcd, 1000), None);
    }
}

#[test]
fn change_that_was_never_sent_is_not_ambiguous() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    for fault in [Fault::Unsent, Fault::Refused] {
        let store = verifier_with(&etcd, [Some(fault); 4]);
        let outcome = store.commit("lea", 1000, b"two", first);
        assert!(matches!(outcome, Err(StoreError::Unavailable { .. })));
    }
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), Some((b"one".to_vec(), first)));
}

#[test]
fn change_without_any_reply_is_ambiguous() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    // Refused at last, but the first try may have been applied.
    for faults in [
        [LOST; 4],
        [REPLY_LOST, LOST, LOST, LOST],
        [LOST, Some(Fault::Refused), None, None],
    ] {
        let store = verifier_with(&etcd, faults);
        let outcome = store.commit("lea", 1000, b"two", first);
        assert!(is_ambiguous(&outcome), "{outcome:?}");
    }
}

#[test]
fn read_without_any_reply_is_not_no_record() {
    let etcd = MemoryKv::default();
    let store = verifier_with(&etcd, [LOST; 12]);
    let is_unavailable = |error| matches!(error, Some(StoreError::Unavailable { .. }));
    assert!(is_unavailable(store.load("lea").err()));
    assert!(is_unavailable(store.find(1000).err()));
    assert!(is_unavailable(store.list("", 9).err()));
    assert_eq!(record(&etcd, "lea"), None);
}

#[test]
fn late_commit_does_not_undo_a_later_one() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let outcome = verifier_with(&etcd, late()).commit("lea", 1000, b"late", first);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let second = committed(verifier(&etcd).commit("lea", 1000, b"two", first));
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), Some((b"two".to_vec(), second)));
}

#[test]
fn late_first_commit_brings_no_removed_record_back() {
    let etcd = MemoryKv::default();
    let faults = [None].into_iter().chain(late());
    let outcome = verifier_with(&etcd, faults).commit("lea", 1000, b"late", Revision::NONE);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let first = enroll(&etcd, b"one");
    let _ = verifier(&etcd).remove("lea", Some(first)).unwrap();
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), None);
    assert_eq!(name_of(&etcd, 1000), None);
}

#[test]
fn same_record_of_another_change_is_not_taken_for_ones_own() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    // The other change arrives between the first and the second try.
    let other = verifier_with(&etcd, [Some(Fault::Late(4)), LOST, LOST, LOST]);
    let outcome = other.commit("lea", 1000, b"two", first);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let outcome = verifier_with(&etcd, [LOST]).commit("lea", 1000, b"two", first);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    assert_eq!(record(&etcd, "lea").unwrap().0, b"two");
}

#[test]
fn removal_by_another_change_is_not_taken_for_ones_own() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let other = verifier_with(&etcd, [None, Some(Fault::Late(5)), LOST, LOST, LOST]);
    let outcome = other.remove("lea", Some(first));
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let outcome = verifier_with(&etcd, [None, LOST]).remove("lea", Some(first));
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    assert_eq!(record(&etcd, "lea"), None);
}

#[test]
fn late_move_does_not_undo_a_later_commit() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    let faults = [None].into_iter().chain(late());
    let outcome = verifier_with(&etcd, faults).rename(&[to_leah(b"late", first)]);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let second = committed(verifier(&etcd).commit("lea", 1000, b"two", first));
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), Some((b"two".to_vec(), second)));
    assert_eq!(record(&etcd, "leah"), None);
}

#[test]
fn late_first_commit_brings_no_moved_record_back() {
    let etcd = MemoryKv::default();
    let faults = [None].into_iter().chain(late());
    let outcome = verifier_with(&etcd, faults).commit("lea", 1000, b"late", Revision::NONE);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let first = enroll(&etcd, b"one");
    let moved = committed(verifier(&etcd).rename(&[to_leah(b"two", first)]));
    let _ = verifier(&etcd).remove("leah", Some(moved)).unwrap();
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), None);
}

#[test]
fn removal_of_no_record_keeps_a_late_first_commit_away() {
    let etcd = MemoryKv::default();
    let faults = [None].into_iter().chain(late());
    let outcome = verifier_with(&etcd, faults).commit("lea", 1000, b"late", Revision::NONE);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let _ = verifier(&etcd).remove("lea", None).unwrap();
    etcd.deliver();
    assert_eq!(record(&etcd, "lea"), None);
}
