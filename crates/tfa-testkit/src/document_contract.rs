//! The tests that every store of documents must pass, as [`mod@crate::store_contract`] has them for records.

use std::thread;

use tfa_store::limits::MAX_STORED_BYTES;
use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, MAX_DOCUMENT_CHANGES,
    MAX_DOCUMENT_NAME_BYTES, MAX_RECORD_BYTES, MAX_USER_BYTES, Record, Revision, Store as _,
    StoreError,
};

use crate::store_contract::Backend;

/// Makes a test of each property of the contract of documents. The expression makes a new
/// [`Backend`] for each.
#[macro_export]
macro_rules! document_contract {
    ($backend:expr) => {
        $crate::document_contract!($backend;
            document_is_read_back_until_removed,
            documents_of_a_kind_are_listed_by_name,
            document_without_a_name_is_listed,
            stale_revision_of_a_document_changes_none,
            removed_document_never_gets_an_old_revision,
            invitation_is_taken_once,
            document_is_removed_without_its_revision,
            invalid_documents_are_refused,
            documents_and_records_are_read_together,
            change_of_the_policy_is_met_by_the_next_read
        );
    };
    ($backend:expr; $($property:ident),+) => {
        $(
            #[test]
            fn $property() {
                $crate::document_contract::$property(&$backend);
            }
        )+
    };
}

fn host(name: &str) -> DocumentId {
    DocumentId::new(DocumentKind::Host, name).unwrap()
}

fn policy() -> DocumentId {
    DocumentId::new(DocumentKind::Policy, "").unwrap()
}

fn change<'a>(
    id: &'a DocumentId,
    expected: Revision,
    document: Option<&'a [u8]>,
) -> DocumentChange<'a> {
    DocumentChange {
        id,
        expected: Some(expected),
        document,
    }
}

/// Puts one document, where it must succeed.
fn put(store: &impl Documents, id: &DocumentId, document: &[u8], expected: Revision) -> Revision {
    match store.change_documents(&[change(id, expected, Some(document))]) {
        Ok(Commit::Committed(revision)) => revision,
        other => panic!("{other:?}"),
    }
}

fn get(store: &impl Documents, id: &DocumentId) -> Option<(Vec<u8>, Revision)> {
    let found = store.document(id).unwrap();
    found.map(|(document, revision)| (document.as_bytes().to_vec(), revision))
}

/// The names of the documents of a kind, page by page.
fn names(store: &impl Documents, kind: DocumentKind, limit: usize) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = store.documents(kind, after.as_deref(), limit).unwrap();
        assert!(page.records.len() <= limit);
        for (name, document) in page.records {
            assert_eq!(document.unwrap().0.as_bytes(), name.as_bytes());
            names.push(name);
        }
        match page.next {
            Some(last) => after = Some(last),
            None => return names,
        }
    }
}

/// A document is read back with the revision of its change, also by another store, until it is removed.
/// One of another kind with the same name is another one.
pub fn document_is_read_back_until_removed<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let longest = vec![7; MAX_RECORD_BYTES];
    let invitation = DocumentId::new(DocumentKind::Invitation, "web1").unwrap();
    for (id, document) in [
        (host("web1"), &b"one"[..]),
        (policy(), b""),
        (invitation, &longest),
    ] {
        assert_eq!(get(&store, &id), None);
        let first = put(&store, &id, document, Revision::NONE);
        assert_eq!(get(&backend.open(), &id), Some((document.to_vec(), first)));
        let second = put(&store, &id, b"two", first);
        assert_eq!(get(&store, &id), Some((b"two".to_vec(), second)));
        let removed = store.change_documents(&[change(&id, second, None)]);
        assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
        assert_eq!(get(&store, &id), None);
    }
}

/// All documents of one kind are listed once, in the order of their names, also over several pages.
pub fn documents_of_a_kind_are_listed_by_name<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    assert!(names(&store, DocumentKind::Host, 5).is_empty());
    put(&store, &policy(), b"policy", Revision::NONE);
    let hosts: Vec<String> = (100..120).map(|number| format!("web{number}")).collect();
    for name in hosts.iter().rev() {
        let revision = put(&store, &host(name), name.as_bytes(), Revision::NONE);
        let guest = host(&format!("{name}.guest"));
        let guests = put(&store, &guest, b"", Revision::NONE);
        assert!(guests > revision);
        let _ = store.change_documents(&[change(&guest, guests, None)]);
    }
    for limit in [1, 7, 1000] {
        assert_eq!(names(&store, DocumentKind::Host, limit), hosts);
    }
    assert!(names(&store, DocumentKind::Invitation, 5).is_empty());
}

