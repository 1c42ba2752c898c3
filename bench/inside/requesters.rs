//! The store without the bus: how many commits a second it takes from so many requesters at once.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use tfa_store::{Commit, Sealed, SqliteStore, StateDir, Store};

use crate::person::Person;
use crate::statistics::{Rate, Times};
use tfa_tests::OrFail;

/// Requesters commit as fast as they are answered, each the record of a user of its own.
pub(crate) fn commit(state: &Path, requesters: u32, time: Duration) -> Rate {
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
        let running: Vec<_> = Person::first(requesters)
            .map(|person| scope.spawn(move || request(store, person, start + time)))
            .collect();
        for requester in running {
            times.extend(&requester.join().ok().or_fail("wait for a requester"));
        }
    });
    let elapsed = start.elapsed();
    store.close();
    Rate { elapsed, times }
}

fn request(store: &Sealed<SqliteStore>, person: Person, end: Instant) -> Times {
    let name = person.name();
    let loaded = store.load(&name).or_fail("load a record");
    let (record, mut revision) = loaded.or_fail("find a record in the store");
    let mut times = Times::default();
    while Instant::now() < end {
        let begin = Instant::now();
        let committed = store.commit(&name, person.uid(), record.as_bytes(), revision);
        times.push(begin.elapsed());
        revision = match committed.or_fail("commit a record") {
            Commit::Committed(revision) => revision,
            Commit::Conflict => panic!("another program writes to the store"),
        };
    }
    times
}
