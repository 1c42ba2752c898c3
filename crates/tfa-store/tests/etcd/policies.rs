//! Which policy is the newest one, where several verifiers read it.

use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, PolicyStamp, Revision, Store as _,
    StoreError,
};
use tfa_testkit::{Fault, MemoryKv};

use crate::verifier::{committed, verifier, verifier_with};

const STAMP: &str = "/tfa/policy";

fn policy() -> DocumentId {
    DocumentId::new(DocumentKind::Policy, "").unwrap()
}

fn publish(
    store: &impl Documents,
    expected: Revision,
    text: Option<&[u8]>,
) -> Result<Commit, StoreError> {
    store.change_documents(&[DocumentChange {
        id: &policy(),
        expected: Some(expected),
        document: text,
    }])
}

#[test]
fn each_read_of_another_verifier_meets_a_published_policy() {
    let etcd = MemoryKv::default();
    let (one, other) = (verifier(&etcd), verifier(&etcd));
    let mut last = PolicyStamp::default();
    let mut revision = Revision::NONE;
    let reads: [&dyn Fn(); 3] = [
        &|| drop(other.load("lea").unwrap()),
        &|| drop(other.find(1000).unwrap()),
        &|| drop(other.document(&policy()).unwrap()),
    ];
    for read in reads {
        revision = committed(publish(&one, revision, Some(b"one")));
        assert_eq!(other.newest_policy_met(), last);
        read();
        assert!(other.newest_policy_met() > last);
        last = other.newest_policy_met();
        assert_eq!(one.newest_policy_met(), last);
    }
    committed(publish(&one, revision, None));
    assert!(other.load("lea").unwrap().is_none());
    assert!(other.newest_policy_met() > last);
}

#[test]
fn publication_whose_reply_was_lost_is_met() {
    let etcd = MemoryKv::default();
    let store = verifier_with(&etcd, [None, Some(Fault::ReplyLost)]);
    committed(publish(&store, Revision::NONE, Some(b"one")));
    let met = store.newest_policy_met();
    assert!(met > PolicyStamp::default());
    assert_eq!(verifier(&etcd).newest_policy().unwrap(), met);
}

#[test]
fn etcd_with_an_older_policy_than_before_is_refused() {
    let (etcd, older) = (MemoryKv::default(), MemoryKv::default());
    for _ in 0..3 {
        etcd.put(STAMP, b"newer");
    }
    older.put(STAMP, b"older");
    let store = verifier(&etcd);
    assert!(store.load("lea").unwrap().is_none());
    etcd.replace_by(&older);
    let refused = store.load("lea").map(|_| ());
    assert!(
        matches!(refused, Err(StoreError::Superseded { .. })),
        "{refused:?}"
    );
    // After a restart it is the one that there is.
    assert!(verifier(&etcd).load("lea").unwrap().is_none());
}
