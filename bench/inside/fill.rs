//! Fills the stores: that of the daemon through the daemon's own code, those of the peers as their
//! manuals describe.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tfa_core::{Account, Authenticator, BackupSet, Input, Parameters, Secret, Time};
use tfa_store::{Commit, Revision, Sealed, SqliteStore, StateDir, Store};

use super::folder::{self, RESTORED_UP_TO};
use super::upkeep::{self, Upkeep};
use crate::backup;
use crate::layout;
use crate::phone;
use crate::user::User;
use tfa_tests::OrFail;

/// The time of all enrollments. No code of that time is valid now.
const SET_UP: Time = Time::from_secs(1_700_000_010);

/// The number of concurrent commits: several full batches of the writer of the store.
const CONCURRENT_COMMITS: usize = 900;

/// Which stores to fill.
#[derive(Serialize, Deserialize)]
pub(crate) struct Task {
    /// The number of users.
    pub(crate) users: u32,
    /// Whether the stores of the peers are filled too.
    pub(crate) peers: bool,
}

/// The filled store of the daemon.
#[derive(Serialize, Deserialize)]
pub(crate) struct Filled {
    /// The time to fill it.
    pub(crate) took: Duration,
    /// The size of its database.
    pub(crate) bytes: u64,
    /// What its upkeep took, where it is measured.
    pub(crate) upkeep: Option<Upkeep>,
}

pub(super) fn run(task: &Task) -> Filled {
    let Task { users, peers } = *task;
    let mut filled = fill_ours(&layout::ours(users), users);
    filled.upkeep = Some(upkeep::measure(&layout::ours(users)));
    if peers {
        fill_google(&layout::google(users), users);
        fill_oath(&layout::oath(users), users);
    }
    if users <= RESTORED_UP_TO {
        folder::save(&layout::ours(users));
        folder::save(&layout::google(users));
        folder::save(&layout::oath(users));
    }
    filled
}

/// Fills a store of the daemon, with one commit for each user, as enrollments do.
pub(crate) fn fill_ours(state: &Path, users: u32) -> Filled {
    let start = Instant::now();
    folder::create(state);
    let state_dir = StateDir {
        path: state.to_owned(),
        credentials: None,
    };
    let store = tfa_store::open(&state_dir, |_| None)
        .or_fail("create a store")
        .store;
    let (backup, _) = backup::codes();
    // Each thread takes the next user of the list. Users in one batch are then neighbours in the
    // index of the store.
    let list = Mutex::new(in_index_order(users).into_iter());
    let next = || list.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..CONCURRENT_COMMITS {
            scope.spawn(|| {
                while let Some(user) = next() {
                    commit(&store, user, backup.clone());
                }
            });
        }
    });
    store.close();
    let bytes = std::fs::metadata(state.join("accounts.db"))
        .or_fail("read the size of the database")
        .len();
    Filled {
        took: start.elapsed(),
        bytes,
        upkeep: None,
    }
}

fn commit(store: &Sealed<SqliteStore>, user: User, backup: BackupSet) {
    let record = account(user, backup).encode();
    let committed = store.commit(&user.name(), user.uid(), &record, Revision::NONE);
    match committed.or_fail("commit a record") {
        Commit::Committed(_) => {}
        Commit::Conflict => panic!("cannot fill a store: another program wrote to it"),
    }
}

/// The users in the order of the index of the store, so that one batch changes few of its parts. Any
/// other order makes the same store, but takes longer.
fn in_index_order(users: u32) -> Vec<User> {
    let mut list: Vec<User> = User::first(users).collect();
    list.sort_by_cached_key(|user| {
        let [high, low, ..] = <[u8; 32]>::from(Sha256::digest(user.name()));
        u16::from_be_bytes([high, low]) % 1024
    });
    list
}

/// An account, enrolled as a user enrolls.
pub(crate) fn account(user: User, backup: BackupSet) -> Account {
    let key = Secret::new(&user.key()).or_fail("create a key");
    let authenticator = Authenticator::totp("phone", Parameters::default(), key);
    let mut account = Account::new(user.uid());
    let proof = phone::code(user, SET_UP.step(30).counter().value());
    let done = account
        .set_up(authenticator, SET_UP)
        .and_then(|()| account.confirm(&Input::parse(&proof), Some(backup), SET_UP));
    if let Err(refusal) = done {
        panic!("cannot enroll an account: {refusal:?}");
    }
    account
}

/// One file for each user.
fn fill_google(place: &Path, users: u32) {
    folder::create(place);
    for user in User::first(users) {
        folder::write_secret(&place.join(user.name()), &user.google_file());
    }
}

/// One users file of `pam_oath` for each user.
pub(crate) fn fill_oath_each(place: &Path, users: u32) {
    folder::create(place);
    for user in User::first(users) {
        folder::write_secret(&place.join(user.name()), &user.oath_line());
    }
}

/// One file with a line for each user, sorted by name.
fn fill_oath(place: &Path, users: u32) {
    folder::create(place);
    let mut list: Vec<User> = User::first(users).collect();
    list.sort_by_cached_key(|user| user.name());
    let lines: String = list.into_iter().map(User::oath_line).collect();
    folder::write_secret(&place.join("users"), &lines);
}
