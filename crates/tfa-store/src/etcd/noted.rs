//! What a host notes of the store that it uses: which one it is, and which key seals it.
//!
//! A store has the same key for ever: a rotation makes another store. So what is noted of its key stays true, whatever
//! becomes of the key file.

use std::io::ErrorKind;

use super::mark::Mark;
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir, StoreError};

/// The file that shows that the accounts of this host are in etcd, and in which store.
pub(crate) const ETCD_MARKER: &str = "etcd.id";
/// The file with the fingerprint of the sealing key of a store, and then the line of [`ETCD_MARKER`] for that store.
pub(super) const KEY_NOTE: &str = "etcd.key-id";

/// Whether the accounts of this host are in etcd, or were, by the file that shows it.
#[must_use]
pub fn is_used(state_dir: &StateDir) -> bool {
    // What cannot be looked at may be there.
    let found = state_dir.path.join(ETCD_MARKER).symlink_metadata();
    found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
}

/// Notes that this host uses the store of a mark.
pub(crate) fn note_store(directory: &LockedDir, mark: &Mark) -> Result<(), StoreError> {
    let line = mark.line();
    let key = key_note(mark.key, &line);
    for (name, contents) in [(KEY_NOTE, key), (ETCD_MARKER, line)] {
        if directory.read(name)?.as_deref() != Some(contents.as_bytes()) {
            directory.replace(name, contents.as_bytes())?;
        }
    }
    Ok(())
}

/// Whether this key seals the store of that line. `None` if that was not noted.
pub(crate) fn is_noted_key(
    directory: &LockedDir,
    line: &[u8],
    key: KeyId,
) -> Result<Option<bool>, StoreError> {
    let noted = directory.read(KEY_NOTE)?;
    let noted = noted.filter(|noted| noted.ends_with(line));
    let own = key_note(key, &String::from_utf8_lossy(line));
    Ok(noted.map(|noted| noted == own.as_bytes()))
}

/// Has this host use no store in etcd any more.
pub(crate) fn forget_store(directory: &LockedDir) -> Result<(), StoreError> {
    for name in [ETCD_MARKER, KEY_NOTE] {
        directory.remove(name)?;
        directory.sync()?;
    }
    Ok(())
}

fn key_note(key: KeyId, line: &str) -> String {
    format!("{key}\n{line}")
}
