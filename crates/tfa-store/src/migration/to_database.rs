//! From etcd to a database of this host.

use std::collections::HashSet;

use super::documents;
use super::notes::{IN_DATABASE, TO_DATABASE, TO_ETCD, noted};
use super::settle::{KeptIn, settle, switch_to_database};
use super::{Migrated, MigrationError, MigrationStep, MigrationWatch};
use crate::etcd::{
    ChangeId, ETCD_MARKER, EtcdStore, Kv, MarkState, RecordThere, RecordsThere, forget_store,
};
use crate::key_choice::KeySources;
use crate::member::refuse_member;
use crate::sqlite::{DATABASE, KeptDocuments, NewDatabase, mark_moved, put_aside};
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir, StoreError};

/// The name of the new database before it is complete.
const DRAFT: &str = "accounts.db.new";
/// After how many records the progress is told.
const STEP: u64 = 1000;

/// Moves the accounts of a fleet from etcd to a database of this host. All verifiers stop to use them first;
/// after an error or an interruption they go on with etcd. `now` is the number of seconds since 1970.
///
/// # Errors
/// [`MigrationError`]. The accounts in etcd are in use as before, unless the error says something else.
pub fn migrate_to_database<K: Kv>(
    state_dir: &StateDir,
    kv: K,
    now: u64,
    watch: &mut dyn MigrationWatch,
) -> Result<Migrated, MigrationError> {
    let store = EtcdStore::new(kv, "");
    let directory = LockedDir::open(&state_dir.path)?;
    settle(&directory, Ok(&store), now)?;
    refuse_member(&directory)?;
    let Some(noted) = directory.read(ETCD_MARKER)? else {
        return already_there(&directory, &store);
    };
    let (mark, revision) = store.complete_mark(&noted)?;
    let keys = KeySources {
        directory: &directory,
        credentials: state_dir.credentials.as_deref(),
    };
    keys.find(mark.key)?;
    // What cannot be moved is found before any login is refused.
    store.refuse_unknown_documents()?;
    let total = read(&store.pinned(revision)?, watch, 0, &mut |_| Ok(()))?;
    watch.stop().map_err(MigrationError::Running)?;
    watch.reached(MigrationStep::Stopped);
    let mover = ChangeId::random()?;
    directory.replace(TO_DATABASE, mover.line().as_bytes())?;
    directory.remove(TO_ETCD)?;
    watch.reached(MigrationStep::Noted);
    let copied = match store.put_mark(MarkState::BeingMoved(mark, mover), revision, Vec::new()) {
        Ok(revision) => {
            watch.reached(MigrationStep::Closed);
            copy(&directory, &store, mark.key, revision, total, watch)
        }
        Err(error) => Err(error.into()),
    };
    let published = copied.and_then(|records| {
        watch.reached(MigrationStep::Copied);
        if directory.has(DATABASE)? {
            put_aside(&directory, "moved", now)?;
        }
        directory.publish(DATABASE)?;
        Ok(records)
    });
    let records = match published {
        Ok(records) => records,
        Err(error) => {
            return Err(match settle(&directory, Ok(&store), now) {
                Ok(_) => error,
                // Another verifier moves them.
                Err(why) if !directory.has(TO_DATABASE)? => why.into(),
                Err(why) => MigrationError::Undecided(why),
            });
        }
    };
    watch.reached(MigrationStep::Completed);
    forget_store(&directory)?;
    watch.reached(MigrationStep::Switched);
    switch_to_database(&directory)?;
    // Without it, a later migration to etcd needs another prefix.
    let _ = store.give_up(mover);
    let records = Some(records);
    Ok(Migrated { records })
}

/// The accounts are in the database. What was begun towards etcd is given up.
fn already_there<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
) -> Result<Migrated, MigrationError> {
    if let Some(id) = noted(directory, TO_ETCD)? {
        // Without its id, no migration could go on with that store.
        store.give_up(id)?;
        directory.remove(TO_ETCD)?;
        directory.sync()?;
        return Ok(Migrated { records: None });
    }
    match directory.has(IN_DATABASE)? {
        true => Ok(Migrated { records: None }),
        false => Err(MigrationError::AlreadyThere(KeptIn::Database)),
    }
}

/// Writes everything that is in etcd into a new database, which is not the one of this host yet.
fn copy<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
    key: KeyId,
    revision: i64,
    total: u64,
    watch: &mut dyn MigrationWatch,
) -> Result<u64, MigrationError> {
    // An etcd that was emptied or changed meanwhile is not copied.
    let store = &store.pinned(revision)?;
    let draft = directory.write_draft(DATABASE, b"")?;
    // It is above each revision that etcd has given.
    let mut new = NewDatabase::create(&draft, key, revision.unsigned_abs())?;
    let records = read(store, watch, total, &mut |there| {
        new.insert(&there.user, there.uid, &there.sealed)
    })?;
    new.finish()?;
    KeptDocuments::of(documents::read(store)?, revision).put_into(&draft)?;
    mark_moved(directory, DRAFT, true)?;
    store.check_mark()?;
    Ok(records)
}

/// Calls `each` with all records that are in etcd. Returns how many there are.
fn read<K: Kv>(
    store: &EtcdStore<K>,
    watch: &mut dyn MigrationWatch,
    total: u64,
    each: &mut dyn FnMut(&RecordThere) -> Result<(), StoreError>,
) -> Result<u64, MigrationError> {
    let (mut there, mut done, mut uids) = (RecordsThere::new(), 0, HashSet::new());
    let mut damaged = Vec::new();
    while let Some(record) = there.next(store)? {
        match uids.insert(record.uid) {
            true => each(&record)?,
            false => damaged.push(record.user),
        }
        done += 1;
        if done % STEP == 0 && !watch.progress(done.min(total), total.max(done)) {
            return Err(MigrationError::Cancelled);
        }
    }
    if !damaged.is_empty() {
        return Err(MigrationError::RecordsDamaged(damaged));
    }
    match watch.progress(done.min(total), total.max(done)) {
        true => Ok(done),
        false => Err(MigrationError::Cancelled),
    }
}
