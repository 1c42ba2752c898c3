//! The index by uid: a record is found by its uid, one record a uid, and renamed in one change.

use std::sync::Arc;

use tfa_store::{ByUid, Commit, Move, Revision, Store, StoreError};

use crate::scratch::{Scratch, error, find, get, pages_in_log, put, uid};

fn to<'a>(from: &'a str, to: &'a str, uid: u32, record: &'a [u8], expected: Revision) -> Move<'a> {
    Move {
        from,
        to,
        uid,
        record,
        expected,
    }
}

#[test]
fn a_record_is_found_by_its_uid_until_it_is_removed() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let lea = uid("lea");
    assert_eq!(find(&store, lea), None);
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let ByUid::Found(name, record, found) = store.find(lea).unwrap() else {
        panic!("it is not found")
    };
    assert_eq!((name.as_str(), record.as_bytes()), ("lea", &b"one"[..]));
    assert_eq!(found, revision);
    // Its part has a neighbour, too.
    assert_eq!(find(&store, lea + 1024), None);
    let _ = store.remove("lea", None).unwrap();
    assert_eq!(find(&store, lea), None);
}

#[test]
fn a_uid_has_one_record() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    let again = store.commit("leah", uid("lea"), b"two", Revision::NONE);
    assert_eq!(again.unwrap(), Commit::Conflict);
    assert!(get(&store, "leah").is_none());
    assert_eq!(find(&store, uid("lea")).as_deref(), Some("lea"));
}

#[test]
fn of_64_first_records_of_one_uid_under_as_many_names_one_is_stored() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let commits: Vec<_> = (0..64)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let name = format!("name{number}");
                let stored = store.commit(&name, 1000, b"one", Revision::NONE);
                (name, stored.unwrap())
            })
        })
        .collect();
    let mut stored = Vec::new();
    for commit in commits {
        if let (name, Commit::Committed(_)) = commit.join().unwrap() {
            stored.push(name);
        }
    }
    assert_eq!(stored.len(), 1);
    assert_eq!(find(&*store, 1000), stored.pop());
}

#[test]
fn a_commit_cannot_change_the_uid_of_a_record() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let changed = error(store.commit("lea", 4321, b"two", revision));
    assert!(
        matches!(changed, StoreError::RecordDamaged { .. }),
        "{changed}"
    );
    assert_eq!(get(&store, "lea"), Some((b"one".to_vec(), revision)));
    assert_eq!(find(&store, 4321), None);
    let nobodys = error(store.commit("max", u32::MAX, b"one", Revision::NONE));
    assert!(matches!(nobodys, StoreError::Refused { .. }), "{nobodys}");
}

#[test]
fn a_renamed_record_stands_under_the_new_name_alone_and_survives() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    let moves = [to("lea", "leah", uid("lea"), b"two", revision)];
    let Commit::Committed(moved) = store.rename(&moves).unwrap() else {
        panic!("a conflict")
    };
    assert!(moved > revision);
    // The same again is judged on a revision that is gone.
    assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    store.close();
    let store = scratch.store();
    assert!(get(&store, "lea").is_none());
    assert_eq!(get(&store, "leah"), Some((b"two".to_vec(), moved)));
    assert_eq!(find(&store, uid("lea")).as_deref(), Some("leah"));
    // The old name is free.
    let commit = store.commit("lea", 4321, b"three", Revision::NONE);
    assert!(matches!(commit.unwrap(), Commit::Committed(_)));
}

