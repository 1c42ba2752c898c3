//! Other verifiers, and logins, while accounts move.

use std::fs;
use std::sync::Arc;

use tfa_store::{
    Commit, KeptIn, KeyRotation, MigrationStep, Revision, Store as _, StoreError, StoreLeft,
    ask_for_rotation, leave_store, leave_store_unasked, store_left,
};
use tfa_testkit::MemoryKv;

use super::host::{Host, Watch, change, fill, migrate, open, put, read};

fn is_superseded<T>(outcome: Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Superseded { .. }))
}

#[test]
fn logins_of_the_passes_are_in_etcd_at_the_end() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let mut expected = fill(&*store);
    let mut store = Some(store);
    let mut during = |step| match step {
        // The passes go on after this.
        MigrationStep::Noted => expected = change(&**store.as_ref().unwrap(), 1),
        MigrationStep::Stopped => drop(store.take()),
        _ => {}
    };
    let mut watch = Watch::of(&mut during);
    migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch).unwrap();
    let store = open(&host.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    assert_eq!(read(&*store), expected);
}

#[test]
fn verifier_changes_nothing_after_the_accounts_are_moved_away() {
    let (etcd, host, verifier) = (MemoryKv::default(), Host::new(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    let expected = fill(&*store);
    host.share_key_with(&verifier);
    let other = open(&verifier.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    // What logins of that verifier have read before.
    let (_, revision) = other.load("user5").unwrap().unwrap();
    let mut refused = 0;
    let mut during = |step| {
        if matches!(step, MigrationStep::Closed | MigrationStep::Switched) {
            assert!(is_superseded(
                other.commit("user5", 1005, b"used", revision)
            ));
            assert!(is_superseded(other.commit(
                "late",
                7000,
                b"first",
                Revision::NONE
            )));
            assert!(is_superseded(other.remove("user5", Some(revision))));
            assert!(is_superseded(other.remove("user5", None)));
            assert!(is_superseded(other.load("user5")));
            assert!(is_superseded(other.newest_policy()));
            refused += 1;
        }
    };
    let mut watch = Watch::of(&mut during);
    migrate(&host, etcd.another(), KeptIn::Database, &mut watch).unwrap();
    assert_eq!(refused, 2);
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    assert_eq!(read(&*store), expected);
    assert!(open(&verifier.state_dir(), &etcd, KeptIn::Etcd).is_err());
}

#[test]
fn accounts_move_to_etcd_and_back_again_and_again() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let mut store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    fill(&*store);
    for round in 0..3 {
        for to in [KeptIn::Etcd, KeptIn::Database] {
            let expected = change(&*store, round);
            store.close();
            migrate(&host, etcd.another(), to, &mut Watch::of(&mut |_| {})).unwrap();
            store = open(&host.state_dir(), &etcd, to).unwrap();
            assert_eq!(read(&*store), expected);
            // A revision of the store before is never one of this store.
            put(&*store, "user9", 1009, b"again");
            let stale = store.commit("user9", 1009, b"stale", Revision::new(1));
            assert_eq!(stale, Ok(Commit::Conflict));
        }
    }
}

/// Why a host does not open the store in etcd.
fn refusal(host: &Host, etcd: &MemoryKv) -> String {
    match open(&host.state_dir(), etcd, KeptIn::Etcd) {
        Ok(_) => panic!("the store was opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn other_verifier_is_told_of_a_migration_and_of_one_back_and_leaves() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    fill(&*store);
    let others = [Host::new(), Host::new()];
    for other in &others {
        host.share_key_with(other);
        drop(open(&other.state_dir(), &etcd, KeptIn::Etcd).unwrap());
    }
    drop(store);
    let mut during = |_| {};
    let mut watch = Watch::of(&mut during);
    migrate(&host, etcd.another(), KeptIn::Database, &mut watch).unwrap();
    let why = refusal(&others[0], &etcd);
    assert!(why.contains("to the database of a verifier"), "{why}");
    assert!(why.contains("tfactl fleet leave"), "{why}");
    leaves(&others[0], &etcd, StoreLeft::Moved);
    migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch).unwrap();
    let why = refusal(&others[1], &etcd);
    assert!(why.contains("and back to etcd since"), "{why}");
    leaves(&others[1], &etcd, StoreLeft::Replaced);
}

fn leaves(host: &Host, etcd: &MemoryKv, expected: StoreLeft) {
    let state_dir = host.state_dir();
    let sealing = fs::read(state_dir.path.join("key")).unwrap();
    assert_eq!(store_left(&state_dir, etcd.another()).unwrap(), expected);
    leave_store(&state_dir, etcd.another(), &mut || Ok(())).unwrap();
    let kept = fs::read(state_dir.path.join("key.left-fleet")).unwrap();
    assert_eq!(kept, sealing);
    // It starts with accounts of its own.
    open(&state_dir, etcd, KeptIn::Database).unwrap();
}

#[test]
fn verifier_leaves_with_the_key_of_after_a_rotation_aside() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let state_dir = host.state_dir();
    let store = open(&state_dir, &etcd, KeptIn::Etcd).unwrap();
    put(&*store, "lea", 1000, b"one");
    drop(store);
    let key = || fs::read(state_dir.path.join("key")).unwrap();
    let former = key();
    let mut during = |_| {};
    let mut watch = Watch::of(&mut during);
    migrate(&host, etcd.another(), KeptIn::Database, &mut watch).unwrap();
    let store = Arc::new(tfa_store::open(&state_dir, |_| None).unwrap().store);
    ask_for_rotation(&state_dir).unwrap();
    let rotation = KeyRotation::new(Arc::clone(&store), state_dir.clone());
    assert!(rotation.run(&mut |_, _| true).unwrap().is_some());
    store.close();
    let sealing = key();
    assert_ne!(sealing, former);
    migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch).unwrap();
    // The administrator puts what shows the database aside.
    fs::remove_file(state_dir.path.join("key.id")).unwrap();

    let left = leave_store_unasked(&state_dir, &mut || Ok(())).unwrap();
    let left = state_dir.path.join(left.unwrap());
    assert_eq!(fs::read(left).unwrap(), sealing);
}
