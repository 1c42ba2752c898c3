//! The first start, interrupted at any point, and what must not be taken for one.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Stdio;
use std::time::Duration;

use tfa_store::{Notice, Revision, Store, StoreError};
use tfa_testkit::skip_without_uid;

use crate::scratch::{Scratch, child, child_word, get, open, put};

#[test]
fn first_start_makes_private_files() {
    let scratch = Scratch::new();
    let opened = scratch.open();
    assert!(matches!(opened.notices[..], [Notice::Made { .. }]));
    put(&opened.store, "lea", b"one", Revision::NONE);
    assert_eq!(
        fs::metadata(scratch.state()).unwrap().mode() & 0o7777,
        0o700
    );
    let names: Vec<_> = fs::read_dir(scratch.state())
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().mode() & 0o7777;
            assert_eq!(mode, 0o600, "{}", entry.path().display());
            entry.file_name()
        })
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(fs::read(scratch.file("key")).unwrap().len(), 32);
    drop(opened);
    assert!(scratch.open().notices.is_empty());
}

#[test]
fn each_first_start_makes_another_key() {
    let (one, two) = (Scratch::new(), Scratch::new());
    drop((one.store(), two.store()));
    assert_ne!(
        fs::read(one.file("key")).unwrap(),
        fs::read(two.file("key")).unwrap()
    );
}

/// The files of a finished first start: key, database, marker.
fn finished() -> [Vec<u8>; 3] {
    let scratch = Scratch::new();
    drop(scratch.store());
    ["key", "accounts.db", "key.id"].map(|name| fs::read(scratch.file(name)).unwrap())
}

#[test]
fn interrupted_first_start_continues_from_any_point() {
    let [key, database, marker] = finished();
    let (key, database, marker) = (&key[..], &database[..], &marker[..]);
    // Every state between two steps, and within those that take more than one write.
    let states: &[&[(&str, &[u8])]] = &[
        &[],
        &[("key.new", b"")],
        &[("key.new", &key[..13])],
        &[("key.new", key)],
        &[("key.new", key), ("key", key)],
        &[("key", key)],
        &[("key", key), ("accounts.db.new", b"")],
        &[("key", key), ("accounts.db.new", &database[..5000])],
        &[
            ("key", key),
            ("accounts.db.new", b""),
            ("accounts.db.new-wal", &database[..99]),
        ],
        &[
            ("key", key),
            ("accounts.db.new", &database[..4096]),
            ("accounts.db.new-shm", b"x"),
        ],
        &[("key", key), ("accounts.db.new", database)],
        &[
            ("key", key),
            ("accounts.db.new", database),
            ("accounts.db", database),
        ],
        &[("key", key), ("accounts.db", database)],
        &[("key", key), ("accounts.db", database), ("key.id.new", b"")],
        &[
            ("key", key),
            ("accounts.db", database),
            ("key.id.new", marker),
        ],
        &[("key", key), ("accounts.db", database), ("key.id", marker)],
        &[
            ("key", key),
            ("accounts.db", database),
            ("key.id", marker),
            ("accounts.db-wal", b""),
        ],
    ];
    for state in states {
        let scratch = Scratch::new();
        scratch.made_state();
        for (name, contents) in *state {
            fs::write(scratch.file(name), contents).unwrap();
            fs::set_permissions(scratch.file(name), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let shown: Vec<_> = state
            .iter()
            .map(|(name, bytes)| (name, bytes.len()))
            .collect();
        let store = scratch.store();
        assert!(store.key_lost().is_none(), "{shown:?}");
        assert!(get(&store, "lea").is_none(), "{shown:?}");
        put(&store, "lea", b"one", Revision::NONE);
        store.close();
        let names: Vec<_> = scratch
            .picture()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["accounts.db", "key", "key.id"], "{shown:?}");
        assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"one", "{shown:?}");
        if state.iter().any(|(name, _)| *name == "key") {
            assert_eq!(fs::read(scratch.file("key")).unwrap(), key, "{shown:?}");
        }
    }
}