/// Also the one document of a kind without names is listed, so that a walk over all kinds finds each document.
pub fn document_without_a_name_is_listed<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    for kind in [DocumentKind::Policy, DocumentKind::Authority] {
        let id = DocumentId::new(kind, "").unwrap();
        assert!(names(&store, kind, 1).is_empty());
        let revision = put(&store, &id, b"", Revision::NONE);
        for limit in [1, 7] {
            assert_eq!(names(&store, kind, limit), [""]);
        }
        let _ = store.change_documents(&[change(&id, revision, None)]);
        assert!(names(&store, kind, 1).is_empty());
    }
}

/// Of a change with several documents none is changed if one has another revision. Else all are.
pub fn stale_revision_of_a_document_changes_none<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let (one, other) = (host("web1"), host("web2"));
    let first = put(&store, &one, b"one", Revision::NONE);
    let never = Revision::new(first.get() + 1);
    for (expected, of_other) in [
        (Revision::NONE, Revision::NONE),
        (never, Revision::NONE),
        (Revision::new(u64::MAX), Revision::NONE),
        (first, never),
    ] {
        let changes = [
            change(&other, of_other, Some(b"new")),
            change(&one, expected, None),
        ];
        assert_eq!(store.change_documents(&changes), Ok(Commit::Conflict));
        assert_eq!(get(&store, &one), Some((b"one".to_vec(), first)));
        assert_eq!(get(&store, &other), None);
    }
    let changes = [
        change(&other, Revision::NONE, Some(b"new")),
        change(&one, first, None),
    ];
    let Ok(Commit::Committed(revision)) = store.change_documents(&changes) else {
        panic!("it was not made")
    };
    assert_eq!(get(&store, &one), None);
    assert_eq!(get(&store, &other), Some((b"new".to_vec(), revision)));
}

/// A document that is removed and put again never gets a revision that it had.
pub fn removed_document_never_gets_an_old_revision<B: Backend<Store: Documents>>(backend: &B) {
    let (id, mut last) = (policy(), Revision::NONE);
    for _ in 0..4 {
        let store = backend.open();
        let revision = put(&store, &id, b"one", Revision::NONE);
        assert!(revision > last, "{revision} after {last}");
        let _ = store.change_documents(&[change(&id, revision, None)]);
        let stale = store.change_documents(&[change(&id, revision, Some(b"two"))]);
        assert_eq!(stale, Ok(Commit::Conflict));
        last = revision;
    }
}

/// Of 32 hosts that take one invitation, through two stores, one becomes a host of the fleet.
pub fn invitation_is_taken_once<B: Backend<Store: Documents>>(backend: &B) {
    let stores = [backend.open(), backend.open()];
    let invitation = DocumentId::new(DocumentKind::Invitation, "1").unwrap();
    let expected = put(&stores[0], &invitation, b"one", Revision::NONE);
    let taken = thread::scope(|scope| {
        let joins: Vec<_> = (0..32)
            .zip(stores.iter().cycle())
            .map(|(number, store)| {
                let invitation = &invitation;
                scope.spawn(move || {
                    let name = format!("web{number}");
                    let outcome = store.change_documents(&[
                        change(invitation, expected, None),
                        change(&host(&name), Revision::NONE, Some(name.as_bytes())),
                    ]);
                    matches!(outcome.unwrap(), Commit::Committed(_)).then_some(name)
                })
            })
            .collect();
        let joins = joins.into_iter().filter_map(|join| join.join().unwrap());
        joins.collect::<Vec<_>>()
    });
    assert_eq!(taken.len(), 1);
    assert_eq!(names(&stores[0], DocumentKind::Host, 9), taken);
    assert_eq!(get(&stores[0], &invitation), None);
}

/// A removal without a revision removes what is there, and is done where nothing is.
pub fn document_is_removed_without_its_revision<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let id = policy();
    let removal = DocumentChange {
        id: &id,
        expected: None,
        document: None,
    };
    for _ in 0..2 {
        let removed = store.change_documents(&[removal]);
        assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
        assert_eq!(get(&store, &id), None);
        put(&store, &id, b"new", Revision::NONE);
    }
}

