//! Values in etcd that no store wrote.

use tfa_store::{Commit, DocumentKind, Documents as _, Page, Revision, Store, StoreError};
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
fn name_that_is_not_text_in_the_index_is_damage() {
    let etcd = MemoryKv::default();
    enroll(&etcd, b"one");
    etcd.put("/tfa/u/1000", b"\xff\xfe");
    assert!(is_damaged(verifier(&etcd).find(1000)));
}

/// All names in the pages of a list.
fn all_names(mut page: impl FnMut(Option<&str>) -> Result<Page, StoreError>) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let Page { records, next } = page(after.as_deref()).unwrap();
        names.extend(records.into_iter().map(|(name, _)| name));
        match next {
            Some(last) => after = Some(last),
            None => return names,
        }
    }
}

#[test]
fn key_that_is_not_text_keeps_no_other_entry_from_a_list() {
    let etcd = MemoryKv::default();
    let names = ["ada", "lea", "lez\\xff", "max"];
    for name in names {
        for folder in ["a", "d/host"] {
            etcd.put(format!("/tfa/{folder}/{name}"), b"value");
        }
    }
    let bad: [&[u8]; 6] = [
        b"\x80",
        b"a\xff",
        b"le\xff\n",
        b"lez\xff",
        b"m\xf4\xff",
        b"\xff",
    ];
    for bad in bad {
        for folder in [&b"/tfa/a/"[..], b"/tfa/d/host/"] {
            etcd.put([folder, bad].concat(), b"value");
        }
    }
    let store = verifier(&etcd);
    for limit in 1..12 {
        let users = all_names(|after| store.list(after.unwrap_or_default(), limit));
        assert_eq!(users, names, "{limit}");
        let hosts = all_names(|after| store.documents(DocumentKind::Host, after, limit));
        assert_eq!(hosts, names, "{limit}");
    }
    let left_out = etcd.keys_left_out();
    assert_eq!(left_out.len(), 2 * bad.len());
    assert!(left_out.contains("/tfa/a/le\\xff\\n"), "{left_out:?}");
}

#[test]
fn very_many_keys_that_are_not_text_are_an_error() {
    let etcd = MemoryKv::default();
    for n in 0..20_000_u32 {
        etcd.put([b"/tfa/a/\xff", n.to_be_bytes().as_slice()].concat(), b"");
    }
    let list = verifier(&etcd).list("", 1);
    assert!(matches!(list, Err(StoreError::Unavailable { .. })));
}
