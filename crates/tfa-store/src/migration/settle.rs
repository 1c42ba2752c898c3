//! What an interrupted migration has left, before a store is opened.

use std::fmt;

use super::notes::{TO_DATABASE, TO_ETCD, noted};
use crate::etcd::{ChangeId, ETCD_MARKER, EtcdStore, Kv, MarkState};
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
    if !directory.has(TO_ETCD)? && !directory.has(TO_DATABASE)? {
        return Ok(None);
    }
    settle(&directory, &EtcdStore::new(kv()?, ""), now)
}

/// The same in a directory that is locked.
pub(super) fn settle<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
    now: u64,
) -> Result<Option<KeptIn>, StoreError> {
    for name in [TO_ETCD, TO_DATABASE] {
        directory.remove_drafts(name)?;
    }
    if let Some(mover) = noted(directory, TO_DATABASE)? {
        return to_database(directory, store, mover);
    }
    match noted(directory, TO_ETCD)? {
        Some(id) => to_etcd(directory, store, id, now),
        None => Ok(None),
    }
}

fn to_etcd<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
    id: ChangeId,
    now: u64,
) -> Result<Option<KeptIn>, StoreError> {
    if !directory.has(DATABASE)? {
        return Ok(directory.has(ETCD_MARKER)?.then_some(KeptIn::Etcd));
    }
    if !is_moved(directory) {
        return Ok(None);
    }
    match store.mark()? {
        Some((MarkState::Complete(mark), _)) if mark.id == id => {
            switch_to_etcd(directory, &id, now)?;
            Ok(Some(KeptIn::Etcd))
        }
        Some((MarkState::BeingFilled(mark), revision)) if mark.id == id => {
            // The completion that may be under way is never made after this.
            store.put_mark(MarkState::BeingFilled(mark), revision, Vec::new())?;
            mark_moved(&directory.join(DATABASE), false)?;
            Ok(Some(KeptIn::Database))
        }
        _ => Err(lost()),
    }
}

/// Has this host use the store in etcd, which is complete, and not its database any more.
pub(super) fn switch_to_etcd(
    directory: &LockedDir,
    id: &ChangeId,
    now: u64,
) -> Result<(), StoreError> {
    directory.replace(ETCD_MARKER, id.line().as_bytes())?;
    put_aside(directory, "moved", now).map(drop)
}

fn to_database<K: Kv>(
    directory: &LockedDir,
    store: &EtcdStore<K>,
    mover: ChangeId,
) -> Result<Option<KeptIn>, StoreError> {
    if !directory.has(ETCD_MARKER)? {
        if is_moved(directory) {
            mark_moved(&directory.join(DATABASE), false)?;
        }
        return Ok(Some(KeptIn::Database));
    }
    let (mark, revision) = match store.mark()? {
        Some((MarkState::Moved(mark, found), revision)) if found == mover => (mark, revision),
        Some((MarkState::Complete(mark), revision)) => (mark, revision),
        _ => return Err(lost()),
    };
    // Also where it is complete: the other mark that may be under way is never put after this.
    store.put_mark(MarkState::Complete(mark), revision, Vec::new())?;
    directory.remove(TO_DATABASE)?;
    directory.sync()?;
    Ok(Some(KeptIn::Etcd))
}

/// Whether the database says that its accounts are elsewhere. What else is wrong with it, its opening says.
fn is_moved(directory: &LockedDir) -> bool {
    matches!(Database::open(directory), Err(StoreError::DatabaseMoved))
}

fn lost() -> StoreError {
    StoreError::Superseded {
        why: "etcd no longer has the store of the migration that was interrupted on this host, so it is not \
              known where the accounts are. Logins are refused. Bring the data of etcd back, or correct the \
              endpoints and the prefix in tfa-fleet.toml"
            .to_owned(),
    }
}
