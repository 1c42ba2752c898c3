//! A host whose accounts are kept by verifiers opens no store of its own.

use tfa_store::{Commit, NoAccounts, Revision, StateDir, Store, StoreError, etcd, is_member, open};
use tfa_testkit::MemoryKv;

use crate::open::Host;

fn is_unsafe<T>(outcome: Result<T, StoreError>, file: &str) -> bool {
    matches!(outcome, Err(StoreError::Unsafe { remedy }) if remedy.contains(file))
}

fn own(state_dir: &StateDir) -> Result<impl Store + use<>, StoreError> {
    open(state_dir, |_| None).map(|opened| opened.store)
}

#[test]
fn member_has_no_accounts_and_opens_no_other_store() {
    let host = Host::new();
    // An installation has made an empty database.
    drop(own(&host.state_dir()).unwrap());
    assert!(!is_member(&host.state_dir()));
    for _ in 0..2 {
        let store = NoAccounts::open(&host.state_dir()).unwrap();
        assert_eq!(store.load("lea").err(), Some(StoreError::NoAccounts));
        let commit = store.commit("lea", 1000, b"one", Revision::NONE);
        assert_eq!(commit.err(), Some(StoreError::NoAccounts));
        assert!(is_member(&host.state_dir()));
    }
    assert!(is_unsafe(own(&host.state_dir()), "fleet.member"));
    let kv = MemoryKv::default();
    let verifier = etcd::open(&host.state_dir(), kv.another());
    assert!(is_unsafe(verifier, "fleet.member"));
}

#[test]
fn host_with_accounts_does_not_become_a_member() {
    let (host, kv) = (Host::new(), MemoryKv::default());
    let store = own(&host.state_dir()).unwrap();
    let commit = store.commit("lea", 1000, b"one", Revision::NONE);
    assert!(matches!(commit, Ok(Commit::Committed(_))));
    store.close();
    drop(store);
    assert!(is_unsafe(
        NoAccounts::open(&host.state_dir()),
        "accounts.db"
    ));
    assert!(!is_member(&host.state_dir()));
    assert!(
        own(&host.state_dir())
            .unwrap()
            .load("lea")
            .unwrap()
            .is_some()
    );

    let verifier = Host::new();
    drop(etcd::open(&verifier.state_dir(), kv.another()).unwrap());
    assert!(is_unsafe(
        NoAccounts::open(&verifier.state_dir()),
        "etcd.id"
    ));
}
