//! The store without the bus: how many commits a second it takes from so many requesters at once.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tfa_store::{Commit, Place, SqliteStore, Store};

use super::load::Rate;
use crate::person::Person;
use crate::statistics::Times;
use tfa_tests::OrFail;

/// Requesters commit as fast as they are answered, each the record of a user of its own.
pub(crate) fn commit(state: &Path, requesters: u32, time: Duration) -> Rate {
    let place = Place {
        state: state.to_owned(),
        credentials: None,
    };
    let store = SqliteStore::open(&place, |_| None)
        .or_fail("open a store")
        .store;
    let store = Arc::new(store);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .or_fail("start a runtime");
    runtime.block_on(async {
        let start = Instant::now();
        let running: Vec<_> = Person::first(requesters)
            .map(|person| tokio::spawn(request(Arc::clone(&store), person, start + time)))
            .collect();
        let mut times = Times::default();
        for requester in running {
            times.extend(&requester.await.or_fail("wait for a requester"));
        }
        let elapsed = start.elapsed();
        store.close().await;
        Rate { elapsed, times }
    })
}

async fn request(store: Arc<SqliteStore>, person: Person, end: Instant) -> Times {
    let name = person.name();
    let loaded = store.load(&name).or_fail("load a record");
    let (record, mut revision) = loaded.or_fail("find a record in the store");
    let mut times = Times::default();
    while Instant::now() < end {
        let begin = Instant::now();
        let committed = store
            .commit(&name, person.uid(), record.as_bytes(), revision)
            .await;
        times.push(begin.elapsed());
        revision = match committed.or_fail("commit a record") {
            Commit::Committed(revision) => revision,
            Commit::Conflict => panic!("somebody else writes to the store"),
        };
    }
    times
}
