//! Makes the stores with as many users as are wanted: the daemon's through its own code, the
//! peers' as their manuals say.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tfa_core::{Account, Authenticator, BackupSet, Input, Parameters, Secret, Time};
use tfa_store::{Commit, Revision, Sealed, SqliteStore, StateDir, Store};

use super::folder::{self, RESTORED_UP_TO};
use crate::backup;
use crate::layout;
use crate::person::Person;
use crate::phone;
use tfa_tests::OrFail;

/// When everybody has set up: long enough ago that no code of then is good now.
const SET_UP: Time = Time::from_secs(1_700_000_010);

/// How many commits are under way at a time: several full batches of the store's writer.
const UNDER_WAY: usize = 900;

/// Which stores to make.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// How many users.
    pub(crate) users: u32,
    /// Whether the peers get as many.
    pub(crate) peers: bool,
}

/// What was made.
#[derive(Serialize, Deserialize)]
pub(crate) struct Filled {
    /// How long it took to fill the daemon's store.
    pub(crate) took: Duration,
    /// The size of the database.
    pub(crate) bytes: u64,
}

pub(super) fn run(task: &Task) -> Filled {
    let Task { users, peers } = *task;
    let filled = fill_ours(&layout::ours(users), users);
    if peers {
        fill_google(&layout::google(users), users);
        fill_oath(&layout::oath(users), users);
    }
    if users <= RESTORED_UP_TO {
        folder::keep(&layout::ours(users));
        folder::keep(&layout::google(users));
        folder::keep(&layout::oath(users));
    }
    filled
}

/// The daemon's store, one commit a user as when people set up.
pub(crate) fn fill_ours(state: &Path, users: u32) -> Filled {
    let start = Instant::now();
    folder::make(state);
    let state_dir = StateDir {
        path: state.to_owned(),
        credentials: None,
    };
    let store = tfa_store::open(&state_dir, |_| None)
        .or_fail("make a store")
        .store;
    let (backup, _) = backup::codes();
    // Each thread takes the next user of the list, so that what is committed together is together in
    // the list.
    let people = Mutex::new(in_order_of_the_roll(users).into_iter());
    let next = || people.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..UNDER_WAY {
            scope.spawn(|| {
                while let Some(person) = next() {
                    commit(&store, person, backup.clone());
                }
            });
        }
    });
    store.close();
    let bytes = std::fs::metadata(state.join("accounts.db"))
        .or_fail("look at the database")
        .len();
    Filled {
        took: start.elapsed(),
        bytes,
    }
}

fn commit(store: &Sealed<SqliteStore>, person: Person, backup: BackupSet) {
    let record = account(person, backup).encode();
    let committed = store.commit(&person.name(), person.uid(), &record, Revision::NONE);
    match committed.or_fail("commit a record") {
        Commit::Committed(_) => {}
        Commit::Conflict => panic!("cannot fill a store: another program writes to it"),
    }
}

/// The users in the order in which the store's roll keeps their names, so that a commit of many
/// touches few of its parts. Any other order makes the same store, only slower.
fn in_order_of_the_roll(users: u32) -> Vec<Person> {
    let mut people: Vec<Person> = Person::first(users).collect();
    people.sort_by_cached_key(|person| {
        let [high, low, ..] = <[u8; 32]>::from(Sha256::digest(person.name()));
        u16::from_be_bytes([high, low]) % 1024
    });
    people
}

/// An account that was set up in the usual way.
fn account(person: Person, backup: BackupSet) -> Account {
    let key = Secret::new(&person.key()).or_fail("make a key");
    let authenticator = Authenticator::new("phone".to_owned(), Parameters::default(), key);
    let mut account = Account::new(person.uid());
    let proof = phone::code(person, SET_UP.step(30).counter());
    let done = account
        .set_up(authenticator, SET_UP)
        .and_then(|()| account.confirm(&Input::parse(&proof), Some(backup), SET_UP));
    if let Err(refusal) = done {
        panic!("cannot set up an account: {refusal:?}");
    }
    account
}

/// A file a user.
fn fill_google(place: &Path, users: u32) {
    folder::make(place);
    for person in Person::first(users) {
        folder::write_secret(&place.join(person.name()), &person.google_file());
    }
}

/// One file with a line a user, in the order of the names.
fn fill_oath(place: &Path, users: u32) {
    folder::make(place);
    let mut people: Vec<Person> = Person::first(users).collect();
    people.sort_by_cached_key(|person| person.name());
    let lines: String = people.into_iter().map(Person::oath_line).collect();
    folder::write_secret(&place.join("users"), &lines);
}
