//! Restores a backup.
//!
//! The new database is written beside the present one while that may be in use. Each record is opened,
//! revised, and sealed with the key of this host: the backup of another host brings its records, and
//! not its key. When the whole file was checked, the daemon stops and one renaming replaces the
//! database. A crash at any point leaves the old database or the new one.

mod draft;
mod keys;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::difference::{Comparison, Difference};
use super::reader::Input;
use super::{BackupError, Passphrase, Progress};
use crate::key;
use crate::open::MARKER;
use crate::sqlite::{Aside, DATABASE, Database, KeptDocuments, close_log, put_aside};
use crate::state_dir::LockedDir;
use crate::{KeyId, StateDir, StoreError};
use draft::{Draft, Written};
use keys::Keys;

/// Revises a record for use after the restoration. The arguments are the user, the record, and the time
/// of the backup in seconds since 1970. It may be called twice for a user. `None` if the record cannot
/// be read.
pub type Revise<'a> = dyn FnMut(&str, &[u8], u64) -> Option<Zeroizing<Vec<u8>>> + 'a;

/// How to restore.
pub struct RestoreOptions<'a> {
    /// The backup.
    pub source: &'a Path,
    /// The passphrase of the key in it.
    pub passphrase: Option<&'a Passphrase>,
    /// Replaces records here that differ.
    pub force: bool,
    /// Seconds since 1970.
    pub now: u64,
    /// How old a revised record may be when the daemon has stopped. If the records are older, all are
    /// revised again: codes may have been used meanwhile.
    pub max_age: Duration,
}

/// A backup that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// How many records it had.
    pub records: u64,
    /// When it was made, in seconds since 1970.
    pub created: u64,
    /// The host on which it was made.
    pub host: String,
    /// What was here and not in the backup. `None` if there was no database, or it could not be read.
    pub replaced: Option<Difference>,
    /// Whether there may have been documents of a fleet here that could not be kept: the published policy,
    /// and the hosts.
    pub has_lost_documents: bool,
    /// The name that the database has now that could not be read.
    pub put_aside: Option<PathBuf>,
}

/// Restores a backup into the state directory. `stop` stops the daemon, which cannot start again
/// before this returns.
///
/// # Errors
/// [`BackupError`]. Nothing was changed.
pub fn restore(
    state_dir: &StateDir,
    options: &RestoreOptions<'_>,
    revise: &mut Revise<'_>,
    stop: &mut dyn FnMut() -> Result<(), String>,
    progress: &mut Progress<'_>,
) -> Result<Restored, BackupError> {
    let mut keys = Keys::choose(state_dir, options)?;
    let began = Instant::now();
    let draft = Draft::create(&LockedDir::open(&state_dir.path)?)?;
    let mut written = draft.write(options, &keys, revise, progress)?;
    // Refused before the daemon has to stop.
    compare(&LockedDir::open(&state_dir.path)?, options, &keys, &written)?;
    let directory = LockedDir::open(&state_dir.path)?;
    // With the lock no rotation comes to its end. A credential is there only while the daemon runs.
    let has_other_key = keys.renew(state_dir, &directory)?;
    stop().map_err(BackupError::Running)?;
    if has_other_key || began.elapsed() >= options.max_age {
        written = draft.write(options, &keys, revise, progress)?;
    }
    let replaced = compare(&directory, options, &keys, &written)?;
    // They are not in the backup: without the published policy, that of the files would be in force.
    let mut has_lost_documents = false;
    if directory.has(DATABASE)? {
        match KeptDocuments::read(&directory.join(DATABASE), keys.host.id()) {
            Ok(documents) => documents.put_into(&directory.join(&draft.name))?,
            // Damage does not heal. What may pass stops the restoration.
            Err(StoreError::KeyLost { .. } | StoreError::DatabaseDamaged { .. })
                if options.force =>
            {
                has_lost_documents = true;
            }
            Err(error) => return Err(BackupError::Unreadable(error)),
        }
    }
    if keys.is_new {
        // There is no database here that could be in use.
        key::store(&directory, &keys.host)?;
    }
    let aside = close_present(&directory, options, keys.host.id())?;
    let put_aside = aside.as_ref().and_then(Aside::database);
    if let Err(error) = directory.replace_with(&draft.name, DATABASE) {
        if let Some(aside) = aside {
            aside.put_back();
        }
        return Err(error.into());
    }
    Ok(Restored {
        records: written.header.records,
        created: written.header.created,
        host: written.header.host,
        replaced,
        has_lost_documents,
        put_aside,
    })
}

/// Closes the database that is here, or puts it aside.
fn close_present<'d>(
    directory: &'d LockedDir,
    options: &RestoreOptions<'_>,
    key: KeyId,
) -> Result<Option<Aside<'d>>, BackupError> {
    if directory.has(DATABASE)? {
        match close_log(directory) {
            Ok(()) => return Ok(None),
            Err(StoreError::Busy { why }) => return Err(BackupError::Running(why)),
            Err(_) if options.force => {}
            Err(error) => return Err(BackupError::Unreadable(error)),
        }
    }
    // SQLite would apply the log of a lost database to the new one. The marker shows all the time that
    // there was a database.
    if !directory.has(MARKER)? {
        directory.create(MARKER, format!("{key}\n").as_bytes())?;
    }
    Ok(Some(put_aside(directory, "damaged", options.now)?))
}

/// Refuses a restoration over records that differ. `None` where there is nothing to compare with.
fn compare(
    directory: &LockedDir,
    options: &RestoreOptions<'_>,
    keys: &Keys,
    written: &Written,
) -> Result<Option<Difference>, BackupError> {
    if !directory.has(DATABASE)? {
        return Ok(None);
    }
    let unreadable = |error| match options.force {
        true => Ok(None),
        false => Err(BackupError::Unreadable(error)),
    };
    let snapshot = match Database::open(directory).and_then(Database::snapshot) {
        Ok(snapshot) => snapshot,
        Err(error) => return unreadable(error),
    };
    let mut input = Input::open(options.source)?;
    let mut comparison = Comparison::with(|| input.next(&keys.backup))?;
    let mut failed = None;
    let here = snapshot.for_each(&mut |user, _, revision, sealed| {
        failed = comparison.add(user, revision, sealed).err();
        failed.is_none()
    });
    if let Some(error) = failed {
        return Err(error);
    }
    if let Err(error) = here {
        return unreadable(error);
    }
    let difference = comparison.finish()?;
    if input.checksum != written.checksum {
        return Err(BackupError::Damaged("it has changed while it was restored"));
    }
    if options.force || difference.is_none() {
        return Ok(Some(difference));
    }
    Err(BackupError::Different {
        difference,
        created: written.header.created,
        host: written.header.host.clone(),
    })
}