#[test]
fn a_record_takes_another_uid_under_its_name() {
    let scratch = Scratch::new();
    let store = scratch.store();
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

#[test]
fn a_renaming_onto_another_record_or_uid_is_a_conflict_and_changes_nothing() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let lea = put(&store, "lea", b"lea", Revision::NONE);
    let max = put(&store, "max", b"max", Revision::NONE);
    let before = pages_in_log(&scratch);
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
    // One that cannot be done keeps the other from being done.
    let moves = [
        to("lea", "leah", uid("lea"), b"new", lea),
        to("max", "maxi", uid("max"), b"new", lea),
    ];
    assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    let moves = [to("eve", "adam", 4321, b"new", Revision::NONE)];
    assert!(matches!(
        error(store.rename(&moves)),
        StoreError::Refused { .. }
    ));
    let moves = [
        to("lea", "one", 4321, b"new", lea),
        to("max", "one", 4322, b"new", max),
    ];
    assert!(matches!(
        error(store.rename(&moves)),
        StoreError::Refused { .. }
    ));
    assert_eq!(pages_in_log(&scratch), before);
    assert_eq!(get(&store, "lea"), Some((b"lea".to_vec(), lea)));
    assert_eq!(get(&store, "max"), Some((b"max".to_vec(), max)));
}

#[test]
fn two_records_change_places_in_one_change() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let lea = put(&store, "lea", b"lea", Revision::NONE);
    let max = put(&store, "max", b"max", Revision::NONE);
    // The names change hands, and so do the uids.
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
    assert_eq!(store.list().unwrap().len(), 2);
}

#[test]
fn of_a_renaming_and_64_commits_one_goes_through() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let mut revision = put(&*store, "lea", b"one", Revision::NONE);
    for round in 0..20 {
        let changes: Vec<_> = (0..65)
            .map(|number: u8| {
                let store = Arc::clone(&store);
                std::thread::spawn(move || {
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
        let mut through = 0;
        for change in changes {
            through += usize::from(change.join().unwrap());
        }
        assert_eq!(through, 1);
        let name = find(&*store, uid("lea")).unwrap();
        revision = get(&*store, &name).unwrap().1;
        if name == "leah" {
            let moves = [to("leah", "lea", uid("lea"), b"back", revision)];
            let Commit::Committed(back) = store.rename(&moves).unwrap() else {
                panic!("a conflict")
            };
            revision = back;
        }
    }
}

#[test]
fn a_damaged_index_of_uids_vouches_for_no_uid() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"lea", Revision::NONE);
    store.close();
    for damage in [
        "UPDATE uid_index SET entries = x'00'",
        "UPDATE uid_index SET entries = zeroblob(16)",
        // Sound parts in the places of others.
        "UPDATE uid_index SET entries = (SELECT other.entries FROM uid_index other \
         WHERE other.part = (uid_index.part + 1) % 1024)",
        "DELETE FROM uid_index",
    ] {
        scratch.sql(damage);
        let store = scratch.store();
        for user in ["lea", "nobody"] {
            let found = error(store.find(uid(user)));
            assert!(
                matches!(found, StoreError::DatabaseDamaged { .. }),
                "{found}"
            );
        }
        assert!(get(&store, "lea").is_some(), "found by its name");
        let made = store.commit("nobody", 1, b"new", Revision::NONE);
        assert!(matches!(error(made), StoreError::DatabaseDamaged { .. }));
        store.close();
    }
}

#[test]
fn an_index_that_disagrees_with_the_records_is_an_error_and_no_absence() {
    for (damage, remedy_works) in [
        ("DELETE FROM account WHERE user = 'lea'", true),
        ("UPDATE account SET uid = uid + 1 WHERE user = 'lea'", true),
    ] {
        let scratch = Scratch::new();
        let store = scratch.store();
        put(&store, "lea", b"lea", Revision::NONE);
        store.close();
        scratch.sql(damage);
        let store = scratch.store();
        let found = error(store.find(uid("lea")));
        assert!(matches!(found, StoreError::RecordDamaged { .. }), "{found}");
        assert!(found.to_string().contains("tfactl reset lea"), "{found}");
        // The way on that the text names.
        let _ = store.remove("lea", None).unwrap();
        assert_eq!(find(&store, uid("lea")).is_none(), remedy_works, "{damage}");
        put(&store, "lea", b"anew", Revision::NONE);
    }
}
