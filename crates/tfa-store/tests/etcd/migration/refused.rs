//! Migrations that are refused or given up, and databases that are found again.

use std::fs;

use tfa_store::{KeptIn, MigrationError, MigrationStep, StoreError};
use tfa_testkit::{Fault, MemoryKv};

use super::host::{Host, Watch, fill, migrate, open, read, start};

#[test]
fn database_that_was_moved_is_not_opened_again() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    fill(&*store);
    store.close();
    migrate(
        &host,
        etcd.another(),
        KeptIn::Etcd,
        &mut Watch::of(&mut |_| {}),
    )
    .unwrap();
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
        let mut cancelled = Watch::of(&mut during);
        cancelled.goes_on = false;
        let outcome = migrate(&host, etcd.another(), to, &mut cancelled);
        assert!(
            matches!(outcome, Err(MigrationError::Cancelled)),
            "{outcome:?}"
        );
        let (kind, store) = start(&host.state_dir(), &etcd, from);
        assert_eq!((kind, read(&*store)), (from, expected.clone()));
        store.close();
        migrate(&host, etcd.another(), to, &mut Watch::of(&mut |_| {})).unwrap();
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
    let outcome = migrate(&host, &kv, KeptIn::Etcd, &mut Watch::of(&mut during));
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
    let outcome = migrate(
        &host,
        etcd.another(),
        KeptIn::Etcd,
        &mut Watch::of(&mut |_| {}),
    );
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
    let outcome = migrate(
        &host,
        etcd.another(),
        KeptIn::Etcd,
        &mut Watch::of(&mut |_| {}),
    );
    assert!(
        matches!(outcome, Err(MigrationError::Running(_))),
        "{outcome:?}"
    );
    assert_eq!(read(&*store), expected);
    // The one to etcd is given up.
    migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut Watch::of(&mut |_| {}),
    )
    .unwrap();
    let outcome = migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut Watch::of(&mut |_| {}),
    );
    assert!(matches!(
        outcome,
        Err(MigrationError::AlreadyThere(KeptIn::Database))
    ));
}

#[test]
fn store_that_another_host_moves_away_is_not_replaced() {
    let (etcd, host, other) = (MemoryKv::default(), Host::new(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    let expected = fill(&*store);
    let theirs = open(&other.state_dir(), &etcd, KeptIn::Database).unwrap();
    fill(&*theirs);
    theirs.close();
    let mut met = 0;
    let mut during = |step| {
        if step == MigrationStep::Closed {
            let outcome = migrate(
                &other,
                etcd.another(),
                KeptIn::Etcd,
                &mut Watch::of(&mut |_| {}),
            );
            assert!(
                matches!(outcome, Err(MigrationError::Store(_))),
                "{outcome:?}"
            );
            met += 1;
        }
    };
    migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut Watch::of(&mut during),
    )
    .unwrap();
    assert_eq!(met, 1);
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    assert_eq!(read(&*store), expected);
}

#[test]
fn etcd_that_gets_an_older_state_while_it_is_copied_is_not_copied() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Etcd).unwrap();
    let older = MemoryKv::default();
    older.replace_by(&etcd);
    fill(&*store);
    let mut during = |step| {
        if step == MigrationStep::Closed {
            etcd.replace_by(&older);
        }
    };
    let outcome = migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut Watch::of(&mut during),
    );
    assert!(outcome.is_err());
    let path = host.state_dir().path;
    assert!(path.join("etcd.id").exists() && !path.join("accounts.db").exists());
}

#[test]
fn older_state_of_a_database_that_was_moved_refuses() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    fill(&*store);
    store.close();
    drop(store);
    let path = host.state_dir().path;
    let (database, before) = (path.join("accounts.db"), path.join("before"));
    let mut during = |step| match step {
        MigrationStep::Copied => drop(fs::copy(&database, &before).unwrap()),
        MigrationStep::Completed => std::panic::resume_unwind(Box::new("a power failure")),
        _ => {}
    };
    let run = || {
        migrate(
            &host,
            etcd.another(),
            KeptIn::Etcd,
            &mut Watch::of(&mut during),
        )
    };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    fs::rename(before, &database).unwrap();
    let state_dir = host.state_dir();
    let settled = tfa_store::settle_migration(&state_dir, || Ok(etcd.another()), 0);
    assert!(
        matches!(settled, Err(StoreError::Superseded { .. })),
        "{settled:?}"
    );
}

#[test]
fn migration_to_etcd_is_given_up_by_one_to_the_database() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let expected = fill(&*store);
    store.close();
    drop(store);
    let mut during = |_| {};
    let mut cancelled = Watch::of(&mut during);
    cancelled.goes_on = false;
    assert!(migrate(&host, etcd.another(), KeptIn::Etcd, &mut cancelled).is_err());
    let state_dir = host.state_dir();
    assert!(tfa_store::is_migrating(&state_dir));
    // tfa-fleet is not needed while the database serves.
    let gone = || -> Result<MemoryKv, StoreError> { Err(StoreError::NoAccounts) };
    assert_eq!(tfa_store::settle_migration(&state_dir, gone, 0), Ok(None));
    migrate(
        &host,
        etcd.another(),
        KeptIn::Database,
        &mut Watch::of(&mut |_| {}),
    )
    .unwrap();
    assert!(!tfa_store::is_migrating(&state_dir));
    migrate(
        &host,
        etcd.another(),
        KeptIn::Etcd,
        &mut Watch::of(&mut |_| {}),
    )
    .unwrap();
    let store = open(&state_dir, &etcd, KeptIn::Etcd).unwrap();
    assert_eq!(read(&*store), expected);
}
