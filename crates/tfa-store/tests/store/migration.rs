//! The migration of a database of the first format, which has no index by uid.

use std::fs;
use std::process::Stdio;
use std::time::Instant;

use tfa_store::{ByUid, Notice, Revision, StateDir, Store, StoreError};

use crate::scratch::{
    Scratch, child, child_word, error, find, get, key_lost, lost_key_among, open, put,
};

/// Makes a database of the first format of a present one. The sealed records are the same.
const BACK_TO_THE_FIRST: &str = "
    BEGIN;
    ALTER TABLE account RENAME TO later;
    CREATE TABLE account (user TEXT NOT NULL PRIMARY KEY, revision INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;
    INSERT INTO account SELECT user, revision, sealed FROM later;
    DROP TABLE later;
    DROP TABLE uid_index;
    PRAGMA user_version = 1;
    COMMIT;";

/// A record that contains its uid.
fn record(uid: u32) -> Vec<u8> {
    [&uid.to_le_bytes()[..], b" and more"].concat()
}

/// A closed store of the first format with these users, whose uids begin at 1000.
fn first_version(users: &[&str]) -> Scratch {
    let scratch = Scratch::new();
    let store = scratch.store();
    for (user, uid) in users.iter().zip(1000..) {
        let record = record(uid);
        // The uid beside the record is not the one inside it, which counts.
        put(&store, user, &record, Revision::NONE);
    }
    store.close();
    scratch.sql(BACK_TO_THE_FIRST);
    scratch
}

#[test]
fn migrated_record_is_found_by_uid_and_keeps_its_revision() {
    let scratch = first_version(&["lea", "max"]);
    let opened = scratch.open();
    assert_eq!(opened.notices, [Notice::Migrated { records: 2 }]);
    for (user, uid) in [("lea", 1000), ("max", 1001)] {
        assert_eq!(find(&opened.store, uid).as_deref(), Some(user));
        assert_eq!(get(&opened.store, user).unwrap().0, record(uid));
    }
    assert_eq!(find(&opened.store, 1002), None);
    let (_, revision) = get(&opened.store, "lea").unwrap();
    let changed = opened.store.commit("lea", 1000, b"new", revision);
    assert!(changed.is_ok());
    opened.store.close();
    assert!(scratch.open().notices.is_empty());
}

#[test]
fn empty_database_is_migrated() {
    let scratch = first_version(&[]);
    let opened = scratch.open();
    assert_eq!(opened.notices, [Notice::Migrated { records: 0 }]);
    put(&opened.store, "lea", b"one", Revision::NONE);
}

#[test]
fn nothing_is_migrated_and_no_absence_shown_without_the_key() {
    let scratch = first_version(&["lea"]);
    let key = fs::read(scratch.file("key")).unwrap();
    fs::remove_file(scratch.file("key")).unwrap();
    let before = scratch.picture();
    let opened = scratch.open();
    assert!(lost_key_among(&opened.notices));
    let remedy = key_lost(opened.store.load("lea"));
    assert!(remedy.contains("older tfad"), "{remedy}");
    for uid in [1000, 4321] {
        assert_eq!(key_lost(opened.store.find(uid)), remedy);
    }
    assert_eq!(opened.store.list("", 9).unwrap().records.len(), 1);
    opened.store.close();
    assert!(scratch.picture() == before);
    // The key put back.
    fs::write(scratch.file("key"), &key).unwrap();
    std::process::Command::new("chmod")
        .arg("600")
        .arg(scratch.file("key"))
        .status()
        .unwrap();
    assert_eq!(find(&scratch.store(), 1000).as_deref(), Some("lea"));
}

#[test]
fn records_of_a_lost_key_can_be_removed_before_the_migration() {
    let scratch = first_version(&["lea"]);
    fs::remove_file(scratch.file("key")).unwrap();
    let store = scratch.store();
    let _ = store.remove("lea", None).unwrap();
    store.close();
    let opened = scratch.open();
    assert!(matches!(
        opened.notices[..],
        [Notice::KeyChanged { .. }, Notice::Migrated { records: 0 }]
    ));
    assert_eq!(find(&opened.store, 1000), None);
}

#[test]
fn uid_of_an_unreadable_record_is_unknown_until_it_is_removed() {
    for damage in [
        "UPDATE account SET sealed = x'00' WHERE user = 'lea'",
        // It is in the index of users, and has lost its row.
        "DELETE FROM account WHERE user = 'lea'",
    ] {
        let scratch = first_version(&["lea", "max"]);
        scratch.sql(damage);
        let opened = scratch.open();
        let unread = Notice::Unread {
            users: vec!["lea".to_owned()],
        };
        assert_eq!(opened.notices.first(), Some(&unread));
        let store = opened.store;
        assert_eq!(find(&store, 1001).as_deref(), Some("max"));
        let ByUid::Unknown(users) = store.find(1000).unwrap() else {
            panic!("its uid is not known")
        };
        assert_eq!(users, ["lea"]);
        assert!(store.load("lea").is_err());
        store.close();
        let store = scratch.store();
        let _ = store.remove("lea", None).unwrap();
        assert_eq!(find(&store, 1000), None);
    }
}

#[test]
fn uid_with_two_records_is_an_error_until_one_is_removed() {
    let scratch = first_version(&["lea"]);
    // A record stored under the new name of a user before there was an index.
    let store = scratch.store();
    put(&store, "leah", &record(1000), Revision::NONE);
    store.close();
    scratch.sql(BACK_TO_THE_FIRST);
    let store = scratch.store();
    assert!(get(&store, "lea").is_some() && get(&store, "leah").is_some());
    let twice = error(store.find(1000));
    assert!(matches!(twice, StoreError::DuplicateUid { .. }), "{twice}");
    assert!(twice.to_string().contains("lea and leah"), "{twice}");
    let _ = store.remove("lea", None).unwrap();
    assert_eq!(find(&store, 1000).as_deref(), Some("leah"));
}

#[test]
fn damaged_user_index_is_not_migrated_and_unchanged() {
    let scratch = first_version(&["lea"]);
    scratch.sql("UPDATE roll SET names = x'00' WHERE part = 7");
    let before = fs::read(scratch.file("accounts.db")).unwrap();
    let refusal = scratch.refusal();
    assert!(
        matches!(refusal, StoreError::DatabaseDamaged { .. }),
        "{refusal}"
    );
    for name in ["accounts.db-wal", "accounts.db-shm"] {
        let _ = fs::remove_file(scratch.file(name));
    }
    // SQLite sets bytes 18 and 19 when it uses a log.
    let after = fs::read(scratch.file("accounts.db")).unwrap();
    assert!(before[..18] == after[..18] && before[20..] == after[20..]);
}

#[test]
fn child_migrates() {
    let Some(state) = child_word() else { return };
    println!("opens");
    drop(open(&StateDir {
        path: state.into(),
        credentials: None,
    }));
}

#[test]
fn kill_9_during_the_migration_leaves_a_whole_database() {
    let names: Vec<String> = (0..400).map(|number| format!("user{number}")).collect();
    let users: Vec<&str> = names.iter().map(String::as_str).collect();
    let scratch = first_version(&users);
    let old = fs::read(scratch.file("accounts.db")).unwrap();
    let state = scratch.state().display().to_string();
    let migrating = || {
        let mut child = child("migration::child_migrates", &state);
        child.stdout(Stdio::null()).spawn().unwrap()
    };
    let began = Instant::now();
    assert!(migrating().wait().unwrap().success());
    let whole = began.elapsed();
    let mut cut_off = 0;
    for part in 1..=16 {
        for name in ["accounts.db-wal", "accounts.db-shm"] {
            let _ = fs::remove_file(scratch.file(name));
        }
        fs::write(scratch.file("accounts.db"), &old).unwrap();
        let mut child = migrating();
        std::thread::sleep(whole * part / 16);
        child.kill().unwrap();
        child.wait().unwrap();
        let opened = scratch.open();
        if !opened.notices.is_empty() {
            assert_eq!(opened.notices, [Notice::Migrated { records: 400 }]);
            cut_off += 1;
        }
        for (user, uid) in users.iter().zip(1000..).step_by(37) {
            assert_eq!(find(&opened.store, uid).as_deref(), Some(*user));
        }
        opened.store.close();
    }
    assert!(cut_off > 3, "it was cut off {cut_off} times");
}
