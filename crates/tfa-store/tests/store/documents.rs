//! Documents in SQLite: the table that the first one adds, the sealing key, damage.

use std::fs;
use std::sync::Arc;

use tfa_store::{
    BackupError, Commit, DocumentChange, DocumentId, DocumentKind, Documents, KeyRotation,
    Revision, Rotated, Store, StoreError, ask_for_rotation,
};

use crate::backup::{backed_up, file, restored};
use crate::scratch::{Scratch, error, get, key_lost, lost_key_among, put};

fn host(name: &str) -> DocumentId {
    DocumentId::new(DocumentKind::Host, name).unwrap()
}

fn put_host(store: &impl Documents, name: &str) -> Revision {
    put_first(store, &host(name))
}

/// Puts the first document of this id, which has its name.
fn put_first(store: &impl Documents, id: &DocumentId) -> Revision {
    let name = id.name();
    let change = DocumentChange {
        id,
        expected: Some(Revision::NONE),
        document: Some(name.as_bytes()),
    };
    match store.change_documents(&[change]) {
        Ok(Commit::Committed(revision)) => revision,
        other => panic!("{other:?}"),
    }
}

fn format(scratch: &Scratch) -> i64 {
    let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    db.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// The sealed bytes of all documents.
fn sealed(scratch: &Scratch) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(scratch.file("accounts.db")).unwrap();
    let mut select = db
        .prepare("SELECT sealed FROM document ORDER BY kind, name")
        .unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn only_a_document_adds_the_table() {
    let scratch = Scratch::new();
    let (store, other) = (scratch.store(), scratch.store());
    let revision = put(&store, "lea", b"one", Revision::NONE);
    assert!(store.document(&host("web1")).unwrap().is_none());
    assert!(
        store
            .documents(DocumentKind::Host, None, 9)
            .unwrap()
            .records
            .is_empty()
    );
    assert_eq!(format(&scratch), 2);
    put_host(&other, "web1");
    assert_eq!(format(&scratch), 3);
    // The store that was open before goes on.
    assert!(store.document(&host("web1")).unwrap().is_some());
    put(&store, "lea", b"two", revision);
    put_host(&store, "web2");
    drop((store, other));
    let store = scratch.store();
    assert_eq!(get(&store, "lea").unwrap().0, b"two");
    assert_eq!(
        store
            .documents(DocumentKind::Host, None, 9)
            .unwrap()
            .records
            .len(),
        2
    );
}

#[test]
fn rotation_seals_documents_anew() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    let hosts = (0..230).map(|number| (DocumentKind::Host, format!("web{number}")));
    let others = [
        (DocumentKind::Invitation, "7"),
        (DocumentKind::Policy, ""),
        (DocumentKind::Authority, ""),
    ];
    let others = others.map(|(kind, name)| (kind, name.to_owned()));
    let ids = hosts.chain(others);
    let ids: Vec<DocumentId> = ids
        .map(|(kind, name)| DocumentId::new(kind, &name).unwrap())
        .collect();
    let revisions: Vec<Revision> = ids.iter().map(|id| put_first(&store, id)).collect();
    store.close();
    let before = sealed(&scratch);
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let rotation = KeyRotation::new(Arc::new(scratch.store()), scratch.state_dir());
    let rotated = rotation.run(&mut |_, _| true).unwrap();
    assert!(matches!(rotated, Some(Rotated { records: 1, .. })));
    drop(rotation);
    let after = sealed(&scratch);
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(before, after)| before != after)
    );
    let store = scratch.store();
    for (id, revision) in ids.iter().zip(revisions) {
        let (document, found) = store.document(id).unwrap().unwrap();
        assert_eq!(
            (document.as_bytes(), found),
            (id.name().as_bytes(), revision)
        );
    }
}

#[test]
fn damaged_document_keeps_the_old_key() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put_host(&store, "web1");
    put_host(&store, "web2");
    store.close();
    scratch.sql("UPDATE document SET sealed = x'0102' WHERE name = 'web2'");
    let key = fs::read(scratch.file("key")).unwrap();
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let rotation = KeyRotation::new(Arc::new(scratch.store()), scratch.state_dir());
    let ended = error(rotation.run(&mut |_, _| true));
    assert!(
        matches!(ended, StoreError::DocumentDamaged { .. }),
        "{ended}"
    );
    drop(rotation);
    assert_eq!(fs::read(scratch.file("key")).unwrap(), key);
    let store = scratch.store();
    assert!(store.document(&host("web1")).unwrap().is_some());
}

