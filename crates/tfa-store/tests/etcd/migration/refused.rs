//! Migrations that are refused or given up, and databases that are found again.

use std::fs;

use tfa_store::{KeptIn, MigrationError, MigrationStep, StoreError};
use tfa_testkit::{Fault, MemoryKv};

use super::host::{Host, Watch, fill, migrate, open, read, start};

fn watch(during: &mut dyn FnMut(MigrationStep)) -> Watch<'_> {
    Watch {
        killer: None,
        during,
        goes_on: true,
    }
}

#[test]
fn database_that_was_moved_is_not_opened_again() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    fill(&*store);
    store.close();
    migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch(&mut |_| {})).unwrap();
    let path = host.state_dir().path;
    let mut names = fs::read_dir(&path).unwrap();
    let aside = names.find_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("accounts.db.moved-").then(|| path.clone())
    });
    // Also where all that speaks for etcd is deleted.
    fs::rename(aside.unwrap(), path.join("accounts.db")).unwrap();
    for name in ["etcd.id", "key.id"] {
        fs::remove_file(path.join(name)).unwrap();
        let opened = open(&host.state_dir(), &etcd, KeptIn::Database);
        assert!(opened.is_err(), "{name}");
    }
    let opened = open(&host.state_dir(), &etcd, KeptIn::Database);
    assert_eq!(opened.err(), Some(StoreError::DatabaseMoved));
}

#[test]
fn cancelled_migration_leaves_the_store_in_use_and_goes_on_later() {
    for from in [KeptIn::Database, KeptIn::Etcd] {
        let (etcd, host) = (MemoryKv::default(), Host::new());
        let to = if from == KeptIn::Etcd {
            KeptIn::Database
        } else {
            KeptIn::Etcd
        };
        let store = open(&host.state_dir(), &etcd, from).unwrap();
        let expected = fill(&*store);
        store.close();
        let mut during = |_| {};
        let mut cancelled = watch(&mut during);
        cancelled.goes_on = false;
        let outcome = migrate(&host, etcd.another(), to, &mut cancelled);
        assert!(
            matches!(outcome, Err(MigrationError::Cancelled)),
            "{outcome:?}"
        );
        let (kind, store) = start(&host.state_dir(), &etcd, from);
        assert_eq!((kind, read(&*store)), (from, expected.clone()));
        store.close();
        migrate(&host, etcd.another(), to, &mut watch(&mut |_| {})).unwrap();
        let store = open(&host.state_dir(), &etcd, to).unwrap();
        assert_eq!(read(&*store), expected);
    }
}

#[test]
fn etcd_that_is_lost_at_the_last_step_refuses_until_it_answers() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let expected = fill(&*store);
    store.close();
    let kv = etcd.another();
    let mut during = |step| {
        if step == MigrationStep::Closed {
            kv.fail([Some(Fault::RequestLost); 12]);
        }
    };
    let outcome = migrate(&host, &kv, KeptIn::Etcd, &mut watch(&mut during));
    assert!(
        matches!(outcome, Err(MigrationError::Undecided(_))),
        "{outcome:?}"
    );
    let state_dir = host.state_dir();
    assert!(open(&state_dir, &etcd, KeptIn::Database).is_err());
    assert!(open(&state_dir, &etcd, KeptIn::Etcd).is_err());
    let silent = etcd.another();
    silent.fail([Some(Fault::Unsent); 12]);
    assert!(tfa_store::settle_migration(&state_dir, || Ok(silent), 0).is_err());
    let (kind, store) = start(&state_dir, &etcd, KeptIn::Database);
    assert_eq!((kind, read(&*store)), (KeptIn::Database, expected));
}

#[test]
fn store_of_others_in_etcd_is_never_replaced() {
    let (etcd, host, other) = (MemoryKv::default(), Host::new(), Host::new());
    let theirs = open(&other.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    let expected = fill(&*theirs);
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let own = fill(&*store);
    store.close();
    let outcome = migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch(&mut |_| {}));
    assert!(
        matches!(
            outcome,
            Err(MigrationError::Store(StoreError::Superseded { .. }))
        ),
        "{outcome:?}"
    );
    assert_eq!(read(&*theirs), expected);
    let (kind, store) = start(&host.state_dir(), &etcd, KeptIn::Database);
    assert_eq!((kind, read(&*store)), (KeptIn::Database, own));
}

#[test]
fn database_in_use_is_not_moved() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let expected = fill(&*store);
    let outcome = migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch(&mut |_| {}));
    assert!(
        matches!(outcome, Err(MigrationError::Running(_))),
        "{outcome:?}"
    );
    assert_eq!(read(&*store), expected);
    let outcome = migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut watch(&mut |_| {}),
    );
    assert!(matches!(
        outcome,
        Err(MigrationError::AlreadyThere(KeptIn::Database))
    ));
}
