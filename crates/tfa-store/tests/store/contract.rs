//! The contract of a store, and what SQLite adds to it.

use std::collections::BTreeSet;
use std::process::Stdio;

use tfa_store::{
    Commit, MAX_RECORD_BYTES, MAX_USER_BYTES, Revision, Sealed, SqliteStore, Store, StoreError,
};
use tfa_testkit::store_contract::Backend;

use crate::scratch::{Scratch, child, child_word, error, get, open, pages_in_log, put, uid};

/// The store as the daemon opens it.
struct SealedSqlite(Scratch);

impl Backend for SealedSqlite {
    type Store = Sealed<SqliteStore>;

    fn open(&self) -> Sealed<SqliteStore> {
        self.0.store()
    }
}

mod sealed_sqlite {
    tfa_testkit::store_contract!(super::SealedSqlite(super::Scratch::new()));
    tfa_testkit::document_contract!(super::SealedSqlite(super::Scratch::new()));
}

/// The store beneath the sealing.
struct Sqlite(Scratch);

impl Backend for Sqlite {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        self.0.store().into_inner()
    }
}

mod sqlite {
    tfa_testkit::store_contract!(super::Sqlite(super::Scratch::new()));
    tfa_testkit::document_contract!(super::Sqlite(super::Scratch::new()));
}

#[test]
fn child_counts_up() {
    let Some(state) = child_word() else { return };
    let store = open(&tfa_store::StateDir {
        path: state.into(),
        credentials: None,
    })
    .store;
    for _ in 0..200 {
        loop {
            let (count, revision) = match get(&store, "lea") {
                Some((record, revision)) => {
                    (u64::from_le_bytes(record.try_into().unwrap()), revision)
                }
                None => (0, Revision::NONE),
            };
            let next = (count + 1).to_le_bytes();
            let outcome = store.commit("lea", uid("lea"), &next, revision).unwrap();
            if let Commit::Committed(revision) = outcome {
                println!("revision {revision}");
                break;
            }
        }
    }
    store.close();
}

#[test]
fn four_processes_lose_no_change_and_share_no_revision() {
    let scratch = Scratch::new();
    scratch.store().close();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let state = scratch.state().display().to_string();
            child("contract::child_counts_up", &state)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut given = BTreeSet::new();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success());
        given.extend(revisions_in(&ended.stdout));
    }
    assert_eq!(given.len(), 800);
    let (record, revision) = get(&scratch.store(), "lea").unwrap();
    assert_eq!(record, 800_u64.to_le_bytes());
    assert_eq!(Some(&revision), given.last());
}

/// The revisions that a child process got.
fn revisions_in(words: &[u8]) -> Vec<Revision> {
    String::from_utf8_lossy(words)
        .lines()
        .filter_map(|line| line.split_once("revision ")?.1.parse().ok())
        .map(Revision::new)
        .collect()
}

#[test]
fn of_a_thousand_commits_all_but_two_write_one_page() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut revision = put(&store, "lea", &[0; 700], Revision::NONE);
    let before = pages_in_log(&scratch);
    for step in 0..1000 {
        revision = put(&store, "lea", &[step as u8; 700], revision);
    }
    let written = pages_in_log(&scratch) - before;
    assert!((1000..=1002).contains(&written), "{written} pages");
}

#[test]
fn conflict_writes_no_page() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    put(&store, "lea", b"two", revision);
    // A store that was just opened has no block of revisions.
    for store in [&store, &scratch.store()] {
        let before = pages_in_log(&scratch);
        assert_eq!(
            store.commit("lea", uid("lea"), b"three", revision).unwrap(),
            Commit::Conflict
        );
        assert_eq!(pages_in_log(&scratch), before);
    }
}

#[test]
fn names_and_records_out_of_bounds_are_refused() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let long = "n".repeat(MAX_USER_BYTES + 1);
    for name in ["", "le\0a", &long] {
        let refused = error(store.commit(name, uid(name), b"one", Revision::NONE));
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
        assert!(matches!(
            error(store.load(name)),
            StoreError::Invalid { .. }
        ));
        assert!(matches!(
            error(store.remove(name, None)),
            StoreError::Invalid { .. }
        ));
    }
    let record = vec![0; MAX_RECORD_BYTES + 1];
    let refused = error(store.commit("lea", uid("lea"), &record, Revision::NONE));
    assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    put(&store, &long[1..], b"one", Revision::NONE);
}

#[test]
fn clean_end_leaves_the_database_and_no_log() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let names: Vec<_> = scratch
        .picture()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["accounts.db", "key", "key.id"]);
}
