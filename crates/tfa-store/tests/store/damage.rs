//! Damage: the user is refused, the error names it, and it is left as it is.

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use tfa_store::{ByUid, Commit, Page, Revision, Sealed, SqliteStore, Store, StoreError};

use crate::scratch::{Scratch, error, get, put, uid, uid_of};

const USERS: [&str; 6] = ["ada", "bob", "eve", "lea", "max", "zoe"];

/// A closed store in which records were added and removed.
fn lived_in() -> Scratch {
    let scratch = Scratch::new();
    let store = scratch.store();
    for number in 0..40 {
        put(&store, &format!("gone{number}"), &[7; 700], Revision::NONE);
    }
    for user in USERS {
        put(&store, user, user.as_bytes(), Revision::NONE);
    }
    for number in 0..40 {
        let _ = store.remove(&format!("gone{number}"), None).unwrap();
    }
    store.close();
    scratch
}

/// Whose record is damaged.
fn damaged_record<T>(result: Result<T, StoreError>) -> String {
    match error(result) {
        StoreError::RecordDamaged { user, .. } => user,
        other => panic!("another error: {other}"),
    }
}

#[test]
fn flipped_byte_of_a_record_is_damage_and_unchanged() {
    let scratch = lived_in();
    let sealed = rusqlite::Connection::open(scratch.file("accounts.db"))
        .unwrap()
        .query_row("SELECT sealed FROM account WHERE user = 'lea'", [], |row| {
            row.get::<_, Vec<u8>>(0)
        })
        .unwrap();
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 0x40;
        let hex: String = flipped.iter().map(|byte| format!("{byte:02x}")).collect();
        scratch.sql(&format!(
            "UPDATE account SET sealed = x'{hex}' WHERE user = 'lea'"
        ));
        let before = scratch.picture();
        let store = scratch.store();
        let damage = error(store.load("lea"));
        assert!(damage.to_string().contains("tfactl reset lea"), "{damage}");
        assert!(matches!(damage, StoreError::RecordDamaged { .. }));
        // It is not overwritten without its revision.
        let over = store
            .commit("lea", uid("lea"), b"new", Revision::NONE)
            .unwrap();
        assert_eq!(over, Commit::Conflict);
        assert!(get(&store, "max").is_some());
        let list = store.list("", 9).unwrap().records;
        assert!(list.iter().map(|(name, _)| name).eq(USERS));
        for (name, record) in list {
            assert_eq!(record.is_err(), name == "lea");
        }
        store.close();
        assert!(scratch.picture() == before, "byte {at}");
    }
    // The remedy that the text names.
    let store = scratch.store();
    let _ = store.remove("lea", None).unwrap();
    put(&store, "lea", b"anew", Revision::NONE);
    assert_eq!(get(&store, "lea").unwrap().0, b"anew");
}

#[test]
fn record_moved_to_another_user_is_damaged() {
    let scratch = lived_in();
    scratch.sql(
        "UPDATE account SET sealed = (SELECT sealed FROM account WHERE user = 'max') WHERE user = 'lea'",
    );
    let store = scratch.store();
    assert_eq!(damaged_record(store.load("lea")), "lea");
    assert!(get(&store, "max").is_some());
}

#[test]
fn missing_row_is_damage_and_is_not_created_again() {
    let scratch = lived_in();
    scratch.sql("DELETE FROM account WHERE user = 'lea'");
    let store = scratch.store();
    assert_eq!(damaged_record(store.load("lea")), "lea");
    assert_eq!(
        damaged_record(store.commit("lea", uid("lea"), b"new", Revision::NONE)),
        "lea"
    );
    let list = store.list("", 9).unwrap().records;
    assert!(
        list.iter()
            .any(|(name, record)| name == "lea" && record.is_err())
    );
    let _ = store.remove("lea", None).unwrap();
    assert!(get(&store, "lea").is_none());
    put(&store, "lea", b"anew", Revision::NONE);
}

#[test]
fn damaged_user_index_shows_no_absence() {
    let scratch = lived_in();
    for damage in [
        "UPDATE roll SET names = x'00'",
        "UPDATE roll SET names = zeroblob(16)",
        "DELETE FROM roll",
    ] {
        scratch.sql(damage);
        let store = scratch.store();
        let found = error(store.load("nobody"));
        assert!(
            matches!(found, StoreError::DatabaseDamaged { .. }),
            "{found}"
        );
        assert!(get(&store, "lea").is_some(), "a record vouches for itself");
        let made = error(store.commit("nobody", uid("nobody"), b"new", Revision::NONE));
        assert!(matches!(made, StoreError::DatabaseDamaged { .. }), "{made}");
        assert!(store.list("", 9).is_err());
    }
}

