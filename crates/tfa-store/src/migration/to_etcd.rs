//! From the database to etcd.

use super::copy::Copy;
use super::documents;
use super::notes::{IN_DATABASE, TO_ETCD, noted};
use super::settle::{KeptIn, settle, switch_to_etcd};
use super::{Migrated, MigrationError, MigrationStep, MigrationWatch};
use crate::etcd::{ChangeId, ETCD_MARKER, EtcdStore, Fill, Kv};
use crate::key::NEXT_KEY_FILE;
use crate::key_choice::KeySources;
use crate::member::refuse_member;
use crate::open::{MARKER, had_database};
use crate::sqlite::{DATABASE, Database, KeptDocuments, close_log, mark_moved};
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir, StoreError};

/// How many records are read at once, while logins go on.
const PAGE: u32 = 1000;
/// So few changes that the last pass, without logins, is short.
const FEW: u64 = 256;
/// How many passes are made while logins go on.
const MAX_PASSES: u32 = 10;

/// Moves the accounts of this host from its database to etcd. The last pass is made while the daemon has
/// stopped. An interrupted migration goes on from where it was. `now` is the number of seconds since 1970.
///
/// # Errors
/// [`MigrationError`]. The database is in use as before, unless the error says something else.
pub fn migrate_to_etcd<K: Kv>(
    state_dir: &StateDir,
    kv: K,
    now: u64,
    watch: &mut dyn MigrationWatch,
) -> Result<Migrated, MigrationError> {
    let store = EtcdStore::new(kv, "");
    let (id, key) = {
        let directory = LockedDir::open(&state_dir.path)?;
        settle(&directory, Ok(&store), now)?;
        if directory.has(ETCD_MARKER)? {
            return match directory.has(TO_ETCD)? {
                true => Ok(Migrated { records: None }),
                false => Err(MigrationError::AlreadyThere(KeptIn::Etcd)),
            };
        }
        let key = key_here(state_dir, &directory)?;
        let id = match noted(&directory, TO_ETCD)? {
            Some(id) => id,
            None => ChangeId::random()?,
        };
        directory.replace(TO_ETCD, id.line().as_bytes())?;
        directory.remove(IN_DATABASE)?;
        (id, key)
    };
    watch.reached(MigrationStep::Noted);
    let mut fill = Fill::begin(&store, id, key)?;
    for _ in 0..MAX_PASSES {
        if pass(state_dir, &mut fill, key, watch)? <= FEW {
            break;
        }
    }
    let directory = LockedDir::open(&state_dir.path)?;
    watch.stop().map_err(MigrationError::Running)?;
    watch.reached(MigrationStep::Stopped);
    let records = last_pass(&directory, &mut fill, key)?;
    watch.reached(MigrationStep::Copied);
    mark_moved(&directory, DATABASE, true)?;
    watch.reached(MigrationStep::Closed);
    match fill.complete() {
        Ok(mark) => {
            watch.reached(MigrationStep::Completed);
            switch_to_etcd(&directory, &mark, now)?;
        }
        // The mark tells whether it was made.
        Err(error) => match settle(&directory, Ok(&store), now) {
            Ok(Some(KeptIn::Etcd)) => {}
            Ok(_) => return Err(error.into()),
            Err(error) => return Err(MigrationError::Undecided(error)),
        },
    }
    watch.reached(MigrationStep::Switched);
    let records = Some(records);
    Ok(Migrated { records })
}

/// Returns the key that seals the accounts, which must be here.
fn key_here(state_dir: &StateDir, directory: &LockedDir) -> Result<KeyId, MigrationError> {
    let key = check(directory)?;
    let keys = KeySources {
        directory,
        credentials: state_dir.credentials.as_deref(),
    };
    keys.find(key)?;
    Ok(key)
}

/// Checks that there are accounts that can be moved, and returns the fingerprint of the key that seals them.
fn check(directory: &LockedDir) -> Result<KeyId, MigrationError> {
    refuse_member(directory)?;
    if directory.has(NEXT_KEY_FILE)? {
        return Err(MigrationError::Rotating);
    }
    if !directory.has(DATABASE)? {
        let database = directory.join(DATABASE).display().to_string();
        return Err(MigrationError::Store(match had_database(directory)? {
            true => StoreError::DatabaseMissing {
                evidence: directory.join(MARKER).display().to_string(),
                database,
            },
            false => StoreError::Unavailable {
                why: "there is no database of tfad on this host yet: start tfad".to_owned(),
            },
        }));
    }
    let database = Database::open(directory)?;
    match database.is_migrated() {
        true => Ok(database.key()?),
        false => Err(StoreError::NotMigrated.into()),
    }
}

/// Copies what has changed since the pass before, while logins go on. Returns how many changes there were.
fn pass<K: Kv>(
    state_dir: &StateDir,
    fill: &mut Fill<'_, K>,
    key: KeyId,
    watch: &mut dyn MigrationWatch,
) -> Result<u64, MigrationError> {
    let (database, path) = {
        let directory = LockedDir::open(&state_dir.path)?;
        (Database::open(&directory)?, directory.join(DATABASE))
    };
    let total = database.count()?;
    let mut copy = Copy::new(fill);
    let (mut after, mut done) = (String::new(), 0);
    loop {
        let rows = database.rows(&after, PAGE)?;
        for row in &rows {
            copy.add(&row.user, row.uid, &row.sealed)?;
        }
        let Some(last) = rows.into_iter().last() else {
            break;
        };
        after = last.user;
        done = copy.records;
        if !watch.progress(done.min(total), total) {
            return Err(MigrationError::Cancelled);
        }
    }
    let mut changes = copy.finish()?;
    changes += documents::copy(fill, KeptDocuments::read(&path, key)?.documents()?)?;
    fill.make()?;
    match watch.progress(done, done) {
        true => Ok(changes),
        false => Err(MigrationError::Cancelled),
    }
}

/// Copies the rest from a database that nothing uses. Returns how many records it has.
fn last_pass<K: Kv>(
    directory: &LockedDir,
    fill: &mut Fill<'_, K>,
    key: KeyId,
) -> Result<u64, MigrationError> {
    // It fails while a process has the database open, and none can open it before the lock is released.
    close_log(directory).map_err(|error| match error {
        StoreError::Busy { why } => MigrationError::Running(why),
        other => other.into(),
    })?;
    // The key itself may be a credential, which is gone with the daemon.
    if check(directory)? != key {
        return Err(MigrationError::Rotating);
    }
    let snapshot = Database::open(directory)?.snapshot()?;
    let mut copy = Copy::new(fill);
    let mut failed = None;
    snapshot.for_each(&mut |user, uid, _, sealed| {
        failed = copy.add(user, uid, sealed).err();
        failed.is_none()
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let records = copy.records;
    copy.finish()?;
    drop(snapshot);
    let path = directory.join(DATABASE);
    documents::copy(fill, KeptDocuments::read(&path, key)?.documents()?)?;
    fill.make()?;
    close_log(directory)?;
    Ok(records)
}
