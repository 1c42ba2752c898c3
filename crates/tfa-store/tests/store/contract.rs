//! The contract: what any store must do.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;

use tfa_store::{Commit, RECORD_LIMIT, Revision, SqliteStore, Store, StoreError, USER_LIMIT};

use crate::scratch::{Scratch, child, child_word, error, get, open, pages_in_log, put, uid};

#[test]
fn a_user_without_a_record_is_known_as_such() {
    let scratch = Scratch::new();
    let store = scratch.store();
    assert!(get(&store, "lea").is_none());
    put(&store, "lea", b"one", Revision::NONE);
    assert!(get(&store, "le").is_none());
    assert!(get(&store, "lea2").is_none());
    assert!(get(&store, "Lea").is_none());
}

#[test]
fn a_record_comes_back_with_the_revision_of_its_commit() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let longest = vec![7; RECORD_LIMIT];
    for (user, record) in [
        ("lea", &b"one"[..]),
        ("björn@example.org", b""),
        ("max", &longest),
    ] {
        let revision = put(&store, user, record, Revision::NONE);
        assert_eq!(get(&store, user), Some((record.to_vec(), revision)));
    }
    store.close();
    let store = scratch.store();
    assert_eq!(get(&store, "max").unwrap().0, longest);
}

#[test]
fn a_commit_on_another_revision_is_a_conflict_and_changes_nothing() {
    let scratch = Scratch::new();
    let store = scratch.store();
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

/// How many of these commits of one user went through, all of them asked for at the same time.
fn winners(stores: &[Arc<SqliteStore>], expected: Revision, round: u8) -> usize {
    let commits: Vec<_> = (0..64)
        .map(|number: u8| {
            let store = Arc::clone(&stores[usize::from(number) % stores.len()]);
            std::thread::spawn(move || {
                let outcome = store
                    .commit("lea", uid("lea"), &[round, number], expected)
                    .unwrap();
                (number, outcome)
            })
        })
        .collect();
    let mut won = Vec::new();
    for commit in commits {
        if let (number, Commit::Committed(revision)) = commit.join().unwrap() {
            won.push((number, revision));
        }
    }
    let Some(&(number, revision)) = won.first() else {
        return 0;
    };
    assert_eq!(
        get(&*stores[0], "lea"),
        Some((vec![round, number], revision))
    );
    won.len()
}

#[test]
fn of_64_commits_with_one_expected_revision_exactly_one_wins() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let mut expected = Revision::NONE;
    for round in 0..20 {
        assert_eq!(winners(&[Arc::clone(&store)], expected, round), 1);
        expected = get(&*store, "lea").unwrap().1;
    }
}

#[test]
fn of_64_commits_through_two_stores_on_one_database_exactly_one_wins() {
    let scratch = Scratch::new();
    let stores = [Arc::new(scratch.store()), Arc::new(scratch.store())];
    let mut expected = Revision::NONE;
    for round in 0..20 {
        assert_eq!(winners(&stores, expected, round), 1);
        for store in &stores {
            expected = get(&**store, "lea").unwrap().1;
        }
    }
}

#[test]
fn child_counts_up() {
    let Some(state) = child_word() else { return };
    let store = open(&tfa_store::Place {
        state: state.into(),
        credentials: None,
    })
    .store;
    for _ in 0..200 {
        loop {
            let (count, revision) = match get(&store, "lea") {
                Some((record, revision)) => {
                    (u64::from_le_bytes(record.try_into().unwrap()), revision)
                }
                None => (0, Revision::NONE),
            };
            let next = (count + 1).to_le_bytes();
            let outcome = store.commit("lea", uid("lea"), &next, revision).unwrap();
            if let Commit::Committed(revision) = outcome {
                println!("revision {revision}");
                break;
            }
        }
    }
    store.close();
}

#[test]
fn four_processes_on_one_database_lose_no_change_and_share_no_revision() {
    let scratch = Scratch::new();
    scratch.store().close();
    let children: Vec<_> = (0..4)
        .map(|_| {
            let state = scratch.state().display().to_string();
            child("contract::child_counts_up", &state)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut given = BTreeSet::new();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success());
        given.extend(revisions_in(&ended.stdout));
    }
    assert_eq!(given.len(), 800);
    let (record, revision) = get(&scratch.store(), "lea").unwrap();
    assert_eq!(record, 800_u64.to_le_bytes());
    assert_eq!(Some(&revision), given.last());
}

/// The revisions that a counting child was given.
fn revisions_in(words: &[u8]) -> Vec<Revision> {
    String::from_utf8_lossy(words)
        .lines()
        .filter_map(|line| line.split_once("revision ")?.1.parse().ok())
        .map(Revision::new)
        .collect()
}

#[test]
fn a_removed_and_recreated_record_never_takes_an_old_revision() {
    let scratch = Scratch::new();
    let mut seen = BTreeSet::new();
    for round in 0..6 {
        let store = scratch.store();
        let first = put(&store, "lea", b"one", Revision::NONE);
        let second = put(&store, "lea", b"two", first);
        assert!(seen.insert(first) && seen.insert(second));
        let expected = (round % 2 == 0).then_some(second);
        assert_eq!(
            store.remove("lea", expected).unwrap(),
            Commit::Committed(Revision::NONE)
        );
        assert!(get(&store, "lea").is_none());
        assert_eq!(
            store.commit("lea", uid("lea"), b"three", second).unwrap(),
            Commit::Conflict
        );
        // The count outlives the process, too.
        store.close();
    }
}

