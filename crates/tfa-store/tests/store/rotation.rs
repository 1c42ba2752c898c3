//! Rotations of the sealing key: every record is sealed anew, under load, and over every interruption.

use std::collections::HashSet;
use std::fs;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tfa_store::{
    Commit, KeyRotation, Notice, Revision, Rotated, StateDir, Store, StoreError, ask_for_rotation,
    back_up, restore,
};
use zeroize::Zeroizing;

use crate::backup::{backed_up, backup_to, file, restoration_of};
use crate::kills::Kills;
use crate::scratch::{Scratch, child_word, error, get, key_lost, lost_key_among, open, put};

const COUNT: usize = 350;

fn user(number: usize) -> String {
    format!("user{number}")
}

fn with_records() -> Scratch {
    let scratch = Scratch::new();
    let store = scratch.store();
    for number in 0..COUNT {
        put(
            &store,
            &user(number),
            user(number).as_bytes(),
            Revision::NONE,
        );
    }
    scratch
}

fn holds_all(scratch: &Scratch) {
    let store = scratch.store();
    for number in 0..COUNT {
        let (record, revision) = get(&store, &user(number)).unwrap();
        assert_eq!(record, user(number).as_bytes());
        put(&store, &user(number), &record, revision);
    }
}

fn key(scratch: &Scratch) -> Vec<u8> {
    fs::read(scratch.file("key")).unwrap()
}

/// Rotates the key of a store that was closed.
fn rotate(scratch: &Scratch) -> Result<Option<Rotated>, StoreError> {
    rotate_until(scratch, u64::MAX)
}

/// The same, up to so many records.
fn rotate_until(scratch: &Scratch, end: u64) -> Result<Option<Rotated>, StoreError> {
    let store = Arc::new(scratch.store());
    KeyRotation::new(store, scratch.state_dir()).run(&mut |done, _| done < end)
}

#[test]
fn a_rotation_seals_every_record_anew_and_destroys_the_old_key() {
    let scratch = with_records();
    let old = key(&scratch);
    let (_, revision) = get(&scratch.store(), &user(7)).unwrap();
    assert_eq!(rotate(&scratch), Ok(None));
    ask_for_rotation(&scratch.state_dir()).unwrap();
    // A second wish is the same one.
    let next = fs::read(scratch.file("key.next")).unwrap();
    ask_for_rotation(&scratch.state_dir()).unwrap();
    assert_eq!(fs::read(scratch.file("key.next")).unwrap(), next);
    let mut old_file = fs::File::open(scratch.file("key")).unwrap();
    let rotated = rotate(&scratch).unwrap().unwrap();
    assert_eq!(rotated.records, COUNT as u64);
    // What had the old key by then reads zeros.
    let mut read = Vec::new();
    old_file.read_to_end(&mut read).unwrap();
    assert_eq!(read, [0; 32]);
    assert_eq!(key(&scratch), next);
    assert_ne!(next, old);
    let names = scratch.picture().into_iter().map(|(name, _)| name);
    assert_eq!(names.collect::<Vec<_>>(), ["accounts.db", "key", "key.id"]);
    // It is the same record: a login that was under way goes on.
    assert_eq!(get(&scratch.store(), &user(7)).unwrap().1, revision);
    holds_all(&scratch);
    // The old key opens nothing.
    fs::write(scratch.file("key"), old).unwrap();
    assert!(lost_key_among(&scratch.open().notices));
    assert!(key_lost(scratch.store().load(&user(7))).contains("is another one"));
}