#[test]
fn damaged_revision_count_is_refused() {
    let scratch = lived_in();
    scratch.sql("UPDATE head SET revision = revision - 1");
    let before = scratch.picture();
    let refusal = scratch.refusal();
    assert!(
        matches!(refusal, StoreError::DatabaseDamaged { .. }),
        "{refusal}"
    );
    assert!(scratch.picture() == before);
}

#[test]
fn revision_count_damaged_under_a_running_store_is_refused() {
    let scratch = lived_in();
    let store = scratch.store();
    let mut revision = get(&store, "lea").unwrap().1;
    for damage in ["sum = zeroblob(16)", "revision = revision - 1"] {
        for _ in 0..3 {
            revision = put(&store, "lea", b"one", revision);
        }
        let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
        db.execute_batch("CREATE TEMP TABLE backup AS SELECT * FROM head")
            .unwrap();
        db.execute_batch(&format!("UPDATE head SET {damage}"))
            .unwrap();
        let refused = error(store.commit("lea", uid("lea"), b"two", revision));
        assert!(
            matches!(refused, StoreError::DatabaseDamaged { .. }),
            "{refused}"
        );
        db.execute_batch("REPLACE INTO head SELECT * FROM backup")
            .unwrap();
        assert_eq!(get(&store, "lea"), Some((b"one".to_vec(), revision)));
    }
}

#[test]
fn damaged_record_does_not_refuse_others_in_the_batch() {
    let scratch = lived_in();
    scratch.sql("UPDATE account SET revision = -1 WHERE user = 'lea'");
    let store = Arc::new(scratch.store());
    let commits: Vec<_> = (0..64)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let name = if number == 20 {
                    "lea".into()
                } else {
                    format!("new{number}")
                };
                (
                    number,
                    store.commit(&name, uid(&name), b"new", Revision::NONE),
                )
            })
        })
        .collect();
    for commit in commits {
        match commit.join().unwrap() {
            (20, outcome) => assert_eq!(damaged_record(outcome), "lea"),
            (number, outcome) => {
                assert!(
                    matches!(outcome, Ok(Commit::Committed(_))),
                    "{number}: {outcome:?}"
                );
            }
        }
    }
    assert!(get(&*store, "new63").is_some());
}

#[test]
fn revisions_reserved_by_a_rolled_back_change_are_not_given() {
    let scratch = lived_in();
    scratch.sql("DELETE FROM account WHERE user = 'lea'");
    let (one, other) = (scratch.store(), scratch.store());
    // Her row would have been the first of a block. That she is in the index is found after that.
    let lost = one.commit("lea", uid("lea"), b"new", Revision::NONE);
    assert_eq!(damaged_record(lost), "lea");
    // The other store reserves what was rolled back.
    let mut last = Revision::NONE;
    for (number, store) in [&other, &other, &one, &one, &other].into_iter().enumerate() {
        let revision = put(store, &format!("new{number}"), b"new", Revision::NONE);
        assert!(revision > last, "{revision} after {last}");
        last = revision;
    }
}

#[test]
fn restored_revision_count_gives_no_old_revision() {
    let scratch = Scratch::new();
    let (store, other) = (scratch.store(), scratch.store());
    put(&other, "ada", b"one", Revision::NONE);
    let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    db.execute_batch("CREATE TEMP TABLE backup AS SELECT * FROM head")
        .unwrap();
    let mut last = Revision::NONE;
    for user in ["bob", "eve"] {
        last = put(&store, user, b"one", Revision::NONE);
        db.execute_batch("REPLACE INTO head SELECT * FROM backup")
            .unwrap();
    }
    let next = put(&store, "lea", b"one", Revision::NONE);
    assert!(next > last, "{next} after {last}");
}

