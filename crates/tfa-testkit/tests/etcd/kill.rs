//! etcd is killed while several verifiers commit.

use std::sync::mpsc;
use std::thread;

use tfa_store::etcd::EtcdStore;
use tfa_store::{Commit, Revision, Store, StoreError};

use crate::gateway::Gateway;
use crate::server::Etcd;

const VERIFIERS: usize = 4;

/// What one verifier was told until etcd did not answer any more.
struct Told {
    committed: u64,
    /// 1 if it does not know of its last commit whether it was made.
    ambiguous: u64,
}

/// The number in the record.
fn count(store: &EtcdStore<Gateway>) -> Result<(u64, Revision), StoreError> {
    let found = store.load("lea")?;
    Ok(found.map_or((0, Revision::NONE), |(record, revision)| {
        let number = record.as_bytes().try_into().unwrap();
        (u64::from_be_bytes(number), revision)
    }))
}

/// Counts up until an error.
fn count_up(store: &EtcdStore<Gateway>, acknowledged: &mpsc::Sender<()>) -> Told {
    let mut committed = 0;
    loop {
        let outcome = count(store).and_then(|(number, revision)| {
            store.commit("lea", 1000, &(number + 1).to_be_bytes(), revision)
        });
        let ambiguous = match outcome {
            Ok(Commit::Committed(_)) => {
                committed += 1;
                let _ = acknowledged.send(());
                continue;
            }
            Ok(Commit::Conflict) => continue,
            Err(StoreError::Ambiguous { .. }) => 1,
            Err(StoreError::Unavailable { .. }) => 0,
            Err(error) => panic!("{error}"),
        };
        return Told {
            committed,
            ambiguous,
        };
    }
}

#[test]
fn killed_etcd_loses_no_acknowledged_commit_and_makes_none_twice() {
    let Some(mut etcd) = Etcd::start() else {
        return;
    };
    let mut before = 0;
    for _ in 0..3 {
        let (acknowledged, commits) = mpsc::channel();
        let verifiers: Vec<_> = (0..VERIFIERS)
            .map(|_| {
                let store = EtcdStore::new(etcd.client(), "/tfa/");
                let acknowledged = acknowledged.clone();
                thread::spawn(move || count_up(&store, &acknowledged))
            })
            .collect();
        assert_eq!(commits.iter().take(50).count(), 50);
        etcd.kill();
        let told = verifiers
            .into_iter()
            .map(|verifier| verifier.join().unwrap());
        let told: Vec<Told> = told.collect();
        etcd.restart();
        let store = EtcdStore::new(etcd.client(), "/tfa/");
        let (after, _) = count(&store).unwrap();
        let committed: u64 = told.iter().map(|told| told.committed).sum();
        let ambiguous: u64 = told.iter().map(|told| told.ambiguous).sum();
        let possible = before + committed..=before + committed + ambiguous;
        assert!(possible.contains(&after), "{after} is not in {possible:?}");
        before = after;
    }
}