#[test]
fn damaged_document_is_removed_and_the_rotation_ends() {
    let scratch = Scratch::new();
    let store = scratch.store();
    for name in ["web1", "web2", "web3"] {
        put_host(&store, name);
    }
    store.close();
    let of_web3 = |scratch: &Scratch| sealed(scratch).pop();
    let before = of_web3(&scratch);
    scratch.sql("UPDATE document SET sealed = x'0102' WHERE name = 'web2'");
    let key = fs::read(scratch.file("key")).unwrap();
    ask_for_rotation(&scratch.state_dir()).unwrap();
    let store = Arc::new(scratch.store());
    let rotation = KeyRotation::new(Arc::clone(&store), scratch.state_dir());
    error(rotation.run(&mut |_, _| true));
    // The one behind it was sealed anew.
    assert_ne!(of_web3(&scratch), before);
    let web2 = host("web2");
    let removal = DocumentChange {
        id: &web2,
        expected: None,
        document: None,
    };
    let removed = store.change_documents(&[removal]);
    assert!(matches!(removed, Ok(Commit::Committed(_))), "{removed:?}");
    assert!(store.document(&web2).unwrap().is_none());
    assert!(rotation.run(&mut |_, _| true).unwrap().is_some());
    assert_ne!(fs::read(scratch.file("key")).unwrap(), key);
    put_host(&*store, "web2");
}

#[test]
fn damaged_document_is_replaced_by_its_revision() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let revision = put_host(&store, "web1");
    store.close();
    scratch.sql("UPDATE document SET sealed = x'0102'");
    let store = scratch.store();
    let id = host("web1");
    let replaced = store.change_documents(&[DocumentChange {
        id: &id,
        expected: Some(revision),
        document: Some(b"new"),
    }]);
    assert!(matches!(replaced, Ok(Commit::Committed(_))), "{replaced:?}");
    let (document, _) = store.document(&id).unwrap().unwrap();
    assert_eq!(document.as_bytes(), b"new");
}

#[test]
fn store_with_documents_alone_needs_its_key() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put_host(&store, "web1");
    store.close();
    fs::remove_file(scratch.file("key")).unwrap();
    let opened = scratch.open();
    assert!(lost_key_among(&opened.notices));
    key_lost(opened.store.document(&host("web1")));
    assert!(!scratch.file("key").exists());
}

#[test]
fn damaged_row_of_a_document_is_refused() {
    for damage in [
        "UPDATE document SET revision = 0",
        "UPDATE document SET sealed = x''",
        "UPDATE document SET name = 'web2'",
    ] {
        let scratch = Scratch::new();
        let store = scratch.store();
        put_host(&store, "web1");
        store.close();
        scratch.sql(damage);
        let store = scratch.store();
        let name = if damage.contains("web2") {
            "web2"
        } else {
            "web1"
        };
        let refused = error(store.document(&host(name)));
        assert!(
            matches!(refused, StoreError::DocumentDamaged { .. }),
            "{refused}"
        );
    }
}

#[test]
fn restoration_keeps_the_documents_that_are_here() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    let first = put_host(&store, "web1");
    drop(store);
    backed_up(&scratch, None).unwrap();
    let store = scratch.store();
    let second = put_host(&store, "web2");
    drop(store);
    let told = restored(&scratch, &file(&scratch), None, true).unwrap();
    assert!(!told.has_lost_documents);
    let store = scratch.store();
    assert!(get(&store, "lea").is_some());
    for (name, revision) in [("web1", first), ("web2", second)] {
        let (document, found) = store.document(&host(name)).unwrap().unwrap();
        assert_eq!((document.as_bytes(), found), (name.as_bytes(), revision));
    }
    // No revision is given twice.
    assert!(put_host(&store, "web3") > second);
}

#[test]
fn restoration_of_a_host_without_documents_adds_no_table() {
    let scratch = Scratch::new();
    put(&scratch.store(), "lea", b"one", Revision::NONE);
    backed_up(&scratch, None).unwrap();
    restored(&scratch, &file(&scratch), None, false).unwrap();
    assert_eq!(format(&scratch), 2);
}

#[test]
fn restoration_by_force_says_that_documents_are_lost() {
    let scratch = Scratch::new();
    put(&scratch.store(), "lea", b"one", Revision::NONE);
    backed_up(&scratch, None).unwrap();
    put_host(&scratch.store(), "web1");
    scratch.sql("UPDATE document SET name = CAST(x'ff' AS TEXT)");
    let refused = restored(&scratch, &file(&scratch), None, false);
    assert!(
        matches!(refused, Err(BackupError::Unreadable(_))),
        "{refused:?}"
    );
    let told = restored(&scratch, &file(&scratch), None, true).unwrap();
    assert!(told.has_lost_documents);
    assert!(get(&scratch.store(), "lea").is_some());
}