/// Checks that each answer of the store is true or an error: each user's own record, and no record of
/// any other user.
fn answers_are_true(store: &Sealed<SqliteStore>, case: &str) {
    for user in USERS {
        match store.load(user) {
            Ok(Some((record, _))) => assert_eq!(record.as_bytes(), user.as_bytes(), "{case}"),
            Ok(None) => panic!("{case}: {user} has lost the second factor"),
            Err(_) => {}
        }
        match store.find(uid(user)) {
            Ok(ByUid::Found(name, record, _)) => {
                assert_eq!(
                    (name.as_str(), record.as_bytes()),
                    (user, user.as_bytes()),
                    "{case}"
                );
            }
            Ok(_) => panic!("{case}: the uid of {user} has lost the second factor"),
            Err(_) => {}
        }
    }
    for absent in ["abe", "le", "zzz"] {
        assert!(!matches!(store.load(absent), Ok(Some(_))), "{case}");
        let found = store.find(uid(absent));
        assert!(!matches!(found, Ok(ByUid::Found(..))), "{case}");
    }
    if let Ok(Page { records: list, .. }) = store.list("", 9) {
        assert!(list.iter().map(|(name, _)| name).eq(USERS), "{case}");
    }
}

#[test]
fn flipped_byte_in_the_database_loses_no_record() {
    let scratch = lived_in();
    let database = scratch.file("accounts.db");
    let whole = fs::read(&database).unwrap();
    let (mut refused, mut opened) = (0, 0);
    // Every byte of the header, then bytes in many places of every page.
    for at in (0..100).chain((100..whole.len()).step_by(149)) {
        let flip = [0x01, 0x80, 0xff][at % 3];
        let mut flipped = whole.clone();
        flipped[at] ^= flip;
        fs::write(&database, &flipped).unwrap();
        let case = format!("byte {at} flipped by {flip:#x}");
        match tfa_store::open(&scratch.state_dir(), uid_of) {
            Err(_) => refused += 1,
            Ok(store) => {
                opened += 1;
                answers_are_true(&store.store, &case);
            }
        }
        // SQLite sets bytes 18 and 19 when it uses a log.
        let after = fs::read(&database).unwrap();
        assert!(
            after == flipped || (18..20).contains(&at),
            "{case}: it was written to"
        );
        for left in ["accounts.db-wal", "accounts.db-shm", "accounts.db-journal"] {
            let _ = fs::remove_file(scratch.file(left));
        }
    }
    assert!(
        refused > 50 && opened > 50,
        "{refused} refused, {opened} opened"
    );
}

/// Writes to the database of a store that has checked it, and then reads through the store.
fn changes_under_a_store(scratch: &Scratch, whole: &[u8], at: usize, rot: &[u8], case: &str) {
    let database = scratch.file("accounts.db");
    fs::write(&database, whole).unwrap();
    let store = scratch.store();
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    file.write_all_at(rot, at as u64).unwrap();
    answers_are_true(&store, case);
    store.close();
    // Not before: closing the file drops the store's locks on it.
    drop(file);
}

#[test]
fn page_changed_under_a_running_store_loses_no_record() {
    let scratch = lived_in();
    let whole = fs::read(scratch.file("accounts.db")).unwrap();
    for page in 1..whole.len() / 4096 {
        let at = page * 4096;
        let neighbour = &whole[at - 4096..at];
        for (rot, name) in [
            (&[0; 4096][..], "zeroed"),
            (&[0xff; 4096], "ones"),
            (neighbour, "another"),
        ] {
            changes_under_a_store(&scratch, &whole, at, rot, &format!("page {page} {name}"));
        }
    }
}

#[test]
fn byte_changed_under_a_running_store_loses_no_record() {
    let scratch = lived_in();
    let whole = fs::read(scratch.file("accounts.db")).unwrap();
    for at in (4096..whole.len()).step_by(211) {
        let rot = whole[at] ^ [0x01, 0x80, 0xff][at % 3];
        changes_under_a_store(&scratch, &whole, at, &[rot], &format!("byte {at}"));
    }
}

#[test]
fn replaced_database_accepts_nothing() {
    let scratch = lived_in();
    let store = scratch.store();
    let revision = get(&store, "lea").unwrap().1;
    let (database, aside) = (scratch.file("accounts.db"), scratch.file("aside"));
    fs::rename(&database, &aside).unwrap();
    assert!(matches!(error(store.load("nobody")), StoreError::Io { .. }));
    fs::copy(&aside, &database).unwrap();
    for refusal in [
        error(store.commit("lea", uid("lea"), b"new", revision)),
        error(store.load("lea")),
        error(store.load("nobody")),
        error(store.find(uid("lea"))),
        error(store.list("", 9)),
    ] {
        assert!(refusal.to_string().contains("restart tfad"), "{refusal}");
    }
    fs::rename(&aside, &database).unwrap();
    put(&store, "lea", b"new", revision);
}
