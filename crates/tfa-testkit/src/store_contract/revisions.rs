//! Revisions: none is given twice, and they grow.

use std::collections::BTreeSet;

use tfa_store::{Commit, Revision, Store};

use super::{Backend, get, put, uid};

/// A record that is removed and created again never gets a revision that it had, even after the store
/// was reopened.
pub fn removed_record_never_gets_an_old_revision(backend: &impl Backend) {
    let mut seen = BTreeSet::new();
    for round in 0..6 {
        let store = backend.open();
        let first = put(&store, "lea", b"one", Revision::NONE);
        let second = put(&store, "lea", b"two", first);
        assert!(seen.insert(first) && seen.insert(second));
        let expected = (round % 2 == 0).then_some(second);
        assert_eq!(
            store.remove("lea", expected).unwrap(),
            Commit::Committed(Revision::NONE)
        );
        assert!(get(&store, "lea").is_none());
        assert_eq!(
            store.commit("lea", uid("lea"), b"three", second).unwrap(),
            Commit::Conflict
        );
        store.close();
    }
}

/// Revisions grow when the store is closed or dropped, and opened again.
pub fn revisions_grow_when_the_store_is_reopened(backend: &impl Backend) {
    let mut last = Revision::NONE;
    for round in 0..12 {
        let store = backend.open();
        for step in 0..round % 4 {
            let revision = put(&store, &format!("{round}.{step}"), b"one", Revision::NONE);
            assert!(revision > last, "{revision} after {last}");
            last = revision;
        }
        if round % 2 == 0 {
            store.close();
        }
    }
}

/// Revisions grow through several stores on the same records, whichever commits next.
pub fn revisions_grow_through_stores_that_take_turns(backend: &impl Backend) {
    let mut stores = [0, 1, 2].map(|number| {
        let user = format!("user{number}");
        (backend.open(), user, Revision::NONE)
    });
    let mut last = Revision::NONE;
    // Each store follows each other one, for a number of commits that changes.
    for (turn, number) in [0, 1, 2, 0, 2, 1].into_iter().cycle().take(60).enumerate() {
        let (store, user, held) = stores.get_mut(number).unwrap();
        for _ in 0..=turn % 4 {
            *held = put(store, user, b"one", *held);
            assert!(*held > last, "{held} after {last}");
            last = *held;
        }
    }
}