/// Names, documents and changes out of bounds are refused with [`StoreError::Invalid`].
pub fn invalid_documents_are_refused<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let too_long = "n".repeat(MAX_DOCUMENT_NAME_BYTES + 1);
    for (kind, name) in [
        (DocumentKind::Host, ""),
        (DocumentKind::Host, "a\0b"),
        (DocumentKind::Invitation, &too_long),
        (DocumentKind::Policy, "one"),
    ] {
        let refused = DocumentId::new(kind, name);
        assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    }
    let id = policy();
    let document = vec![0; MAX_STORED_BYTES + 1];
    let one = change(&id, Revision::NONE, Some(&document));
    let empty = change(&id, Revision::NONE, Some(b""));
    let ids: Vec<DocumentId> = (0..=MAX_DOCUMENT_CHANGES)
        .map(|number| host(&format!("web{number}")))
        .collect();
    let put_empty = |id| change(id, Revision::NONE, Some(&b""[..]));
    let many: Vec<DocumentChange<'_>> = ids.iter().map(put_empty).collect();
    let blind = DocumentChange {
        expected: None,
        ..empty
    };
    let large = vec![0; MAX_RECORD_BYTES];
    let put_large = |id| change(id, Revision::NONE, Some(&large[..]));
    let together: Vec<DocumentChange<'_>> = ids.iter().take(5).map(put_large).collect();
    for changes in [&[one][..], &[empty, empty], &many, &[blind], &together] {
        let refused = store.change_documents(changes);
        assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    }
    assert_eq!(get(&store, &id), None);
    let most = store.change_documents(&many[1..]);
    assert!(matches!(most, Ok(Commit::Committed(_))), "{most:?}");
}

/// A read of several things has what a read of each would have. The records are those of the names that were given.
pub fn documents_and_records_are_read_together<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let (id, other) = (host("web1"), host("web2"));
    let read = |names: &[&str]| store.read_together(&id, &other, names).unwrap();
    let check = |names: &[&str]| {
        let together = read(names);
        let document = together
            .document
            .map(|(bytes, at)| (bytes.as_bytes().to_vec(), at));
        assert_eq!(document, get(&store, &id));
        assert_eq!(together.other_exists, get(&store, &other).is_some());
        let Some(mut records) = together.record else {
            return;
        };
        assert_eq!(records.policy(), store.newest_policy().unwrap());
        let plain = |found: Option<(Record, Revision)>| {
            found.map(|(record, at)| (record.as_bytes().to_vec(), at))
        };
        for name in names {
            let loaded = plain(store.load(name).unwrap());
            assert_eq!(plain(records.take(name).unwrap().unwrap()), loaded);
        }
        for name in [&["another"], names].concat() {
            assert!(records.take(name).is_none(), "{name}");
        }
    };
    let check_all = || {
        for names in [&[][..], &["alice"], &["bob"], &["bob", "alice", "lea"]] {
            check(names);
        }
    };
    check_all();
    for (user, uid) in [("alice", 1000), ("lea", 1001)] {
        let committed = store.commit(user, uid, user.as_bytes(), Revision::NONE);
        assert!(
            matches!(committed, Ok(Commit::Committed(_))),
            "{committed:?}"
        );
    }
    put(&store, &other, b"two", Revision::NONE);
    check_all();
    put(&store, &id, b"one", Revision::NONE);
    put(&store, &policy(), b"policy", Revision::NONE);
    check_all();
    // A name that no record can have is an error of its load.
    let longest = "a".repeat(MAX_USER_BYTES + 1);
    assert!(read(&[&longest]).record.is_none());
}

/// After each change of the policy, and no other one, there is a newer policy. A store that changes it has met
/// it, and another one meets it with the next read of any record.
pub fn change_of_the_policy_is_met_by_the_next_read<B: Backend<Store: Documents>>(backend: &B) {
    let store = backend.open();
    let first = store.newest_policy().unwrap();
    put(&store, &host("web1"), b"one", Revision::NONE);
    assert_eq!(store.newest_policy().unwrap(), first);
    let revision = put(&store, &policy(), b"one", Revision::NONE);
    let second = store.newest_policy_met();
    assert!(second > first);
    assert_eq!(store.newest_policy().unwrap(), second);
    let conflict = store.change_documents(&[change(&policy(), Revision::NONE, Some(b"two"))]);
    assert_eq!(conflict, Ok(Commit::Conflict));
    assert_eq!(store.newest_policy().unwrap(), second);
    let removed = store.change_documents(&[change(&policy(), revision, None)]);
    assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
    let third = store.newest_policy_met();
    assert!(third > second);
    assert_eq!(store.newest_policy().unwrap(), third);
}
