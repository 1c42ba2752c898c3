//! Takes the store of a fleet away from a host that leaves it.
//!
//! The sealing key is kept under another name: it may be the only copy. What shows that the host was in a fleet goes
//! last, so an interrupted run is made again.
//!
//! Which key is that of the store is remembered since it was opened: after an interruption, the key file may have the
//! key of before.

use super::VerifierFileError;
use super::adopt::{BEFORE, keep, numbered, remove};
use crate::etcd::{
    ETCD_MARKER, EtcdStore, Kv, MarkState, forget_store, is_remembered_key, remember_key, replaced,
};
use crate::key::{self, KEY_FILE, KeyLookup, NEXT_KEY_FILE};
use crate::member::MEMBER_MARKER;
use crate::open::had_database;
use crate::sqlite::{DATABASE, Database};
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir};

/// The name of the sealing key of a fleet that was left.
const LEFT: &str = "key.left-fleet";

/// The store that a verifier leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreLeft {
    /// Verifiers use it, so another one must stay.
    InUse,
    /// Its accounts are in the database of a verifier.
    Moved,
    /// etcd has another one since, which this host cannot use.
    Replaced,
}

/// Stops the daemon, and what else comes before anything is removed.
pub type BeforeLeaving<'f> = &'f mut dyn FnMut() -> Result<(), String>;

/// Looks which store this host would leave.
///
/// # Errors
/// [`VerifierFileError`] if it cannot leave it now, or if etcd does not tell.
pub fn store_left(state_dir: &StateDir, kv: impl Kv) -> Result<StoreLeft, VerifierFileError> {
    let noted = look_here(&LockedDir::open(&state_dir.path)?)?;
    Ok(look_into_etcd(&noted, kv)?.0)
}

/// Takes the store away from this host, and restores the key that it had before. Returns the name that the sealing key
/// of the store has now, if it was the key file. The configuration must not name the store any more.
///
/// # Errors
/// [`VerifierFileError`]. An interrupted one can be made again.
pub fn leave_store(
    state_dir: &StateDir,
    kv: impl Kv,
    before: BeforeLeaving<'_>,
) -> Result<Option<String>, VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    let noted = look_here(&directory)?;
    let (_, key) = look_into_etcd(&noted, kv)?;
    leave(&directory, &noted, before, |own| own == key)
}

/// As [`leave_store`], where etcd does not answer. If the key of the store is not remembered, the key file is taken to have it,
/// unless a credential has it.
///
/// # Errors
/// [`VerifierFileError`]. An interrupted one can be made again.
pub fn leave_store_unasked(
    state_dir: &StateDir,
    before: BeforeLeaving<'_>,
) -> Result<Option<String>, VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    let noted = look_here(&directory)?;
    let credential = key::from_credential(state_dir.credentials.as_deref());
    let has_credential = !matches!(credential, KeyLookup::Missing);
    leave(&directory, &noted, before, |_| !has_credential)
}

/// Leaves the store of this line. `is_of_store` is asked where the key of the store is not remembered.
fn leave(
    directory: &LockedDir,
    line: &[u8],
    before: BeforeLeaving<'_>,
    is_of_store: impl FnOnce(KeyId) -> bool,
) -> Result<Option<String>, VerifierFileError> {
    before().map_err(VerifierFileError::Running)?;
    let left = put_aside(directory, line, is_of_store)?;
    forget_store(directory)?;
    Ok(left)
}

/// Puts the key file aside, if it has the key of the store of this line.
fn put_aside(
    directory: &LockedDir,
    line: &[u8],
    is_of_store: impl FnOnce(KeyId) -> bool,
) -> Result<Option<String>, VerifierFileError> {
    let KeyLookup::Key(key) = key::from_file(directory) else {
        return Ok(None);
    };
    let key = key.id();
    let is_put_aside = match is_remembered_key(directory, line, key)? {
        Some(is_of_store) => is_of_store,
        None if is_of_store(key) => {
            // Interrupted, the next run finds the key of before in the key file.
            remember_key(directory, line, key)?;
            true
        }
        None => false,
    };
    // Else a credential has it, or an interrupted run has done this.
    is_put_aside.then(|| put_key_aside(directory)).transpose()
}