#[test]
fn logins_go_on_during_a_rotation_and_nothing_keeps_the_old_key() {
    let scratch = with_records();
    let store = Arc::new(scratch.store());
    let ended = Arc::new(AtomicBool::new(false));
    let logins: Vec<_> = (0..4)
        .map(|thread| {
            let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
            std::thread::spawn(move || {
                let mut count = 0_u64;
                while !ended.load(Ordering::Relaxed) || count < 50 {
                    let number = (usize::try_from(count).unwrap() * 4 + thread) % COUNT;
                    let (record, revision) = get(&*store, &user(number)).unwrap();
                    put(&*store, &user(number), &record, revision);
                    // Others enroll, and are removed.
                    let new = format!("new{thread}-{count}");
                    let revision = put(&*store, &new, new.as_bytes(), Revision::NONE);
                    if count.is_multiple_of(2) {
                        let removed = store.remove(&new, Some(revision)).unwrap();
                        assert!(matches!(removed, Commit::Committed(_)));
                    }
                    count += 1;
                }
                count
            })
        })
        .collect();
    let rotation = KeyRotation::new(Arc::clone(&store), scratch.state_dir());
    for _ in 0..3 {
        ask_for_rotation(&scratch.state_dir()).unwrap();
        rotation.run(&mut |_, _| true).unwrap().unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    let counts: Vec<u64> = logins.into_iter().map(|one| one.join().unwrap()).collect();
    let store = Arc::into_inner(store);
    drop((rotation, store));
    holds_all(&scratch);
    let store = scratch.store();
    for (thread, count) in counts.into_iter().enumerate() {
        for number in 0..count {
            let new = format!("new{thread}-{number}");
            let found = get(&store, &new).map(|(record, _)| record);
            let is_there = !number.is_multiple_of(2);
            assert_eq!(found, is_there.then(|| new.into_bytes()));
        }
    }
}

#[test]
fn an_interrupted_rotation_uses_both_keys_and_continues() {
    let scratch = with_records();
    ask_for_rotation(&scratch.state_dir()).unwrap();
    for end in [1, 150, 250] {
        assert_eq!(rotate_until(&scratch, end), Err(StoreError::Stopped));
        assert!(scratch.file("key.next").exists());
        holds_all(&scratch);
    }
    // A backup of two keys could not be restored with one.
    let refused = backed_up(&scratch, None).unwrap_err();
    assert!(
        refused.to_string().contains("tfactl key rotate"),
        "{refused}"
    );
    assert_eq!(rotate(&scratch).unwrap().unwrap().records, COUNT as u64);
    holds_all(&scratch);
    backed_up(&scratch, None).unwrap();
}

#[test]
fn a_rotation_that_only_lacks_the_renaming_is_finished_at_the_start() {
    let scratch = with_records();
    let old = key(&scratch);
    ask_for_rotation(&scratch.state_dir()).unwrap();
    rotate(&scratch).unwrap();
    let new = key(&scratch);
    fs::rename(scratch.file("key"), scratch.file("key.next")).unwrap();
    fs::write(scratch.file("key"), old).unwrap();
    std::process::Command::new("chmod")
        .arg("600")
        .arg(scratch.file("key"))
        .status()
        .unwrap();
    assert_eq!(scratch.open().notices, []);
    assert_eq!(key(&scratch), new);
    assert!(!scratch.file("key.next").exists());
    holds_all(&scratch);
}

#[test]
fn a_damaged_record_keeps_the_old_key_until_it_is_removed() {
    let scratch = with_records();
    let old = key(&scratch);
    scratch.sql("UPDATE account SET sealed = zeroblob(60) WHERE user = 'user9'");
    ask_for_rotation(&scratch.state_dir()).unwrap();
    for _ in 0..2 {
        let stopped = error(rotate(&scratch));
        assert!(
            stopped.to_string().contains("tfactl reset user9"),
            "{stopped}"
        );
        assert_eq!(key(&scratch), old);
        assert_eq!(
            get(&scratch.store(), &user(8)).unwrap().0,
            user(8).as_bytes()
        );
    }
    let _ = scratch.store().remove(&user(9), None).unwrap();
    assert!(rotate(&scratch).unwrap().is_some());
    assert_ne!(key(&scratch), old);
}

#[test]
fn a_new_key_that_cannot_be_used_refuses_the_enrolled_and_changes_nothing() {
    let scratch = with_records();
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let _ = rotate_until(&scratch, 100);
    let next = fs::read(scratch.file("key.next")).unwrap();
    fs::write(scratch.file("key.next"), b"short").unwrap();
    let refused = key_lost(scratch.store().load(&user(7)));
    assert!(refused.contains("key.next has 5 bytes"), "{refused}");
    fs::write(scratch.file("key.next"), next).unwrap();
    holds_all(&scratch);
}

#[test]
fn the_key_of_a_credential_is_replaced_by_a_file() {
    let scratch = Scratch::new();
    let place = scratch.with_credential(&[9; 32]);
    let store = Arc::new(open(&place).store);
    put(&*store, "lea", b"lea", Revision::NONE);
    ask_for_rotation(&place).unwrap();
    KeyRotation::new(store, place.clone())
        .run(&mut |_, _| true)
        .unwrap()
        .unwrap();
    let opened = open(&place);
    assert!(
        matches!(opened.notices[..], [Notice::CredentialUnused { .. }]),
        "{:?}",
        opened.notices
    );
    assert_eq!(get(&opened.store, "lea").unwrap().0, b"lea");
    assert!(scratch.file("key").exists());
}

/// The records as they are in the database.
fn sealed(scratch: &Scratch) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    let mut select = db.prepare("SELECT sealed FROM account").unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn nothing_that_the_old_key_opens_stays_after_a_rotation() {
    let scratch = with_records();
    let old = sealed(&scratch);
    let store = Arc::new(scratch.store());
    // Those of the log, too.
    for number in 0..COUNT {
        let (record, revision) = get(&*store, &user(number)).unwrap();
        put(&*store, &user(number), &record, revision);
    }
    let later = sealed(&scratch);
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let rotation = KeyRotation::new(Arc::clone(&store), scratch.state_dir());
    rotation.run(&mut |_, _| true).unwrap().unwrap();
    // The store still serves.
    let files: Vec<u8> = fs::read_dir(scratch.state())
        .unwrap()
        .flat_map(|entry| fs::read(entry.unwrap().path()).unwrap())
        .collect();
    let windows: HashSet<&[u8]> = files.windows(24).collect();
    let is_there = |sealed: &Vec<u8>| sealed.chunks_exact(24).any(|piece| windows.contains(piece));
    assert!(sealed(&scratch).iter().all(is_there));
    assert!(!old.iter().chain(&later).any(is_there));
}

#[test]
fn the_store_that_still_serves_opens_no_record_of_the_old_key() {
    let scratch = with_records();
    let of_user_0 = "SELECT sealed FROM account WHERE user = 'user0'";
    let old: Vec<u8> = rusqlite::Connection::open(scratch.file("accounts.db"))
        .unwrap()
        .query_row(of_user_0, [], |row| row.get(0))
        .unwrap();
    let store = Arc::new(scratch.store());
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let rotation = KeyRotation::new(Arc::clone(&store), scratch.state_dir());
    rotation.run(&mut |_, _| true).unwrap().unwrap();
    get(&*store, "user0").unwrap();
    // An attacker who has the old key can make a record that it opens.
    let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    let replace = "UPDATE account SET sealed = ?1 WHERE user = 'user0'";
    assert_eq!(db.execute(replace, [&old]).unwrap(), 1);
    let refused = error(store.load("user0"));
    assert!(
        matches!(refused, StoreError::RecordDamaged { .. }),
        "{refused}"
    );
}

#[test]
fn a_program_that_reads_an_old_state_delays_the_end_of_a_rotation() {
    let scratch = with_records();
    let old = key(&scratch);
    let store = Arc::new(scratch.store());
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let mut reader = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    let reading = reader.transaction().unwrap();
    let count: i64 = reading
        .query_row("SELECT count(*) FROM account", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, COUNT as i64);
    let rotation = KeyRotation::new(Arc::clone(&store), scratch.state_dir());
    let refused = rotation.run(&mut |_, _| true).unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
    assert_eq!(key(&scratch), old);
    drop(reading);
    rotation.run(&mut |_, _| true).unwrap().unwrap();
    assert_ne!(key(&scratch), old);
    assert!(!scratch.file("key.next").exists());
    drop((rotation, store));
    holds_all(&scratch);
}

#[test]
fn a_credential_that_a_rotation_replaced_is_never_used_again() {
    let scratch = Scratch::new();
    let place = scratch.with_credential(&[9; 32]);
    let store = Arc::new(open(&place).store);
    put(&*store, "lea", b"lea", Revision::NONE);
    ask_for_rotation(&place).unwrap();
    let rotation = KeyRotation::new(Arc::clone(&store), place.clone());
    rotation.run(&mut |_, _| true).unwrap().unwrap();
    let replacement = key(&scratch);
    // Not for a database without records, ...
    let _ = store.remove("lea", None).unwrap();
    drop((rotation, store));
    let opened = open(&place);
    assert!(
        matches!(opened.notices[..], [Notice::CredentialUnused { .. }]),
        "{:?}",
        opened.notices
    );
    put(&opened.store, "lea", b"lea", Revision::NONE);
    drop(opened);
    assert_eq!(key(&scratch), replacement);
    // ... nor for a backup that is restored.
    let target = file(&scratch);
    back_up(
        &place,
        &backup_to(&target),
        &mut |_, _| true,
        &mut |_, _| true,
    )
    .unwrap();
    for loss in [&[][..], &["accounts.db"], &["accounts.db", "key.id"]] {
        for name in loss {
            fs::remove_file(scratch.file(name)).unwrap();
        }
        let source = file(&scratch);
        let options = restoration_of(&source, false);
        let mut keep = |_: &str, record: &[u8], _| Some(Zeroizing::new(record.to_vec()));
        restore(&place, &options, &mut keep, &mut || Ok(()), &mut |_, _| {
            true
        })
        .unwrap();
        let opened = scratch.open();
        assert_eq!(get(&opened.store, "lea").unwrap().0, b"lea", "{loss:?}");
    }
}

/// Rotates once, and prints where it is.
#[test]
fn child_rotates_until_it_is_killed() {
    let Some(state) = child_word() else { return };
    let state_dir = StateDir {
        path: state.into(),
        credentials: None,
    };
    let store = Arc::new(open(&state_dir).store);
    println!("begins");
    let mut progress = |done, total| {
        if done == total {
            println!("sealed");
        }
        true
    };
    KeyRotation::new(store, state_dir)
        .run(&mut progress)
        .unwrap();
    println!("done");
}

#[test]
fn kill_9_during_a_rotation_loses_no_record_and_no_key() {
    const ROUNDS: u32 = 16;
    let test = "rotation::child_rotates_until_it_is_killed";
    let original = with_records();
    ask_for_rotation(&original.state_dir()).unwrap();
    let next = fs::read(original.file("key.next")).unwrap();
    let copied = || {
        let scratch = Scratch::new();
        let mut copy = std::process::Command::new("cp");
        copy.arg("-a").args([original.state(), scratch.state()]);
        assert!(copy.status().unwrap().success());
        scratch
    };
    let all_open = |scratch: &Scratch| {
        let store = scratch.store();
        for number in 0..COUNT {
            assert_eq!(
                get(&store, &user(number)).unwrap().0,
                user(number).as_bytes()
            );
        }
    };
    for word in ["begins", "sealed"] {
        let mut kills = Kills::of(test, word, &copied());
        while kills.go_on(ROUNDS) {
            let scratch = copied();
            kills.kill(&scratch);
            kills.was_too_late(!scratch.file("key.next").exists());
            all_open(&scratch);
            rotate(&scratch).unwrap();
            assert_eq!(key(&scratch), next);
            assert!(!scratch.file("key.next").exists());
            all_open(&scratch);
        }
    }
}
