//! Documents, where calls are late and etcd was changed by hand.

use proptest::prelude::*;
use tfa_store::etcd::{EtcdStore, Kv};
use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, Revision, Sealed, SealingKey,
    StoreError,
};
use tfa_testkit::{Fault, MemoryKv};
use zeroize::Zeroizing;

use crate::script::faults;
use crate::verifier::{committed, enroll, is_ambiguous, verifier, verifier_with};

fn host(name: &str) -> DocumentId {
    DocumentId::new(DocumentKind::Host, name).unwrap()
}

fn change<S: Documents>(
    store: &S,
    id: &DocumentId,
    expected: Revision,
    document: Option<&[u8]>,
) -> Result<Commit, StoreError> {
    store.change_documents(&[DocumentChange {
        id,
        expected: Some(expected),
        document,
    }])
}

#[test]
fn late_join_brings_no_removed_host_back() {
    let etcd = MemoryKv::default();
    let lost = Some(Fault::RequestLost);
    let late = verifier_with(&etcd, [None, Some(Fault::Late(50)), lost, lost, lost]);
    let web1 = host("web1");
    let outcome = change(&late, &web1, Revision::NONE, Some(b"late"));
    assert!(is_ambiguous(&outcome), "{outcome:?}");
    let store = verifier(&etcd);
    let joined = committed(change(&store, &web1, Revision::NONE, Some(b"one")));
    let _ = change(&store, &web1, joined, None).unwrap();
    etcd.deliver();
    assert!(store.document(&web1).unwrap().is_none());
}

#[test]
fn lost_reply_to_a_change_of_documents_is_read_back() {
    let etcd = MemoryKv::default();
    let web1 = host("web1");
    let lossy = || verifier_with(&etcd, [None, Some(Fault::ReplyLost)]);
    let first = committed(change(&lossy(), &web1, Revision::NONE, Some(b"one")));
    let second = committed(change(&lossy(), &web1, first, Some(b"two")));
    assert_eq!(verifier(&etcd).document(&web1).unwrap().unwrap().1, second);
    let removed = change(&lossy(), &web1, second, None);
    assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
}

#[test]
fn document_opens_under_its_own_kind_and_name_only() {
    let etcd = MemoryKv::default();
    let store = Sealed::new(verifier(&etcd), SealingKey::new(Zeroizing::new([7; 32])));
    let _ = change(&store, &host("web1"), Revision::NONE, Some(b"one")).unwrap();
    let key = b"/tfa/d/host/web1".to_vec();
    let value = etcd.get(&[key]).unwrap().remove(0).unwrap().value;
    etcd.put("/tfa/d/host/web2", &value);
    etcd.put("/tfa/d/invitation/web1", &value);
    let invitation = DocumentId::new(DocumentKind::Invitation, "web1").unwrap();
    for id in [&host("web2"), &invitation] {
        let refused = store.document(id);
        assert!(matches!(refused, Err(StoreError::DocumentDamaged { .. })));
    }
    let page = store.documents(DocumentKind::Host, None, 9).unwrap();
    let readable: Vec<bool> = page
        .records
        .iter()
        .map(|(_, found)| found.is_ok())
        .collect();
    assert_eq!(readable, [true, false]);
}

#[test]
fn record_is_not_taken_for_a_document() {
    let etcd = MemoryKv::default();
    enroll(&etcd, b"one");
    let record = etcd
        .get(&[b"/tfa/a/lea".to_vec()])
        .unwrap()
        .remove(0)
        .unwrap();
    let store: EtcdStore<MemoryKv> = verifier(&etcd);
    for value in [record.value.as_slice(), b"", b"\x02short"] {
        etcd.put("/tfa/d/host/web1", value);
        let refused = store.document(&host("web1"));
        assert!(matches!(refused, Err(StoreError::DocumentDamaged { .. })));
        let first = change(&store, &host("web1"), Revision::NONE, Some(b"new"));
        assert!(matches!(first, Ok(Commit::Conflict)), "{first:?}");
        let id = host("web1");
        let removal = DocumentChange {
            id: &id,
            expected: None,
            document: None,
        };
        let removed = store.change_documents(&[removal]);
        assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
        assert!(store.document(&id).unwrap().is_none());
        committed(change(&store, &id, Revision::NONE, Some(b"new")));
    }
}

/// The join of a host: it takes the invitation.
fn join(
    store: &EtcdStore<MemoryKv>,
    invitation: &DocumentId,
    name: &str,
) -> Result<Commit, StoreError> {
    let Some((_, expected)) = store.document(invitation)? else {
        return Ok(Commit::Conflict);
    };
    store.change_documents(&[
        DocumentChange {
            id: &host(name),
            expected: Some(Revision::NONE),
            document: Some(name.as_bytes()),
        },
        DocumentChange {
            id: invitation,
            expected: Some(expected),
            document: None,
        },
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn invitation_makes_one_host_whatever_calls_fail(
        joins in prop::collection::vec(0..3_usize, 1..12),
        scripts in prop::array::uniform3(faults()),
    ) {
        let etcd = MemoryKv::default();
        let invitation = DocumentId::new(DocumentKind::Invitation, "1").unwrap();
        let _ = change(&verifier(&etcd), &invitation, Revision::NONE, Some(b"one")).unwrap();
        let verifiers = scripts.map(|script| verifier_with(&etcd, script));
        let (mut joined, mut may_be_joined) = (Vec::new(), Vec::new());
        for (number, verifier) in joins.into_iter().enumerate() {
            let name = format!("web{number}");
            match join(&verifiers[verifier], &invitation, &name) {
                Ok(Commit::Committed(_)) => joined.push(name),
                Ok(Commit::Conflict) | Err(StoreError::Unavailable { .. }) => {}
                Err(StoreError::Ambiguous { .. }) => may_be_joined.push(name),
                Err(error) => panic!("{error}"),
            }
        }
        etcd.deliver();
        let page = verifier(&etcd).documents(DocumentKind::Host, None, 99).unwrap();
        let hosts: Vec<String> = page.records.into_iter().map(|(name, _)| name).collect();
        prop_assert!(hosts.len() <= 1, "{hosts:?}");
        prop_assert!(joined.iter().all(|name| hosts.contains(name)), "{joined:?}");
        let known = |name| joined.contains(name) || may_be_joined.contains(name);
        prop_assert!(hosts.iter().all(known), "{hosts:?}");
    }
}
