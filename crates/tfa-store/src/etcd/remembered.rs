//! What a host remembers of the store that it uses: which one it is, and which key seals it.
//!
//! A store has the same key for ever: a rotation makes another store. So what is remembered of its key stays true,
//! whatever becomes of the key file, and of what etcd tells later.

use std::io::ErrorKind;

use super::mark::{Mark, other_store};
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir, StoreError};

/// The file that shows that the accounts of this host are in etcd, and in which store.
pub(crate) const ETCD_MARKER: &str = "etcd.id";
/// The file with the fingerprint of the sealing key of a store, and then the line of [`ETCD_MARKER`] for that store.
const KEY_OF_STORE: &str = "etcd.key-id";

/// Whether the accounts of this host are in etcd, or were, by the file that shows it.
#[must_use]
pub fn is_used(state_dir: &StateDir) -> bool {
    // What cannot be looked at may be there.
    let found = state_dir.path.join(ETCD_MARKER).symlink_metadata();
    found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
}

/// Remembers that this host uses the store of a mark. Refuses a store that has another key than before.
pub(crate) fn remember_store(directory: &LockedDir, mark: &Mark) -> Result<(), StoreError> {
    let line = mark.line();
    let line = line.as_bytes();
    let is_known = directory.read(ETCD_MARKER)?.as_deref() == Some(line);
    let key = match is_remembered_key(directory, line, mark.key) {
        Ok(Some(true)) => Ok(()),
        Ok(Some(false)) if is_known => return Err(other_store()),
        Ok(_) => remember_key(directory, line, mark.key),
        Err(error) => Err(error),
    };
    // Only a host that leaves needs the key: a full or damaged disk stops no logins because of it.
    if is_known {
        return Ok(());
    }
    key?;
    directory.replace(ETCD_MARKER, line)
}

/// Remembers that this key seals the store of that line.
pub(crate) fn remember_key(
    directory: &LockedDir,
    line: &[u8],
    key: KeyId,
) -> Result<(), StoreError> {
    directory.replace(KEY_OF_STORE, &key_of_store(key, line))
}

/// Whether this key seals the store of that line. `None` if that is not remembered.
pub(crate) fn is_remembered_key(
    directory: &LockedDir,
    line: &[u8],
    key: KeyId,
) -> Result<Option<bool>, StoreError> {
    let found = directory.read(KEY_OF_STORE)?;
    let found = found.filter(|found| found.ends_with(line));
    Ok(found.map(|found| found == key_of_store(key, line)))
}

/// Has this host use no store in etcd any more.
pub(crate) fn forget_store(directory: &LockedDir) -> Result<(), StoreError> {
    for name in [ETCD_MARKER, KEY_OF_STORE] {
        directory.remove(name)?;
        directory.sync()?;
    }
    Ok(())
}

fn key_of_store(key: KeyId, line: &[u8]) -> Vec<u8> {
    [format!("{key}\n").as_bytes(), line].concat()
}
