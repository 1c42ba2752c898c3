//! Records that get other names or uids.

use std::thread;

use tfa_store::{Commit, Move, Revision, Store, StoreError};

use super::{Backend, error, find, get, put, uid};

fn to<'a>(from: &'a str, to: &'a str, uid: u32, record: &'a [u8], expected: Revision) -> Move<'a> {
    Move {
        from,
        to,
        uid,
        record,
        expected,
    }
}

/// A renamed record has only the new name, also after the store was reopened. The old name is free.
pub fn renamed_record_has_only_the_new_name(backend: &impl Backend) {
    let store = backend.open();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let moves = [to("lea", "leah", uid("lea"), b"two", revision)];
    let Commit::Committed(moved) = store.rename(&moves).unwrap() else {
        panic!("a conflict")
    };
    assert!(moved > revision);
    // The same again expects a revision that is gone.
    assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    store.close();
    let store = backend.open();
    assert!(get(&store, "lea").is_none());
    assert_eq!(get(&store, "leah"), Some((b"two".to_vec(), moved)));
    assert_eq!(find(&store, uid("lea")).as_deref(), Some("leah"));
    let commit = store.commit("lea", 4321, b"three", Revision::NONE);
    assert!(matches!(commit.unwrap(), Commit::Committed(_)));
}

/// A record can get another uid under its name.
pub fn record_gets_another_uid(backend: &impl Backend) {
    let store = backend.open();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let moves = [to("lea", "lea", 4321, b"two", revision)];
    assert!(matches!(
        store.rename(&moves).unwrap(),
        Commit::Committed(_)
    ));
    assert_eq!(find(&store, uid("lea")), None);
    assert_eq!(find(&store, 4321).as_deref(), Some("lea"));
    assert_eq!(get(&store, "lea").unwrap().0, b"two");
}

/// A rename to the name or uid of another record is a conflict, one that contradicts itself is
/// refused, and neither changes anything.
pub fn rename_onto_another_record_changes_nothing(backend: &impl Backend) {
    let store = backend.open();
    let lea = put(&store, "lea", b"lea", Revision::NONE);
    let max = put(&store, "max", b"max", Revision::NONE);
    for (name, new_uid, expected) in [
        ("max", uid("lea"), lea),
        ("max", 4321, lea),
        ("leah", uid("max"), lea),
        ("lea", uid("max"), lea),
        ("leah", uid("lea"), max),
    ] {
        let moves = [to("lea", name, new_uid, b"new", expected)];
        assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    }
    // One that cannot be moved prevents the other.
    let moves = [
        to("lea", "leah", uid("lea"), b"new", lea),
        to("max", "maxi", uid("max"), b"new", lea),
    ];
    assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    for moves in [
        &[to("eve", "adam", 4321, b"new", Revision::NONE)][..],
        &[
            to("lea", "one", 4321, b"new", lea),
            to("max", "one", 4322, b"new", max),
        ],
    ] {
        let refused = error(store.rename(moves));
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    }
    assert_eq!(get(&store, "lea"), Some((b"lea".to_vec(), lea)));
    assert_eq!(get(&store, "max"), Some((b"max".to_vec(), max)));
}

/// Two records swap their names and uids in one change.
pub fn two_records_swap_places(backend: &impl Backend) {
    let store = backend.open();
    let lea = put(&store, "lea", b"lea", Revision::NONE);
    let max = put(&store, "max", b"max", Revision::NONE);
    let moves = [
        to("lea", "max", uid("max"), b"lea", lea),
        to("max", "lea", uid("lea"), b"max", max),
    ];
    assert!(matches!(
        store.rename(&moves).unwrap(),
        Commit::Committed(_)
    ));
    assert_eq!(get(&store, "max").unwrap().0, b"lea");
    assert_eq!(get(&store, "lea").unwrap().0, b"max");
    for user in ["lea", "max"] {
        assert_eq!(find(&store, uid(user)).as_deref(), Some(user));
    }
    assert_eq!(store.list("", 9).unwrap().records.len(), 2);
}

/// Of a rename and 64 commits that expect the same revision exactly one is made.
pub fn rename_or_one_of_64_commits_wins(backend: &impl Backend) {
    let store = backend.open();
    let mut revision = put(&store, "lea", b"one", Revision::NONE);
    for round in 0..20 {
        let made = thread::scope(|scope| {
            let changes: Vec<_> = (0..65)
                .map(|number: u8| {
                    let store = &store;
                    scope.spawn(move || {
                        let outcome = if number == 7 {
                            let moves = [to("lea", "leah", uid("lea"), b"moved", revision)];
                            store.rename(&moves)
                        } else {
                            store.commit("lea", uid("lea"), &[round, number], revision)
                        };
                        matches!(outcome.unwrap(), Commit::Committed(_))
                    })
                })
                .collect();
            let made = changes.into_iter();
            made.map(|change| change.join().unwrap())
                .filter(|made| *made)
                .count()
        });
        assert_eq!(made, 1);
        let name = find(&store, uid("lea")).unwrap();
        revision = get(&store, &name).unwrap().1;
        if name == "leah" {
            let moves = [to("leah", "lea", uid("lea"), b"back", revision)];
            let Commit::Committed(back) = store.rename(&moves).unwrap() else {
                panic!("a conflict")
            };
            revision = back;
        }
    }
}
