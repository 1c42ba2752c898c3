//! The store alone: commits per second with a number of concurrent clients.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tfa_store::{Commit, Sealed, SqliteStore, StateDir, Store};

use crate::statistics::{Rate, Times};
use crate::user::User;
use tfa_tests::OrFail;

/// Each client commits the record of one user, again and again, without a pause.
pub(crate) fn commit(state: &Path, clients: u32, time: Duration) -> Rate {
    let state_dir = StateDir {
        path: state.to_owned(),
        credentials: None,
    };
    let store = tfa_store::open(&state_dir, |_| None)
        .or_fail("open a store")
        .store;
    let start = Instant::now();
    let mut times = Times::default();
    thread::scope(|scope| {
        let store = &store;
        let running: Vec<_> = User::first(clients)
            .map(|user| scope.spawn(move || commit_until(store, user, start + time)))
            .collect();
        for client in running {
            times.extend(&client.join().ok().or_fail("wait for a client of the store"));
        }
    });
    let elapsed = start.elapsed();
    store.close();
    Rate { elapsed, times }
}

fn commit_until(store: &Sealed<SqliteStore>, user: User, end: Instant) -> Times {
    let name = user.name();
    let loaded = store.load(&name).or_fail("load a record");
    let (record, mut revision) = loaded.or_fail("find a record in the store");
    let mut times = Times::default();
    while Instant::now() < end {
        let begin = Instant::now();
        let committed = store.commit(&name, user.uid(), record.as_bytes(), revision);
        times.push(begin.elapsed());
        revision = match committed.or_fail("commit a record") {
            Commit::Committed(revision) => revision,
            Commit::Conflict => panic!("another program writes to the store"),
        };
    }
    times
}
