//! What an interrupted migration has left, before a store is opened.

use std::fmt;

use super::notes::{IN_DATABASE, NOTES, TO_DATABASE, TO_ETCD, noted};
use crate::etcd::{ChangeId, ETCD_MARKER, EtcdStore, Kv, Mark, MarkState, remember_store};
use crate::sqlite::{DATABASE, Database, mark_moved, put_aside};
use crate::state_dir::LockedDir;
use crate::{StateDir, StoreError};

/// Where the accounts of a host are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptIn {
    /// In its database.
    Database,
    /// In etcd.
    Etcd,
}

impl fmt::Display for KeptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Database => "the database of this host",
            Self::Etcd => "etcd",
        })
    }
}

/// Takes the last steps of a migration that was interrupted after its decision, or takes back what it had done
/// before. Returns where the accounts are, if the configuration may not tell it yet. `kv` is called only if a
/// migration was interrupted, and `now` is the number of seconds since 1970.
///
/// # Errors
/// [`StoreError::Unavailable`] where only etcd knows how far it was, and does not answer. Neither store may be
/// opened then.
pub fn settle_migration<K: Kv>(
    state_dir: &StateDir,
    kv: impl FnOnce() -> Result<K, StoreError>,
    now: u64,
) -> Result<Option<KeptIn>, StoreError> {
    let directory = LockedDir::open(&state_dir.path)?;
    for name in NOTES {
        directory.remove_drafts(name)?;
        if directory.has(name)? {
            let store = kv().map(|kv| EtcdStore::new(kv, ""));
            return settle(&directory, store.as_ref().map_err(Clone::clone), now);
        }
    }
    Ok(None)
}

/// The same in a directory that is locked, with the store in etcd, if it can be asked.
pub(super) fn settle<K: Kv>(
    directory: &LockedDir,
    store: Result<&EtcdStore<K>, StoreError>,
    now: u64,
) -> Result<Option<KeptIn>, StoreError> {
    if let Some(mover) = noted(directory, TO_DATABASE)? {
        return match directory.has(ETCD_MARKER)? {
            true => take_back(directory, store?, mover),
            false => {
                switch_to_database(directory)?;
                if let Ok(store) = store {
                    let _ = store.give_up(mover);
                }
                Ok(Some(KeptIn::Database))
            }
        };
    }
    if directory.has(IN_DATABASE)? && !directory.has(ETCD_MARKER)? {
        return Ok(Some(KeptIn::Database));
    }
    match noted(directory, TO_ETCD)? {
        Some(id) => to_etcd(directory, store, id, now),
        None => Ok(None),
    }
}

fn to_etcd<K: Kv>(
    directory: &LockedDir,
    store: Result<&EtcdStore<K>, StoreError>,
    id: ChangeId,
    now: u64,
) -> Result<Option<KeptIn>, StoreError> {
    if !directory.has(DATABASE)? {
        return Ok(directory.has(ETCD_MARKER)?.then_some(KeptIn::Etcd));
    }
    if !is_moved(directory) {
        // etcd need not answer: the database was marked before the store there was complete.
        return match store.and_then(EtcdStore::mark) {
            Ok(Some((MarkState::Complete(mark), _))) if mark.id == id => Err(in_both()),
            _ => Ok(None),
        };
    }
    let store = store?;
    match store.mark()? {
        Some((MarkState::Complete(mark), _)) if mark.id == id => {
            switch_to_etcd(directory, &mark, now)?;
            Ok(Some(KeptIn::Etcd))
        }
        Some((MarkState::BeingFilled(mark), revision)) if mark.id == id => {
            // The completion that may be under way is never made after this.
            store.put_mark(MarkState::BeingFilled(mark), revision, Vec::new())?;
            mark_moved(directory, DATABASE, false)?;
            Ok(Some(KeptIn::Database))
        }
        _ => Err(lost()),
    }
}

/// Has this host use the store in etcd, which is complete, and not its database any more.
pub(super) fn switch_to_etcd(
    directory: &LockedDir,
    mark: &Mark,
    now: u64,
) -> Result<(), StoreError> {
    remember_store(directory, mark)?;
    put_aside(directory, "moved", now).map(drop)
}

/// Has this host use its database. Only now its format is the usual one, and only this once: a database that
/// is found later is not opened.
pub(super) fn switch_to_database(directory: &LockedDir) -> Result<(), StoreError> {
    if is_moved(directory) {
        mark_moved(directory, DATABASE, false)?;
    }
    directory.replace(IN_DATABASE, b"")?;
    directory.remove(TO_DATABASE)?;
    directory.sync()
}

/// Has all verifiers go on with the store in etcd.
fn take_back<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
    mover: ChangeId,
) -> Result<Option<KeptIn>, StoreError> {
    let found = store.mark()?;
    if let Some((state, revision)) = found {
        let mark = match state {
            MarkState::BeingMoved(mark, found) if found == mover => mark,
            MarkState::Complete(mark) => mark,
            // Another verifier moves them, or has moved them.
            MarkState::BeingMoved(..) | MarkState::Moved(_) | MarkState::BeingFilled(_) => {
                directory.remove(TO_DATABASE)?;
                directory.sync()?;
                return state.complete().map(|_| None);
            }
        };
        // Also where it is complete: the other mark that may be under way is never put after this.
        store.put_mark(MarkState::Complete(mark), revision, Vec::new())?;
        directory.remove(TO_DATABASE)?;
        directory.sync()?;
        return Ok(Some(KeptIn::Etcd));
    }
    Err(lost())
}

/// Whether the database says that its accounts are elsewhere. What else is wrong with it, its opening says.
fn is_moved(directory: &LockedDir) -> bool {
    matches!(Database::open(directory), Err(StoreError::DatabaseMoved))
}

fn in_both() -> StoreError {
    StoreError::Superseded {
        why: "the accounts of this host were moved to etcd, and an older state of its database is here. Logins \
              are refused, because codes that were used would be accepted again. Put accounts.db and its -wal, \
              -shm and -journal files aside, and set kind = \"etcd\" in [store] of tfad.toml"
            .to_owned(),
    }
}

fn lost() -> StoreError {
    StoreError::Superseded {
        why: "etcd no longer has the store of the migration that was interrupted on this host, so it is not \
              known where the accounts are. Logins are refused. Bring the data of etcd back, or correct the \
              endpoints and the prefix in tfa-fleet.toml"
            .to_owned(),
    }
}
