//! Which store an etcd has, and the key of the store that this host uses there, for a further verifier.

use super::kv::Kv;
use super::mark::{other_store, replaced};
use super::remembered::ETCD_MARKER;
use super::store::EtcdStore;
use crate::key_choice::KeySources;
use crate::state_dir::LockedDir;
use crate::{KeyId, SealingKey, StateDir, StoreError, VerifierFileError};

/// The store that an etcd has: the contents of the file `etcd.id` for it, and the fingerprint of its key.
pub(crate) fn store_in(kv: impl Kv) -> Result<Option<(String, KeyId)>, StoreError> {
    let Some((state, _)) = EtcdStore::new(kv, "").mark()? else {
        return Ok(None);
    };
    let mark = state.complete()?;
    Ok(Some((mark.line(), mark.key)))
}

/// Which store an etcd has, as a host sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// None.
    Nothing,
    /// One whose key this host has.
    Own,
    /// One whose key this host does not have.
    OfOthers,
}

/// Looks which store an etcd has.
///
/// # Errors
/// Those of the way to etcd, and [`StoreError::Superseded`] for the store of a newer version.
pub fn look(state_dir: &StateDir, kv: impl Kv) -> Result<Found, StoreError> {
    let Some((_, key)) = store_in(kv)? else {
        return Ok(Found::Nothing);
    };
    let directory = LockedDir::open(&state_dir.path)?;
    let keys = KeySources {
        directory: &directory,
        credentials: state_dir.credentials.as_deref(),
    };
    Ok(match keys.find(key) {
        Ok(_) => Found::Own,
        Err(_) => Found::OfOthers,
    })
}

/// The store that this host uses, and its key.
pub(crate) fn store_and_key(
    state_dir: &StateDir,
    kv: impl Kv,
) -> Result<(String, SealingKey), VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    let noted = directory.read(ETCD_MARKER)?;
    let noted = noted.ok_or(VerifierFileError::NotInEtcd)?;
    let keys = KeySources {
        directory: &directory,
        credentials: state_dir.credentials.as_deref(),
    };
    match store_in(kv)? {
        Some((store, key)) if store.as_bytes() == noted => Ok((store, keys.find(key)?)),
        Some(_) => Err(other_store().into()),
        None => Err(replaced().into()),
    }
}