#[test]
fn of_a_thousand_commits_all_but_two_write_one_page() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let mut revision = put(&store, "lea", &[0; 700], Revision::NONE);
    let before = pages_in_log(&scratch);
    for step in 0..1000 {
        revision = put(&store, "lea", &[step as u8; 700], revision);
    }
    let written = pages_in_log(&scratch) - before;
    assert!((1000..=1002).contains(&written), "{written} pages");
}

#[test]
fn a_conflict_writes_no_page() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let revision = put(&store, "lea", b"one", Revision::NONE);
    put(&store, "lea", b"two", revision);
    // One that has just been opened has no block of revisions yet.
    for store in [&store, &scratch.store()] {
        let before = pages_in_log(&scratch);
        assert_eq!(
            store.commit("lea", uid("lea"), b"three", revision).unwrap(),
            Commit::Conflict
        );
        assert_eq!(pages_in_log(&scratch), before);
    }
}

#[test]
fn revisions_grow_over_every_reopening() {
    let scratch = Scratch::new();
    let mut last = Revision::NONE;
    for round in 0..12 {
        let store = scratch.store();
        for step in 0..round % 4 {
            let revision = put(&store, &format!("{round}.{step}"), b"one", Revision::NONE);
            assert!(revision > last, "{revision} after {last}");
            last = revision;
        }
        if round % 2 == 0 {
            store.close();
        }
    }
}

#[test]
fn revisions_grow_through_stores_that_take_turns_on_one_database() {
    let scratch = Scratch::new();
    let stores = [scratch.store(), scratch.store(), scratch.store()];
    let mut held = [Revision::NONE; 3];
    let mut last = Revision::NONE;
    // Each store comes after each other one, and stays for turns of different lengths.
    for (turn, who) in [0, 1, 2, 0, 2, 1].into_iter().cycle().take(60).enumerate() {
        for _ in 0..=turn % 4 {
            held[who] = put(&stores[who], &format!("user{who}"), b"one", held[who]);
            assert!(held[who] > last, "{} after {last}", held[who]);
            last = held[who];
        }
    }
}

#[test]
fn a_removal_of_what_is_not_there_is_as_good_as_done() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let done = Commit::Committed(Revision::NONE);
    assert_eq!(store.remove("lea", None).unwrap(), done);
    assert_eq!(store.remove("lea", Some(Revision::NONE)).unwrap(), done);
    assert_eq!(
        store.remove("lea", Some(Revision::new(1))).unwrap(),
        Commit::Conflict
    );
}

#[test]
fn the_list_names_everybody_once_and_in_order() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let names: BTreeSet<String> = (0..3000).map(|number| format!("user{number}")).collect();
    let commits: Vec<_> = names
        .iter()
        .map(|name| {
            let (store, name) = (Arc::clone(&store), name.clone());
            std::thread::spawn(move || put(&*store, &name, name.as_bytes(), Revision::NONE))
        })
        .collect();
    for commit in commits {
        commit.join().unwrap();
    }
    let _ = store.remove("user7", None).unwrap();
    let listed = store.list().unwrap();
    assert!(
        listed
            .iter()
            .map(|(name, _)| name)
            .eq(names.iter().filter(|name| *name != "user7"))
    );
    for (name, record) in listed {
        assert_eq!(
            record.map(|(record, _)| record.as_bytes().to_vec()),
            Ok(name.into_bytes())
        );
    }
}

#[test]
fn names_and_records_out_of_bounds_are_refused() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let long = "n".repeat(USER_LIMIT + 1);
    for name in ["", "le\0a", &long] {
        let refused = error(store.commit(name, uid(name), b"one", Revision::NONE));
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
        assert!(matches!(
            error(store.load(name)),
            StoreError::Refused { .. }
        ));
        assert!(matches!(
            error(store.remove(name, None)),
            StoreError::Refused { .. }
        ));
    }
    let record = vec![0; RECORD_LIMIT + 1];
    let refused = error(store.commit("lea", uid("lea"), &record, Revision::NONE));
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    put(&store, &long[1..], b"one", Revision::NONE);
}

#[test]
fn what_was_asked_for_before_the_end_is_done_and_what_comes_later_is_refused() {
    let scratch = Scratch::new();
    let store = Arc::new(scratch.store());
    let commits: Vec<_> = (0..2000)
        .map(|number| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                store.commit(
                    &format!("user{number}"),
                    uid(&format!("user{number}")),
                    b"one",
                    Revision::NONE,
                )
            })
        })
        .collect();
    std::thread::yield_now();
    store.close();
    assert!(matches!(
        error(store.load("lea")),
        StoreError::Unavailable { .. }
    ));
    assert!(matches!(
        error(store.remove("lea", None)),
        StoreError::Unavailable { .. }
    ));
    store.close();
    let again = scratch.store();
    for (number, commit) in commits.into_iter().enumerate() {
        let outcome = commit.join().unwrap();
        let there = get(&again, &format!("user{number}")).is_some();
        assert_eq!(
            there,
            matches!(outcome, Ok(Commit::Committed(_))),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_clean_end_leaves_the_database_and_no_log() {
    let scratch = Scratch::new();
    let store = scratch.store();
    put(&store, "lea", b"one", Revision::NONE);
    store.close();
    let names: Vec<_> = scratch
        .picture()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["accounts.db", "key", "key.id"]);
}
