//! Gives this host the sealing key of the store.
//!
//! An empty database takes the new key, so the host goes on with it until it gets the role of a verifier. tfad then
//! opens the store in etcd, and notes its mark itself. The key of before is kept under another name.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::{VerifierFile, VerifierFileError};
use crate::StateDir;
use crate::etcd::{ETCD_MARKER, forget_store};
use crate::key::{self, KEY_FILE, KeyLookup, NEXT_KEY_FILE};
use crate::member::MEMBER_MARKER;
use crate::open::had_database;
use crate::sqlite::{DATABASE, Database};
use crate::state_dir::{LockedDir, io_error};

/// The name that the key of before begins with.
pub(super) const BEFORE: &str = "key.before-fleet";

/// What this host has of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// Nothing, and no accounts of its own.
    Free,
    /// The mark without the key: an earlier attempt was interrupted.
    Unfinished,
    /// The mark and the key.
    Complete,
}

/// What the key file of this host was before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyBefore {
    /// There was none.
    Absent,
    /// It had the key of the store.
    Same,
    /// It has that name now.
    Kept(String),
}

/// Looks what this host has of the store of a file.
///
/// # Errors
/// [`VerifierFileError`] if it cannot be given the store.
pub fn adoption(state_dir: &StateDir, file: &VerifierFile) -> Result<Adoption, VerifierFileError> {
    look(&LockedDir::open(&state_dir.path)?, file)
}

/// Gives this host the sealing key of a file. `stop` stops the daemon: no user may enroll with the key of before.
///
/// # Errors
/// [`VerifierFileError`]. The host is what it was before.
pub fn adopt_store(
    state_dir: &StateDir,
    file: &VerifierFile,
    stop: &mut dyn FnMut() -> Result<(), String>,
) -> Result<KeyBefore, VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    look(&directory, file)?;
    stop().map_err(VerifierFileError::Running)?;
    // A user may have enrolled meanwhile.
    look(&directory, file)?;
    put_key(&directory, file)
}

/// Takes the store away again, and restores the key of before. The daemon must not run, and must not be a verifier
/// with etcd any more.
///
/// # Errors
/// Those of the state directory.
pub fn undo_adoption(state_dir: &StateDir, before: &KeyBefore) -> Result<(), VerifierFileError> {
    let directory = LockedDir::open(&state_dir.path)?;
    forget_store(&directory)?;
    // A user who has enrolled meanwhile is sealed with the key that is here.
    match directory.has(DATABASE)? && !Database::open(&directory)?.is_empty()? {
        true => Ok(()),
        false => restore_key(&directory, before),
    }
}

fn look(directory: &LockedDir, file: &VerifierFile) -> Result<Adoption, VerifierFileError> {
    if directory.has(MEMBER_MARKER)? {
        return Err(VerifierFileError::Member(directory.join(MEMBER_MARKER)));
    }
    if directory.has(NEXT_KEY_FILE)? {
        return Err(VerifierFileError::Rotating);
    }
    if let Some(mark) = directory.read(ETCD_MARKER)? {
        if mark != file.invitation.store.as_bytes() {
            return Err(VerifierFileError::OtherStore(directory.join(ETCD_MARKER)));
        }
        return Ok(match key::from_file(directory) {
            KeyLookup::Key(key) if key.id() == file.key.id() => Adoption::Complete,
            _ => Adoption::Unfinished,
        });
    }
    let is_empty = match directory.has(DATABASE)? {
        true => Database::open(directory)?.is_empty()?,
        false => !had_database(directory)?,
    };
    match is_empty {
        true => Ok(Adoption::Free),
        false => Err(VerifierFileError::HasAccounts(directory.join(DATABASE))),
    }
}

fn put_key(directory: &LockedDir, file: &VerifierFile) -> Result<KeyBefore, VerifierFileError> {
    let before = match key::from_file(directory) {
        KeyLookup::Missing => KeyBefore::Absent,
        KeyLookup::Key(key) if key.id() == file.key.id() => return Ok(KeyBefore::Same),
        KeyLookup::Key(_) => KeyBefore::Kept(keep(directory, BEFORE)?),
        KeyLookup::Unusable(why) => return Err(VerifierFileError::Key(why)),
    };
    if let Err(error) = directory.replace(KEY_FILE, file.key.bytes()) {
        // The file is what it was: only its second name goes.
        if let KeyBefore::Kept(name) = &before {
            let _ = remove(directory, name);
        }
        return Err(error.into());
    }
    Ok(before)
}

/// Gives the key file a second name, which begins so. Returns it.
pub(super) fn keep(directory: &LockedDir, base: &str) -> Result<String, VerifierFileError> {
    for number in 1.. {
        let name = numbered(base, number);
        let path = directory.join(&name);
        match fs::hard_link(directory.join(KEY_FILE), &path) {
            Ok(()) => {
                directory.sync()?;
                return Ok(name);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_error(&path, &error).into()),
        }
    }
    Err(VerifierFileError::Key("no name is free".to_owned()))
}

/// The name of the key of that number.
pub(super) fn numbered(base: &str, number: u32) -> String {
    match number {
        1 => base.to_owned(),
        _ => format!("{base}-{number}"),
    }
}

fn restore_key(directory: &LockedDir, before: &KeyBefore) -> Result<(), VerifierFileError> {
    // The key of the store does not belong on this disk any more.
    let replaced = match before {
        KeyBefore::Same => None,
        KeyBefore::Absent | KeyBefore::Kept(_) => directory.open_to_overwrite(KEY_FILE)?,
    };
    match before {
        KeyBefore::Same => {}
        KeyBefore::Absent => remove(directory, KEY_FILE)?,
        KeyBefore::Kept(name) if is_kept_name(name) && directory.has(name)? => {
            directory.replace_with(name, KEY_FILE)?;
        }
        KeyBefore::Kept(_) => {
            return Err(VerifierFileError::Key("no key has this name".to_owned()));
        }
    }
    if let Some(replaced) = replaced {
        key::overwrite(&replaced);
    }
    Ok(())
}

fn is_kept_name(name: &str) -> bool {
    name.starts_with(BEFORE) && Path::new(name).components().count() == 1
}

pub(super) fn remove(directory: &LockedDir, name: &str) -> Result<(), VerifierFileError> {
    let path = directory.join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(&path, &error).into()),
        _ => Ok(directory.sync()?),
    }
}
