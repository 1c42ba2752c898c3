//! Calls that get lost, and programs that are killed, at the worst moments.

use rustix::process::Signal;
use tfa_store::etcd::{EtcdStore, Kv};
use tfa_store::{Commit, Revision, Store as _, StoreError};
use tfa_testkit::EtcdServer;

use super::relay::Relay;
use super::{ONCE, PATIENT, Path, start_program, start_with, store};
use crate::TIMEOUT;

fn commit(store: &EtcdStore<impl Kv>, record: &[u8], expected: Revision) -> Revision {
    match store.commit("lea", 1000, record, expected).unwrap() {
        Commit::Committed(revision) => revision,
        Commit::Conflict => panic!("a conflict"),
    }
}

fn record(store: &EtcdStore<impl Kv>) -> Option<(Vec<u8>, Revision)> {
    let found = store.load("lea").unwrap();
    found.map(|(record, revision)| (record.as_bytes().to_vec(), revision))
}

fn is_unavailable<T>(outcome: &Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Unavailable { .. }))
}

fn is_ambiguous(outcome: &Result<Commit, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::Ambiguous { .. }))
}

/// Waits until etcd has applied a change whose reply was lost.
fn wait_for_record(store: &EtcdStore<impl Kv>, expected: &[u8]) -> Revision {
    let start = std::time::Instant::now();
    loop {
        match record(store) {
            Some((found, revision)) if found == expected => return revision,
            other => assert!(start.elapsed() < TIMEOUT, "{other:?}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn lost_reply_is_read_back_by_the_same_transaction() {
    let Some(path) = Path::new() else { return };
    let store = path.store(PATIENT);
    let mut revision = commit(&store, b"0", Revision::NONE);
    for number in 1..20_u8 {
        path.relay.cut_at_reply();
        let next = commit(&store, &[number], revision);
        assert!(next > revision);
        assert_eq!(record(&store), Some((vec![number], next)));
        revision = next;
    }
}

#[test]
fn lost_reply_that_is_not_read_back_is_ambiguous() {
    let Some(path) = Path::new() else { return };
    let first = commit(&path.store(PATIENT), b"one", Revision::NONE);
    path.relay.cut_at_reply();
    let outcome = path.store(ONCE).commit("lea", 1000, b"two", first);
    assert!(is_ambiguous(&outcome), "{outcome:?}");
}

#[test]
fn program_that_is_killed_before_its_answer_leaves_an_ambiguous_commit() {
    let Some(mut path) = Path::new() else { return };
    let first = commit(&path.store(PATIENT), b"one", Revision::NONE);
    let reply = path.relay.hold_replies();
    let outcome = std::thread::scope(|scope| {
        let store = path.store(ONCE);
        let login = scope.spawn(move || store.commit("lea", 1000, b"two", first));
        // etcd has the transaction.
        reply.recv_timeout(TIMEOUT).unwrap();
        path.program.send(Signal::KILL);
        login.join().unwrap()
    });
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    path.program.wait();
    let outcome = path.store(ONCE).load("lea");
    assert!(is_unavailable(&outcome.map(drop)));
    let outcome = path.store(ONCE).commit("lea", 1000, b"three", first);
    assert!(is_unavailable(&outcome), "{outcome:?}");

    path.relay.open();
    let again = start_program(&[&path.relay]);
    let store = store(&again, PATIENT);
    let second = wait_for_record(&store, b"two");
    // The code that the lost commit has used is used.
    let stale = store.commit("lea", 1000, b"three", first).unwrap();
    assert_eq!(stale, Commit::Conflict);
    commit(&store, b"three", second);
}

#[test]
fn killed_etcd_is_unavailable_and_comes_back() {
    let Some(mut path) = Path::new() else { return };
    let store = path.store(PATIENT);
    let first = commit(&store, b"one", Revision::NONE);
    path.program
        .wait_for_line("has no TLS: every user and service of this host");
    path.etcd.kill();
    path.relay.close();
    path.program.wait_for_line("the connection to etcd at ");
    let once = path.store(ONCE);
    assert!(is_unavailable(&once.load("lea").map(drop)));
    assert!(is_unavailable(&once.find(1000).map(drop)));
    assert!(is_unavailable(&once.list("", 9).map(drop)));
    let outcome = once.commit("lea", 1000, b"two", first);
    assert!(
        is_unavailable(&outcome) || is_ambiguous(&outcome),
        "{outcome:?}"
    );
    let endpoint = &path.program.status().etcd[0];
    assert!(!endpoint.is_connected && endpoint.error.is_some());

    path.etcd.restart();
    path.relay.open();
    assert_eq!(record(&store), Some((b"one".to_vec(), first)));
    commit(&store, b"two", first);
}

#[test]
fn etcd_without_most_of_its_members_answers_nothing() {
    let Some(etcd) = EtcdServer::start_with(&[], 2) else {
        return;
    };
    let mut path = Path::to(etcd).unwrap();
    let store = path.store(PATIENT);
    let first = commit(&store, b"one", Revision::NONE);
    path.etcd.kill_member(2);
    let hasty = tfad::fleet::Patience::default();
    let outcome = path.store(hasty).load("lea");
    assert!(is_unavailable(&outcome.map(drop)));
    let outcome = path.store(hasty).commit("lea", 1000, b"two", first);
    assert!(
        is_ambiguous(&outcome) || is_unavailable(&outcome),
        "{outcome:?}"
    );
    let outcome = path.store(hasty).remove("lea", None);
    assert!(is_unavailable(&outcome), "{outcome:?}");
}

#[test]
fn another_member_serves_where_one_is_gone() {
    let Some(etcd) = EtcdServer::start() else {
        return;
    };
    let relays = [1, 2].map(|_| Relay::start(etcd.socket(1)));
    let program = start_program(&[&relays[0], &relays[1]]);
    let store = store(&program, PATIENT);
    let mut revision = commit(&store, b"0", Revision::NONE);
    for number in 1..9_u8 {
        let (gone, other) = match number % 2 {
            0 => (&relays[0], &relays[1]),
            _ => (&relays[1], &relays[0]),
        };
        other.open();
        gone.close();
        revision = commit(&store, &[number], revision);
    }
    assert_eq!(record(&store), Some((vec![8], revision)));
}

#[test]
fn prefixes_keep_two_stores_in_one_etcd_apart() {
    let Some(path) = Path::new() else { return };
    let other = start_with(&[&path.relay], "prefix = '/other/'");
    let (one, other) = (path.store(PATIENT), store(&other, PATIENT));
    commit(&one, b"one", Revision::NONE);
    assert_eq!(record(&other), None);
    commit(&other, b"other", Revision::NONE);
    let lea = |store: &EtcdStore<_>| store.names("", 9).unwrap();
    assert_eq!(lea(&one), (vec!["lea".to_owned()], false));
    assert_eq!(lea(&other), (vec!["lea".to_owned()], false));
    assert_eq!(record(&one).unwrap().0, b"one");
}

#[test]
fn host_without_etcd_says_so() {
    let authority = crate::authority::Authority::new();
    let host = authority.issue("v1.test");
    let (program, _) = crate::fixture::Program::verifier(&host, authority.certificate(), "");
    match store(&program, ONCE).load("lea") {
        Err(StoreError::Unavailable { why }) => assert!(why.contains("has no [etcd]"), "{why}"),
        other => panic!("{:?}", other.map(drop)),
    }
}
