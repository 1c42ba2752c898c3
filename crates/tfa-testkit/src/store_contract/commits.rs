//! Reading, committing, removing, closing.

use std::thread;

use tfa_store::limits::MAX_STORED_BYTES;
use tfa_store::{Commit, MAX_RECORD_BYTES, MAX_USER_BYTES, Revision, Store, StoreError};

use super::{Backend, error, get, put, uid};

/// A user without a record is reported as such, next to users of similar names.
pub fn absence_is_reported(backend: &impl Backend) {
    let store = backend.open();
    assert!(get(&store, "lea").is_none());
    put(&store, "lea", b"one", Revision::NONE);
    assert!(get(&store, "le").is_none());
    assert!(get(&store, "lea2").is_none());
    assert!(get(&store, "Lea").is_none());
}

/// A record is read back unchanged with the revision of its commit, also by another store.
pub fn record_is_read_back_with_its_revision(backend: &impl Backend) {
    let store = backend.open();
    let longest = vec![7; MAX_RECORD_BYTES];
    for (user, record) in [
        ("lea", &b"one"[..]),
        ("björn@example.org", b""),
        ("max", &longest),
    ] {
        let revision = put(&store, user, record, Revision::NONE);
        assert_eq!(get(&store, user), Some((record.to_vec(), revision)));
    }
    store.close();
    let store = backend.open();
    assert_eq!(get(&store, "max").unwrap().0, longest);
}

/// A change that expects another revision is a conflict and changes nothing.
pub fn stale_revision_is_a_conflict(backend: &impl Backend) {
    let store = backend.open();
    let first = put(&store, "lea", b"one", Revision::NONE);
    let second = put(&store, "lea", b"two", first);
    let never = Revision::new(second.get() + 1);
    for wrong in [Revision::NONE, first, never, Revision::new(u64::MAX)] {
        assert_eq!(
            store.commit("lea", uid("lea"), b"three", wrong).unwrap(),
            Commit::Conflict
        );
        assert_eq!(store.remove("lea", Some(wrong)).unwrap(), Commit::Conflict);
        assert_eq!(get(&store, "lea"), Some((b"two".to_vec(), second)));
    }
    assert_eq!(
        store.commit("max", uid("max"), b"one", second).unwrap(),
        Commit::Conflict
    );
    assert!(get(&store, "max").is_none());
}

/// Makes 64 commits of one user at the same time, through these stores in turn. Exactly one of them
/// must be committed, and be what is stored.
fn one_wins(stores: &[&dyn Store], expected: Revision, round: u8) {
    let commits = thread::scope(|scope| {
        let commits: Vec<_> = (0..64)
            .zip(stores.iter().cycle())
            .map(|(number, store)| {
                scope.spawn(move || {
                    let record = [round, number];
                    let committed = store.commit("lea", uid("lea"), &record, expected);
                    (number, committed.unwrap())
                })
            })
            .collect();
        let commits = commits.into_iter().map(|commit| commit.join().unwrap());
        commits.collect::<Vec<_>>()
    });
    let mut winners = commits
        .into_iter()
        .filter_map(|(number, commit)| match commit {
            Commit::Committed(revision) => Some((vec![round, number], revision)),
            Commit::Conflict => None,
        });
    let winner = winners.next();
    assert!(winner.is_some(), "none was committed");
    assert!(winners.next().is_none(), "two were committed");
    for store in stores {
        assert_eq!(get(*store, "lea"), winner);
    }
}

/// Of 64 commits with one expected revision exactly one is committed.
pub fn one_of_64_commits_wins(backend: &impl Backend) {
    let store = backend.open();
    let mut expected = Revision::NONE;
    for round in 0..20 {
        one_wins(&[&store], expected, round);
        expected = get(&store, "lea").unwrap().1;
    }
}

/// Of 64 commits through two stores on the same records exactly one is committed.
pub fn one_of_64_commits_through_two_stores_wins(backend: &impl Backend) {
    let (one, other) = (backend.open(), backend.open());
    let mut expected = Revision::NONE;
    for round in 0..20 {
        one_wins(&[&one, &other], expected, round);
        expected = get(&other, "lea").unwrap().1;
        assert_eq!(get(&one, "lea").unwrap().1, expected);
    }
}

/// Removing a record that does not exist succeeds, unless a revision was expected.
pub fn removal_of_a_missing_record_succeeds(backend: &impl Backend) {
    let store = backend.open();
    let done = Commit::Committed(Revision::NONE);
    assert_eq!(store.remove("lea", None).unwrap(), done);
    assert_eq!(store.remove("lea", Some(Revision::NONE)).unwrap(), done);
    assert_eq!(
        store.remove("lea", Some(Revision::new(1))).unwrap(),
        Commit::Conflict
    );
}

/// A name or record out of bounds is refused with [`StoreError::Invalid`].
pub fn invalid_names_and_records_are_refused(backend: &impl Backend) {
    let store = backend.open();
    let is_invalid = |refused: StoreError| {
        assert!(matches!(refused, StoreError::Invalid { .. }), "{refused}");
    };
    let longest = "n".repeat(MAX_USER_BYTES);
    let too_long = format!("{longest}n");
    for name in ["", "le\0a", &too_long] {
        is_invalid(error(store.commit(name, uid(name), b"one", Revision::NONE)));
        is_invalid(error(store.load(name)));
        is_invalid(error(store.remove(name, None)));
    }
    let record = vec![0; MAX_STORED_BYTES + 1];
    is_invalid(error(store.commit(
        "lea",
        uid("lea"),
        &record,
        Revision::NONE,
    )));
    put(&store, &longest, b"one", Revision::NONE);
}

/// A closed store has finished what was reported as committed, and refuses later calls.
pub fn close_finishes_what_was_asked_for(backend: &impl Backend) {
    let store = backend.open();
    let outcomes = thread::scope(|scope| {
        let commits: Vec<_> = (0..2000)
            .map(|number| {
                let store = &store;
                scope.spawn(move || {
                    let name = format!("user{number}");
                    let outcome = store.commit(&name, uid(&name), b"one", Revision::NONE);
                    (name, outcome)
                })
            })
            .collect();
        store.close();
        let commits = commits.into_iter().map(|commit| commit.join().unwrap());
        commits.collect::<Vec<_>>()
    });
    assert_eq!(error(store.load("lea")), StoreError::Stopped);
    assert_eq!(error(store.remove("lea", None)), StoreError::Stopped);
    store.close();
    let again = backend.open();
    for (name, outcome) in outcomes {
        let is_stored = get(&again, &name).is_some();
        let is_committed = matches!(outcome, Ok(Commit::Committed(_)));
        assert_eq!(is_stored, is_committed, "{outcome:?}");
    }
}
