//! The files that show that a migration is under way.

use std::io::ErrorKind;

use crate::etcd::ChangeId;
use crate::state_dir::LockedDir;
use crate::{StateDir, StoreError};

/// Has the id of the store in etcd that the accounts of this host are being moved to.
pub(super) const TO_ETCD: &str = "etcd.next";
/// Has the id of the move of the accounts to a database of this host.
pub(super) const TO_DATABASE: &str = "sqlite.next";

/// Is there after that move, until the configuration names the database.
pub(super) const IN_DATABASE: &str = "sqlite.here";

/// All of them.
pub(super) const NOTES: [&str; 3] = [TO_ETCD, TO_DATABASE, IN_DATABASE];

/// Whether a migration is under way, or the configuration does not name its new store yet.
#[must_use]
pub fn is_migrating(state_dir: &StateDir) -> bool {
    // What cannot be looked at may be there.
    let is_there = |name| {
        let found = state_dir.path.join(name).symlink_metadata();
        found.map_or_else(|error| error.kind() != ErrorKind::NotFound, |_| true)
    };
    NOTES.into_iter().any(is_there)
}

/// The id in such a file, if it is there.
pub(super) fn noted(directory: &LockedDir, name: &str) -> Result<Option<ChangeId>, StoreError> {
    let Some(line) = directory.read(name)? else {
        return Ok(None);
    };
    match ChangeId::of_line(&line) {
        Some(id) => Ok(Some(id)),
        None => Err(StoreError::Unsafe {
            remedy: format!(
                "{} does not have what tfactl store migrate has written. Logins are refused. Find out what \
                 has changed it",
                directory.join(name).display()
            ),
        }),
    }
}

/// Ends a migration after the configuration names the new store.
///
/// # Errors
/// The causes in the environment. The host uses the new store also then.
pub fn finish_migration(state_dir: &StateDir) -> Result<(), StoreError> {
    let directory = LockedDir::open(&state_dir.path)?;
    for name in NOTES {
        directory.remove(name)?;
    }
    directory.sync()
}
