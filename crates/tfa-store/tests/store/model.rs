//! Two stores over one database behave as one map of records, whatever is asked of them in turn.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tfa_store::{ByUid, Commit, Move, Revision, Sealed, SqliteStore, Store};

use crate::scratch::{Scratch, get, uid};

const USERS: [&str; 3] = ["ada", "bob", "lea"];

/// A call. Users and stores are given by number.
#[derive(Clone, Debug)]
enum Call {
    /// With the present revision, or with the one before it.
    Commit(usize, u8, bool),
    Rename(usize, usize, bool),
    Remove(usize, bool),
    Load(usize),
}

fn calls() -> impl Strategy<Value = Vec<(bool, Call)>> {
    let user = || 0..USERS.len();
    let is_current = || prop::bool::weighted(0.8);
    let call = prop_oneof![
        6 => (user(), any::<u8>(), is_current()).prop_map(|(user, byte, current)| Call::Commit(user, byte, current)),
        1 => (user(), user(), is_current()).prop_map(|(from, to, current)| Call::Rename(from, to, current)),
        1 => (user(), is_current()).prop_map(|(user, current)| Call::Remove(user, current)),
        3 => user().prop_map(Call::Load),
    ];
    prop::collection::vec((prop::bool::weighted(0.3), call), 1..40)
}

/// The records that there should be, and the last revision that was given.
#[derive(Default)]
struct Model {
    records: BTreeMap<&'static str, (Vec<u8>, Revision)>,
    last: u64,
}

impl Model {
    /// The revision to commit on: that of the record, or another one.
    fn expected(&self, user: &str, is_current: bool) -> Revision {
        let revision = self.records.get(user).map_or(Revision::NONE, |it| it.1);
        match is_current {
            true => revision,
            false => Revision::new(revision.get() + 1),
        }
    }

    /// Checks the outcome of a change that must succeed or must not. Returns the new revision.
    fn check(&mut self, outcome: Commit, succeeds: bool) -> Option<Revision> {
        match outcome {
            Commit::Committed(revision) => {
                assert!(succeeds);
                if revision != Revision::NONE {
                    assert!(revision.get() > self.last, "a revision was given twice");
                    self.last = revision.get();
                }
                Some(revision)
            }
            Commit::Conflict => {
                assert!(!succeeds);
                None
            }
        }
    }

    fn make(&mut self, store: &Sealed<SqliteStore>, call: &Call) {
        match *call {
            Call::Commit(user, byte, is_current) => {
                let (user, record) = (USERS[user], vec![byte; 300]);
                let expected = self.expected(user, is_current);
                let outcome = store.commit(user, uid(user), &record, expected).unwrap();
                if let Some(revision) = self.check(outcome, is_current) {
                    self.records.insert(user, (record, revision));
                }
            }
            Call::Rename(from, to, is_current) => {
                let (from, to) = (USERS[from], USERS[to]);
                let expected = self.expected(from, is_current);
                if expected == Revision::NONE {
                    return;
                }
                let moves = [Move {
                    from,
                    to,
                    uid: uid(to),
                    record: b"moved",
                    expected,
                }];
                let is_free = from == to || !self.records.contains_key(to);
                let exists = self.records.contains_key(from);
                let outcome = store.rename(&moves).unwrap();
                if let Some(revision) = self.check(outcome, is_current && is_free && exists) {
                    self.records.remove(from);
                    self.records.insert(to, (b"moved".to_vec(), revision));
                }
            }
            Call::Remove(user, is_current) => {
                let user = USERS[user];
                let expected = self.expected(user, is_current);
                let outcome = store.remove(user, Some(expected)).unwrap();
                if self.check(outcome, is_current).is_some() {
                    self.records.remove(user);
                }
            }
            Call::Load(user) => self.holds(store, USERS[user]),
        }
    }

    fn holds(&self, store: &Sealed<SqliteStore>, user: &str) {
        let record = self.records.get(user);
        assert_eq!(get(store, user).as_ref(), record);
        match store.find(uid(user)).unwrap() {
            ByUid::Found(name, found, revision) => {
                assert_eq!(name, user);
                assert_eq!(Some(&(found.as_bytes().to_vec(), revision)), record);
            }
            ByUid::None => assert!(record.is_none()),
            ByUid::Unknown(users) => panic!("of {users:?} the uids are not known"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_stores_behave_as_one_map(calls in calls()) {
        let scratch = Scratch::new();
        let stores = [scratch.store(), scratch.store()];
        let mut model = Model::default();
        for (is_second, call) in &calls {
            model.make(&stores[usize::from(*is_second)], call);
        }
        for store in &stores {
            USERS.iter().for_each(|user| model.holds(store, user));
        }
    }
}
