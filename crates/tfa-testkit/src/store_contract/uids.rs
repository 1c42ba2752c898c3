//! The index by uid.

use std::thread;

use tfa_store::{ByUid, Commit, Revision, Store, StoreError};

use super::{Backend, error, find, get, put, uid};

/// A record is found by its uid until it is removed.
pub fn record_is_found_by_uid_until_removed(backend: &impl Backend) {
    let store = backend.open();
    let lea = uid("lea");
    assert_eq!(find(&store, lea), None);
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let ByUid::Found(name, record, found) = store.find(lea).unwrap() else {
        panic!("it is not found")
    };
    assert_eq!((name.as_str(), record.as_bytes()), ("lea", &b"one"[..]));
    assert_eq!(found, revision);
    // A uid that a store may keep in the same place.
    assert_eq!(find(&store, lea + 1024), None);
    let _ = store.remove("lea", None).unwrap();
    assert_eq!(find(&store, lea), None);
}

/// A second record of a uid, under another name, is a conflict.
pub fn uid_has_one_record(backend: &impl Backend) {
    let store = backend.open();
    put(&store, "lea", b"one", Revision::NONE);
    let again = store.commit("leah", uid("lea"), b"two", Revision::NONE);
    assert_eq!(again.unwrap(), Commit::Conflict);
    assert!(get(&store, "leah").is_none());
    assert_eq!(find(&store, uid("lea")).as_deref(), Some("lea"));
}

/// Of 64 first records of one uid, under as many names, exactly one is stored.
pub fn one_of_64_first_records_of_a_uid_wins(backend: &impl Backend) {
    let store = backend.open();
    let mut stored = thread::scope(|scope| {
        let commits: Vec<_> = (0..64)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    let name = format!("name{number}");
                    let commit = store.commit(&name, 1000, b"one", Revision::NONE).unwrap();
                    matches!(commit, Commit::Committed(_)).then_some(name)
                })
            })
            .collect();
        let names = commits
            .into_iter()
            .filter_map(|commit| commit.join().unwrap());
        names.collect::<Vec<_>>()
    });
    assert_eq!(stored.len(), 1);
    assert_eq!(find(&store, 1000), stored.pop());
}

/// A commit with another uid than the record has is an error, and -1 is the uid of no record.
pub fn commit_cannot_change_the_uid(backend: &impl Backend) {
    let store = backend.open();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let changed = error(store.commit("lea", 4321, b"two", revision));
    assert!(
        matches!(changed, StoreError::RecordDamaged { .. }),
        "{changed}"
    );
    assert_eq!(get(&store, "lea"), Some((b"one".to_vec(), revision)));
    assert_eq!(find(&store, 4321), None);
    let refused = error(store.commit("max", u32::MAX, b"one", Revision::NONE));
    assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
}