#[test]
fn child_starts_for_the_first_time() {
    let Some(state) = child_word() else { return };
    drop(open(&tfa_store::StateDir {
        path: state.into(),
        credentials: None,
    }));
}

#[test]
fn first_start_killed_at_any_moment_continues() {
    for round in 0..60 {
        let scratch = Scratch::new();
        let state = scratch.state().display().to_string();
        let mut child = child("first_start::child_starts_for_the_first_time", &state)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_micros(1000 + 200 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = scratch.store();
        assert!(store.key_lost().is_none());
        put(&store, "lea", b"one", Revision::NONE);
    }
}

#[test]
fn concurrent_first_starts_make_one_store() {
    for _ in 0..10 {
        let scratch = Scratch::new();
        let state = scratch.state().display().to_string();
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let mut start = child("first_start::child_starts_for_the_first_time", &state);
                start.stdout(Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut start in starts {
            assert!(start.wait().unwrap().success());
        }
        let opened = scratch.open();
        assert!(opened.notices.is_empty(), "{:?}", opened.notices);
        put(&opened.store, "lea", b"one", Revision::NONE);
    }
}

#[test]
fn lost_database_is_not_a_first_start() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let whole = scratch.picture();
    let database = &whole[0].1;
    fs::remove_file(scratch.file("accounts.db")).unwrap();
    let refusals = ["key.id", "accounts.db-wal", "accounts.db-journal"].map(|evidence| {
        if evidence != "key.id" {
            fs::remove_file(scratch.file("key.id")).unwrap_or_default();
            fs::write(scratch.file(evidence), b"log").unwrap();
        }
        let before = scratch.picture();
        let refusal = scratch.refusal();
        assert!(scratch.picture() == before);
        if evidence != "key.id" {
            fs::remove_file(scratch.file(evidence)).unwrap();
        }
        (evidence, refusal)
    });
    for (named, refusal) in refusals {
        let text = refusal.to_string();
        assert!(
            text.contains("accounts.db is missing") && text.contains("backup"),
            "{text}"
        );
        assert!(
            matches!(refusal, StoreError::DatabaseMissing { evidence, .. } if evidence.ends_with(named))
        );
    }
    // The remedy that the text names: the backup.
    fs::write(scratch.file("accounts.db"), database).unwrap();
    assert_eq!(get(&scratch.store(), "lea").unwrap().0, b"one");
}

#[test]
fn text_of_a_lost_database_says_how_to_start_again() {
    let scratch = Scratch::new();
    scratch.store().close();
    fs::remove_file(scratch.file("accounts.db")).unwrap();
    let StoreError::DatabaseMissing { evidence, .. } = scratch.refusal() else {
        panic!()
    };
    fs::remove_file(evidence).unwrap();
    assert!(matches!(scratch.open().notices[..], [Notice::Made { .. }]));
}

#[test]
fn empty_or_shortened_database_is_refused_and_unchanged() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let whole = fs::read(scratch.file("accounts.db")).unwrap();
    for length in [0, 1, 99, 100, 4095, 4096, 8192, whole.len() - 4096] {
        fs::write(scratch.file("accounts.db"), &whole[..length]).unwrap();
        let refusal = scratch.refusal();
        assert!(
            matches!(
                refusal,
                StoreError::DatabaseDamaged { .. } | StoreError::DatabaseForeign { .. }
            ),
            "{length} bytes: {refusal}"
        );
        assert_eq!(fs::read(scratch.file("accounts.db")).unwrap().len(), length);
    }
}

#[test]
fn missing_or_damaged_marker_is_written_again() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let marker = fs::read(scratch.file("key.id")).unwrap();
    for garbled in [None, Some(&b""[..]), Some(b"garbled")] {
        match garbled {
            None => fs::remove_file(scratch.file("key.id")).unwrap(),
            Some(contents) => fs::write(scratch.file("key.id"), contents).unwrap(),
        }
        let opened = scratch.open();
        assert!(opened.notices.is_empty());
        assert!(get(&opened.store, "lea").is_some());
        assert_eq!(fs::read(scratch.file("key.id")).unwrap(), marker);
    }
}

