//! The index by uid in SQLite.

use tfa_store::{Commit, Move, Revision, Store, StoreError};

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
fn rename_onto_another_record_writes_no_page() {
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
    // One that cannot be moved prevents the other.
    let moves = [
        to("lea", "leah", uid("lea"), b"new", lea),
        to("max", "maxi", uid("max"), b"new", lea),
    ];
    assert_eq!(store.rename(&moves).unwrap(), Commit::Conflict);
    let moves = [to("eve", "adam", 4321, b"new", Revision::NONE)];
    assert!(matches!(
        error(store.rename(&moves)),
        StoreError::Invalid { .. }
    ));
    let moves = [
        to("lea", "one", 4321, b"new", lea),
        to("max", "one", 4322, b"new", max),
    ];
    assert!(matches!(
        error(store.rename(&moves)),
        StoreError::Invalid { .. }
    ));
    assert_eq!(pages_in_log(&scratch), before);
    assert_eq!(get(&store, "lea"), Some((b"lea".to_vec(), lea)));
    assert_eq!(get(&store, "max"), Some((b"max".to_vec(), max)));
}

#[test]
fn damaged_uid_index_shows_no_absence() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"lea", Revision::NONE);
    store.close();
    for damage in [
        "UPDATE uid_index SET entries = x'00'",
        "UPDATE uid_index SET entries = zeroblob(16)",
        // Undamaged parts in the places of others.
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
fn uid_index_that_contradicts_the_records_is_an_error() {
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
        // The remedy that the text names.
        let _ = store.remove("lea", None).unwrap();
        assert_eq!(find(&store, uid("lea")).is_none(), remedy_works, "{damage}");
        put(&store, "lea", b"anew", Revision::NONE);
    }
}
