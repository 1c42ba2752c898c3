//! What is as long as may be goes the whole way, and what is longer is refused.

use tfa_fleet::messages::MAX_IDENTITIES;
use tfa_fleet_wire::limits::{MAX_FRAME, MAX_ITEMS, MAX_KV_BYTES, MAX_KV_OPERATIONS};
use tfa_store::limits::MAX_STORED_BYTES;
use tfa_store::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents as _, MAX_CHANGE_BYTES,
    MAX_DOCUMENT_CHANGES, MAX_RECORD_BYTES, MAX_USER_BYTES, Move, Revision, Store as _, StoreError,
};

use super::{PATIENT, Path};

/// What stands beside a key and a value in a message: lengths, numbers, the prefix.
const BESIDE: usize = 128;

// Each limit holds what passes through it.
const _: () = {
    let record = MAX_STORED_BYTES + 4 * (MAX_USER_BYTES + BESIDE);
    assert!(record < MAX_KV_BYTES);
    // A change of documents: their values once, their names three times.
    let change = MAX_CHANGE_BYTES + MAX_DOCUMENT_CHANGES * 3 * (MAX_USER_BYTES + BESIDE);
    assert!(change < MAX_KV_BYTES);
    assert!(MAX_DOCUMENT_CHANGES < MAX_KV_OPERATIONS && MAX_KV_OPERATIONS < MAX_ITEMS);
    assert!(MAX_KV_BYTES + MAX_ITEMS * BESIDE <= MAX_FRAME);
    // The read of a question: the name and all aliases of a user, the host, the authority, the policy and the mark.
    assert!(MAX_IDENTITIES + 5 <= MAX_KV_OPERATIONS);
};

#[test]
fn records_under_all_names_of_a_user_are_read_together() {
    let Some(path) = Path::new() else { return };
    let store = path.store(PATIENT);
    let committed = store.commit("name7", 1000, b"one", Revision::NONE);
    assert!(matches!(committed, Ok(Commit::Committed(_))));
    let names: Vec<String> = (0..=MAX_IDENTITIES)
        .map(|number| format!("name{number}"))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let host = DocumentId::new(DocumentKind::Host, "web1").unwrap();
    let authority = DocumentId::new(DocumentKind::Authority, "").unwrap();
    let read = store.read_together(&host, &authority, &names).unwrap();
    let mut records = read.record.unwrap();
    for name in names {
        let found = records.take(name).unwrap().unwrap();
        assert_eq!(found.is_some(), name == "name7", "{name}");
    }
}

#[test]
fn longest_records_and_documents_pass_and_longer_changes_are_refused() {
    let Some(path) = Path::new() else { return };
    let store = path.store(PATIENT);
    let long = vec![7; MAX_STORED_BYTES];
    let name = |number: u32| format!("{}{number}", "n".repeat(MAX_USER_BYTES - 1));
    let mut revisions = Vec::new();
    for number in 0..8 {
        let committed = store.commit(&name(number), 1000 + number, &long, Revision::NONE);
        match committed.unwrap() {
            Commit::Committed(revision) => revisions.push(revision),
            Commit::Conflict => panic!("a conflict"),
        }
    }
    let (found, _) = store.load(&name(7)).unwrap().unwrap();
    assert_eq!(found.as_bytes(), long);
    // Pages have as many as fit.
    let (mut names, mut after) = (Vec::new(), Some(String::new()));
    while let Some(last) = after {
        let page = store.list(&last, 100).unwrap();
        assert!(page.records.iter().all(|(_, found)| found.is_ok()));
        names.extend(page.records.into_iter().map(|(name, _)| name));
        after = page.next;
    }
    assert_eq!(names, (0..8).map(name).collect::<Vec<_>>());

    let to: Vec<String> = (0..8).map(|number| format!("to{number}")).collect();
    let from: Vec<String> = (0..8).map(name).collect();
    let moves = revisions.iter().zip(&from).zip(&to).zip(1000..);
    let moves: Vec<Move<'_>> = moves
        .map(|(((expected, from), to), uid)| Move {
            from,
            to,
            uid,
            record: &long,
            expected: *expected,
        })
        .collect();
    let outcome = store.rename(&moves);
    assert!(
        matches!(outcome, Err(StoreError::Invalid { .. })),
        "{outcome:?}"
    );
    let outcome = store.rename(&moves[..4]);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");

    let ids = ["a", "b", "c", "d"].map(|name| DocumentId::new(DocumentKind::Host, name).unwrap());
    let changes = ids.each_ref().map(|id| DocumentChange {
        id,
        expected: Some(Revision::NONE),
        document: Some(&long[..MAX_RECORD_BYTES]),
    });
    let outcome = store.change_documents(&changes);
    assert!(matches!(outcome, Ok(Commit::Committed(_))), "{outcome:?}");
}
