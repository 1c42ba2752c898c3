//! What etcd takes in one transaction.

use tfa_store::etcd;
use tfa_store::limits::MAX_STORED_BYTES;
use tfa_store::{Commit, Move, Revision, Store, StoreError};
use tfa_testkit::MemoryKv;

use crate::open::Host;
use crate::verifier::{committed, name_of, record, verifier};

/// Stores `count` records of this length, and moves each to the name and the uid of the next.
fn rotate(etcd: &MemoryKv, count: u32, length: usize) -> Result<Commit, StoreError> {
    rotate_in(&verifier(etcd), count, length)
}

fn rotate_in(store: &impl Store, count: u32, length: usize) -> Result<Commit, StoreError> {
    let bytes = vec![7; length];
    let names: Vec<String> = (0..count).map(|number| format!("user{number}")).collect();
    let commit =
        |(uid, name): (u32, &String)| committed(store.commit(name, uid, &bytes, Revision::NONE));
    let revisions: Vec<Revision> = (0..).zip(&names).map(commit).collect();
    let next = names.iter().cycle().skip(1);
    let moves = names.iter().zip(next).zip(revisions).zip(1..);
    let moves: Vec<Move<'_>> = moves
        .map(|(((from, to), expected), uid)| Move {
            from,
            to,
            uid: uid % count,
            record: &bytes,
            expected,
        })
        .collect();
    store.rename(&moves)
}

#[test]
fn thirty_one_records_move_at_once_on_condition_of_the_mark() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = etcd::open(&host.state_dir(), etcd.another()).unwrap().store;
    committed(rotate_in(&store, 31, 2000));

    let etcd = MemoryKv::default();
    let revision = committed(rotate(&etcd, 31, 2000));
    for number in 0..31 {
        let user = format!("user{number}");
        assert_eq!(record(&etcd, &user).unwrap().1, revision);
        assert_eq!(name_of(&etcd, number), Some(user));
    }
}

#[test]
fn more_moves_than_etcd_takes_are_refused() {
    for (count, length) in [(32, 2), (8, MAX_STORED_BYTES)] {
        let etcd = MemoryKv::default();
        let refused = rotate(&etcd, count, length);
        assert!(
            matches!(refused, Err(StoreError::Invalid { .. })),
            "{refused:?}"
        );
        assert_eq!(name_of(&etcd, 3).as_deref(), Some("user3"));
    }
}

#[test]
fn removals_leave_one_key_for_each_user() {
    let etcd = MemoryKv::default();
    for _ in 0..3 {
        let store = verifier(&etcd);
        let revision = committed(store.commit("lea", 1000, b"one", Revision::NONE));
        let _ = store.remove("lea", Some(revision)).unwrap();
    }
    assert_eq!(etcd.keys(), ["/tfa/a/lea"]);
}
