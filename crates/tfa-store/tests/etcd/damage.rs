//! Values in etcd that no store wrote.

use tfa_store::{Commit, Revision, Store, StoreError};
use tfa_testkit::MemoryKv;

use crate::verifier::{enroll, name_of, record, verifier};

fn is_damaged<T>(outcome: Result<T, StoreError>) -> bool {
    matches!(outcome, Err(StoreError::RecordDamaged { .. }))
}

#[test]
fn unknown_value_is_refused_until_it_is_removed() {
    for value in [
        &b""[..],
        b"\x01short",
        b"\x00sixteen bytes id.more",
        &[9; 99],
    ] {
        let etcd = MemoryKv::default();
        let first = enroll(&etcd, b"one");
        let _ = verifier(&etcd).commit("max", 1001, b"max", Revision::NONE);
        etcd.put("/tfa/a/lea", value);
        let store = verifier(&etcd);
        assert!(is_damaged(store.load("lea")));
        assert!(is_damaged(store.find(1000)));
        assert!(is_damaged(store.commit(
            "lea",
            1000,
            b"two",
            Revision::NONE
        )));
        let _ = store.commit("lea", 1000, b"two", first).unwrap_err();
        let page = store.list("", 9).unwrap();
        assert!(
            page.records
                .iter()
                .any(|(user, found)| user == "lea" && found.is_err())
        );
        let removed = store.remove("lea", None).unwrap();
        assert_eq!(removed, Commit::Committed(Revision::NONE));
        // Nothing of it is left, and the user can enroll again.
        assert_eq!(name_of(&etcd, 1000), None);
        enroll(&etcd, b"again");
        assert_eq!(record(&etcd, "max").unwrap().0, b"max");
    }
}

#[test]
fn record_that_the_index_does_not_name_takes_no_change() {
    let etcd = MemoryKv::default();
    let first = enroll(&etcd, b"one");
    etcd.put("/tfa/u/1000", b"eve");
    let store = verifier(&etcd);
    assert!(is_damaged(store.find(1000)));
    assert!(is_damaged(store.commit("lea", 1000, b"two", first)));
    assert_eq!(record(&etcd, "lea"), Some((b"one".to_vec(), first)));
    for user in ["lea", "eve"] {
        let removed = store.remove(user, None).unwrap();
        assert_eq!(removed, Commit::Committed(Revision::NONE));
    }
    enroll(&etcd, b"again");
}

#[test]
fn name_that_is_not_text_ends_the_list_with_an_error() {
    let etcd = MemoryKv::default();
    enroll(&etcd, b"one");
    etcd.put("/tfa/u/1000", b"\xff\xfe");
    assert!(is_damaged(verifier(&etcd).find(1000)));
    etcd.put(b"/tfa/a/\xff", b"value");
    assert!(is_damaged(verifier(&etcd).list("", 9)));
}
