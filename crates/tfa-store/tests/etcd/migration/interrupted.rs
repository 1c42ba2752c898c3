//! Migrations that are killed at each call and each step: the host has one store with everything, and the
//! same command goes on.

use tfa_store::{KeptIn, finish_migration};
use tfa_testkit::MemoryKv;

use super::host::{Accounts, Host, Killer, Last, change, fill, migrate, open, read, start};

fn other(kind: KeptIn) -> KeptIn {
    match kind {
        KeptIn::Database => KeptIn::Etcd,
        KeptIn::Etcd => KeptIn::Database,
    }
}

/// A host that no migration was begun on.
struct Before {
    kind: KeptIn,
    host: Host,
    etcd: MemoryKv,
    accounts: Accounts,
}

/// Kills a migration after so many calls and steps, lets the host serve, and migrates to the end. Returns
/// which store the host had after the kill.
fn kill_and_go_on(before: &Before, moment: u32, last: Last) -> Option<Option<KeptIn>> {
    let (etcd, host, verifier) = (MemoryKv::default(), before.host.copy(), Host::new());
    etcd.replace_by(&before.etcd);
    host.share_key_with(&verifier);
    let (from, to) = (before.kind, other(before.kind));
    let mut expected = before.accounts.clone();
    let killer = Killer::after(moment, last);
    let killed = killer.migrate(&host, &etcd, to, &mut |_| {});
    if let Some(outcome) = killed {
        outcome.unwrap();
        return None;
    }
    if killer.is_alike() {
        return Some(None);
    }

    let (kind, store) = start(&host.state_dir(), &etcd, from);
    killer.deliver(&etcd);
    let context = format!("{from:?} {moment} {last:?}");
    assert_eq!(read(&*store), expected, "{context}");
    // It is the only one.
    let second = open(&host.state_dir(), &etcd, other(kind));
    assert!(second.is_err(), "{context}");
    let elsewhere = open(&verifier.state_dir(), &etcd, KeptIn::Etcd);
    if let Ok(theirs) = &elsewhere
        && kind == KeptIn::Database
    {
        // A store that another verifier makes, before the migration has made one, is refused later.
        assert!(read(&**theirs).records.is_empty());
        return Some(Some(kind));
    }
    assert_eq!(elsewhere.is_ok(), kind == KeptIn::Etcd, "{context}");
    expected = change(&*store, moment);
    store.close();
    drop((store, elsewhere));

    // As the configuration says it, and once more as another start finds it.
    let (again, store) = start(&host.state_dir(), &etcd, from);
    assert_eq!(
        (again, read(&*store)),
        (kind, expected.clone()),
        "{context}"
    );
    store.close();
    let killer = Killer::after(u32::MAX, Last::Unsent);
    killer
        .migrate(&host, &etcd, to, &mut |_| {})
        .unwrap()
        .unwrap();
    let store = open(&host.state_dir(), &etcd, to).unwrap();
    assert_eq!(read(&*store), expected, "{context}");
    assert!(open(&host.state_dir(), &etcd, from).is_err(), "{context}");
    Some(Some(kind))
}

/// Kills at each moment. Both stores must have been met.
fn kill_at_each_moment(from: KeptIn) {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, from).unwrap();
    let accounts = fill(&*store);
    store.close();
    drop(store);
    let before = Before {
        kind: from,
        host,
        etcd,
        accounts,
    };
    for last in [Last::Unsent, Last::Made, Last::Late] {
        let mut met = Vec::new();
        for moment in 1.. {
            match kill_and_go_on(&before, moment, last) {
                Some(kind) => met.extend(kind),
                None => break,
            }
        }
        assert!(!met.is_empty());
        if last == Last::Unsent {
            assert!(met.len() > 12, "{met:?}");
            let other = other(from);
            assert!(met.contains(&from) && met.contains(&other), "{met:?}");
        }
        // Once the new store is in use, it stays so.
        assert!(met.is_sorted_by_key(|kind| *kind != from), "{met:?}");
    }
}

#[test]
fn killed_migration_to_etcd_leaves_one_store_with_everything() {
    kill_at_each_moment(KeptIn::Database);
}

#[test]
fn killed_migration_to_a_database_leaves_one_store_with_everything() {
    kill_at_each_moment(KeptIn::Etcd);
}

#[test]
fn migration_that_was_not_ended_is_ended_by_the_same_command() {
    let (etcd, host) = (MemoryKv::default(), Host::new());
    let store = open(&host.state_dir(), &etcd, KeptIn::Database).unwrap();
    let expected = fill(&*store);
    store.close();
    let mut during = |_| {};
    let mut watch = super::host::Watch::of(&mut during);
    let state_dir = host.state_dir();
    let kv = etcd.another();
    let migrated = tfa_store::migrate_to_etcd(&state_dir, kv, super::host::NOW, &mut watch);
    assert_eq!(migrated.unwrap().records, Some(130));
    let again = migrate(&host, etcd.another(), KeptIn::Etcd, &mut watch).unwrap();
    assert_eq!(again.records, None);
    finish_migration(&state_dir).unwrap();
    let (kind, store) = start(&state_dir, &etcd, KeptIn::Etcd);
    assert_eq!((kind, read(&*store)), (KeptIn::Etcd, expected));
}