#[test]
fn backup_without_a_log_is_opened() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let backup = scratch.state().with_file_name("backup");
    scratch.sql(&format!("VACUUM INTO '{}'", backup.display()));
    fs::copy(backup, scratch.file("accounts.db")).unwrap();
    let store = scratch.store();
    let (_, revision) = get(&store, "lea").unwrap();
    put(&store, "lea", b"two", revision);
    assert!(scratch.file("accounts.db-wal").exists());
}

#[test]
fn foreign_database_is_refused_and_unchanged() {
    let scratch = Scratch::new();
    drop(scratch.store());
    for (change, text) in [
        ("PRAGMA user_version = 4", "format 4"),
        ("PRAGMA user_version = 3", "tables"),
        ("PRAGMA user_version = 0", "format is 0"),
        (
            "PRAGMA user_version = 2; PRAGMA application_id = 77",
            "application id is 0x4d",
        ),
        (
            "PRAGMA user_version = 0; PRAGMA application_id = 0",
            "does not say",
        ),
        (
            "PRAGMA user_version = 2; PRAGMA application_id = 1952866660; CREATE TABLE more (a)",
            "tables",
        ),
        ("DROP TABLE more; PRAGMA user_version = 1", "tables"),
    ] {
        scratch.sql(change);
        let before = scratch.picture();
        let refusal = scratch.refusal().to_string();
        assert!(refusal.contains(text), "{refusal}");
        assert!(scratch.picture() == before);
    }
    fs::write(
        scratch.file("accounts.db"),
        "not a database at all, but long enough: ".repeat(99),
    )
    .unwrap();
    assert!(matches!(
        scratch.refusal(),
        StoreError::DatabaseDamaged { .. }
    ));
}

#[test]
fn files_that_another_user_may_have_made_are_refused() {
    if skip_without_uid(12345) {
        return;
    }
    let scratch = Scratch::new();
    drop(scratch.store());
    let database = scratch.file("accounts.db");
    let aside = scratch.file("aside");
    fs::rename(&database, &aside).unwrap();
    symlink(&aside, &database).unwrap();
    assert!(matches!(scratch.refusal(), StoreError::Unsafe { .. }));
    fs::remove_file(&database).unwrap();
    fs::create_dir(&database).unwrap();
    assert!(matches!(scratch.refusal(), StoreError::Unsafe { .. }));
    fs::remove_dir(&database).unwrap();
    fs::rename(&aside, &database).unwrap();
    std::os::unix::fs::chown(&database, Some(12345), None).unwrap();
    assert!(matches!(scratch.refusal(), StoreError::Unsafe { .. }));
    std::os::unix::fs::chown(&database, Some(0), None).unwrap();
    fs::set_permissions(scratch.state(), fs::Permissions::from_mode(0o770)).unwrap();
    let refusal = scratch.refusal().to_string();
    assert!(refusal.contains("chmod 700"), "{refusal}");
    fs::set_permissions(scratch.state(), fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(scratch.state(), Some(12345), None).unwrap();
    let refusal = scratch.refusal().to_string();
    assert!(refusal.contains("chown 0"), "{refusal}");
    std::os::unix::fs::chown(scratch.state(), Some(0), None).unwrap();
    drop(scratch.store());
}

#[test]
fn files_readable_by_others_become_private() {
    let scratch = Scratch::new();
    drop(scratch.store());
    let (state, database) = (scratch.state(), scratch.file("accounts.db"));
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    drop(scratch.store());
    assert_eq!(fs::metadata(state).unwrap().mode() & 0o7777, 0o700);
    assert_eq!(fs::metadata(database).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn state_directory_behind_a_link_is_found() {
    let scratch = Scratch::new();
    let real = scratch.made_state();
    let link = real.with_file_name("link");
    symlink(&real, &link).unwrap();
    drop(open(&tfa_store::StateDir {
        path: link,
        credentials: None,
    }));
    assert!(real.join("accounts.db").exists());
}
