//! A state directory on a read-only mount: all that was stored is read, or nothing is; and nothing is
//! stored.

use std::fs;
use std::path::Path;
use std::process::Command;

use tfa_store::{Notice, Revision, StateDir, Store, StoreError};

use crate::scratch::{Scratch, child, child_word, error, get, open, put, uid, uid_of};

fn place(state: String) -> StateDir {
    StateDir {
        path: state.into(),
        credentials: None,
    }
}

#[test]
fn child_stores_and_breaks_off() {
    let Some(state) = child_word() else { return };
    let store = open(&place(state)).store;
    put(&store, "lea", b"in the log", Revision::NONE);
    std::process::abort();
}

#[test]
fn child_reads_and_cannot_store() {
    let Some(word) = child_word() else { return };
    let (record, state) = word.split_once('=').unwrap();
    let opened = open(&place(state.to_owned()));
    let told = |notice: &Notice| matches!(notice, Notice::ReadOnly { .. });
    assert!(opened.notices.iter().any(told));
    let store = opened.store;
    assert_eq!(store.writable_again(), Some(false));
    let (found, revision) = get(&store, "lea").unwrap();
    assert_eq!(found, record.as_bytes());
    assert_eq!(get(&store, "bob"), None);
    assert_eq!(store.list("", 9).unwrap().records.len(), 1);
    for change in [
        store.commit("lea", uid("lea"), b"another", revision),
        store.commit("bob", uid("bob"), b"first", Revision::NONE),
        store.remove("lea", None),
    ] {
        let StoreError::ReadOnly { why } = error(change) else {
            panic!("another error");
        };
        assert!(why.contains("read-only"), "{why}");
    }
    store.close();
    println!("as it should be");
}

#[test]
fn child_does_not_open() {
    let Some(state) = child_word() else { return };
    let StoreError::ReadOnly { why } = error(tfa_store::open(&place(state), uid_of).map(drop))
    else {
        panic!("another error");
    };
    println!("refused: {why}");
}

/// The output of a test that runs where a directory is mounted read-only.
fn on_read_only(directory: &Path, test: &str, word: &str) -> String {
    let ours = child(test, word);
    let mut command = Command::new("unshare");
    let mount = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    command
        .args(["--mount", "sh", "-c", mount])
        .arg(directory)
        .arg(ours.get_program())
        .args(ours.get_args())
        .env("STORE_TEST_CHILD", word);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complaint}");
    said
}

fn reads(scratch: &Scratch, record: &str) {
    let word = format!("{record}={}", scratch.state().display());
    let test = "read_only::child_reads_and_cannot_store";
    let said = on_read_only(&scratch.state(), test, &word);
    assert!(said.contains("as it should be"), "{said}");
}

#[test]
fn database_after_a_clean_end_is_read_and_not_written() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"in the file", Revision::NONE);
    store.close();
    assert!(!scratch.file("accounts.db-wal").exists());
    let before = scratch.picture();
    reads(&scratch, "in the file");
    assert_eq!(scratch.picture(), before);
    // Writable again, it accepts changes.
    let store = scratch.store();
    assert_eq!(store.writable_again(), None);
    let (_, revision) = get(&store, "lea").unwrap();
    put(&store, "lea", b"another", revision);
}

/// A store whose last change is in the log only.
fn broken_off() -> Scratch {
    let scratch = Scratch::new();
    drop(scratch.store());
    let state = scratch.state().display().to_string();
    let mut breaks_off = child("read_only::child_stores_and_breaks_off", &state);
    assert!(!breaks_off.output().unwrap().status.success());
    assert!(fs::metadata(scratch.file("accounts.db-wal")).unwrap().len() > 0);
    scratch
}

#[test]
fn changes_left_in_the_log_by_a_crash_are_read() {
    let scratch = broken_off();
    reads(&scratch, "in the log");
}

#[test]
fn unreadable_log_is_refused() {
    let scratch = broken_off();
    fs::remove_file(scratch.file("accounts.db-shm")).unwrap();
    let state = scratch.state().display().to_string();
    let said = on_read_only(&scratch.state(), "read_only::child_does_not_open", &state);
    assert!(said.contains("refused: "), "{said}");
    assert!(said.contains("accounts.db-wal"), "{said}");
}

#[test]
fn no_first_start_on_a_read_only_mount() {
    let scratch = Scratch::new();
    let state = scratch.made_state();
    let word = state.display().to_string();
    let said = on_read_only(&state, "read_only::child_does_not_open", &word);
    assert!(said.contains("Read-only file system"), "{said}");
}