/// Has this host forget that it is a member. The configuration must not name the role any more.
///
/// # Errors
/// [`VerifierFileError`]. An interrupted one can be made again.
pub fn leave_as_member(
    state_dir: &StateDir,
    before: BeforeLeaving<'_>,
) -> Result<(), VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    before().map_err(VerifierFileError::Running)?;
    remove(&directory, MEMBER_MARKER)
}

/// What shows the store of this host, which can leave it as far as its files tell.
fn look_here(directory: &LockedDir) -> Result<Vec<u8>, VerifierFileError> {
    let noted = directory.read(ETCD_MARKER)?;
    let noted = noted.ok_or(VerifierFileError::NotInEtcd)?;
    if directory.has(NEXT_KEY_FILE)? {
        return Err(VerifierFileError::Rotating);
    }
    // tfad would not start with it afterwards, or with accounts that the fleet does not have.
    let is_empty = match directory.has(DATABASE)? {
        true => Database::open(directory).and_then(|database| database.is_empty()),
        false => had_database(directory).map(|had| !had),
    };
    if !is_empty.unwrap_or(false) {
        return Err(VerifierFileError::OldDatabase(directory.join(DATABASE)));
    }
    Ok(noted)
}

fn look_into_etcd(noted: &[u8], kv: impl Kv) -> Result<(StoreLeft, KeyId), VerifierFileError> {
    let found = EtcdStore::new(kv, "").mark()?;
    let (state, _) = found.ok_or_else(replaced)?;
    Ok(match state {
        MarkState::Complete(mark) if mark.line().as_bytes() == noted => {
            (StoreLeft::InUse, mark.key)
        }
        MarkState::Complete(mark) => (StoreLeft::Replaced, mark.key),
        MarkState::Moved(mark) => (StoreLeft::Moved, mark.key),
        MarkState::BeingFilled(_) | MarkState::BeingMoved(..) => {
            return Err(VerifierFileError::Migrating);
        }
    })
}

/// Gives the key file another name, and the key of before its place.
fn put_key_aside(directory: &LockedDir) -> Result<String, VerifierFileError> {
    let left = keep(directory, LEFT)?;
    match latest_before(directory)? {
        Some(name) => directory.replace_with(&name, KEY_FILE)?,
        None => remove(directory, KEY_FILE)?,
    }
    Ok(left)
}

/// The name of the key that this host had before it joined last.
fn latest_before(directory: &LockedDir) -> Result<Option<String>, VerifierFileError> {
    let mut latest = None;
    for number in 1.. {
        let name = numbered(BEFORE, number);
        if !directory.has(&name)? {
            break;
        }
        latest = Some(name);
    }
    Ok(latest)
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;

    #[test]
    fn key_that_was_not_remembered_is_put_aside_once() {
        let path = env::temp_dir().join(format!("leave-{}", process::id()));
        let directory = LockedDir::open(&path).unwrap();
        let (of_fleet, own) = (key::generate().unwrap(), key::generate().unwrap());
        directory.replace(KEY_FILE, of_fleet.bytes()).unwrap();
        directory.replace(BEFORE, own.bytes()).unwrap();
        let left = put_aside(&directory, b"store\n", |_| true).unwrap();
        assert_eq!(left.as_deref(), Some(LEFT));
        // The run is interrupted here. The next one cannot ask etcd, and would take any key.
        let again = put_aside(&directory, b"store\n", |_| true).unwrap();
        assert_eq!(again, None);
        let KeyLookup::Key(key) = key::from_file(&directory) else {
            panic!("the key of this host is gone");
        };
        assert_eq!(key.id(), own.id());
        fs::remove_dir_all(&path).unwrap();
    }
}
