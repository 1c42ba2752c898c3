//! Restores a backup.
//!
//! The new database is written beside the present one while that may be in use. Each record is opened,
//! revised, and sealed with the key of this host: the backup of another host brings its records, and
//! not its key. When the whole file was checked, the daemon stops and one renaming replaces the
//! database. A crash at any point leaves the old database or the new one.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::difference::{Contents, Difference};
use super::reader::Input;
use super::{BackupError, Passphrase, Progress};
use crate::key;
use crate::key_choice::KeySources;
use crate::open::MARKER;
use crate::seal::{seal, unseal};
use crate::sqlite::{DATABASE, Database, NewDatabase, put_aside, settle};
use crate::state_dir::LockedDir;
use crate::{Record, SealingKey, StateDir, StoreError};

/// How many records are read between two reports.
const STEP: u64 = 1000;

/// The new database, until it is complete. The name ends with the number of the process: of two that
/// restore at once, none takes the file of the other.
const DRAFT: &str = "accounts.db.restore-";

/// Makes of a record what it is to be after the restoration; arguments are the user and the record.
/// `None` if it cannot be read.
pub type Revise<'a> = dyn FnMut(&str, &[u8]) -> Option<Zeroizing<Vec<u8>>> + 'a;

/// How to restore.
pub struct RestoreOptions<'a> {
    /// The backup.
    pub source: &'a Path,
    /// The passphrase of the key in it.
    pub passphrase: Option<&'a Passphrase>,
    /// Replaces records here that differ.
    pub force: bool,
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
    /// What was here and not in the backup.
    pub replaced: Difference,
}

/// Restores a backup into the state directory. `stop` makes the daemon let go of the database; the
/// daemon cannot come back before this returns.
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
    let mut input = Input::open(options.source)?;
    let records = input.header.records;
    let keys = Keys::choose(state_dir, &input, options.passphrase)?;
    let (base, draft) = {
        let directory = LockedDir::open(&state_dir.path)?;
        directory.remove_all(DRAFT)?;
        let here = revision_here(&directory).unwrap_or_default();
        (here.max(input.header.revision), Draft::create(&directory)?)
    };
    let mut new = NewDatabase::create(&draft.path, keys.host.id(), base)?;
    let (mut contents, mut done) = (Contents::default(), 0);
    while let Some(entry) = input.next(&keys.backup)? {
        contents.add(&entry.user, entry.revision, &entry.sealed);
        let sealed = Record::new(Zeroizing::new(entry.sealed));
        let record = unseal(&keys.backup, &entry.user, sealed)
            .map_err(|_| BackupError::Damaged("a record does not open with its key"))?;
        let revised = revise(&entry.user, record.as_bytes())
            .ok_or_else(|| BackupError::RecordUnreadable(entry.user.clone()))?;
        new.insert(
            &entry.user,
            entry.uid,
            &seal(&keys.host, &entry.user, &revised)?,
        )?;
        done += 1;
        if done % STEP == 0 && !progress(done, records) {
            return Err(BackupError::Cancelled);
        }
    }
    if done != records {
        return Err(BackupError::Damaged("it has another number of records"));
    }
    new.finish()?;
    // Refused before the daemon has to stop.
    compare(&LockedDir::open(&state_dir.path)?, &contents, options.force)?;
    if !progress(done, records) {
        return Err(BackupError::Cancelled);
    }
    let directory = LockedDir::open(&state_dir.path)?;
    stop().map_err(BackupError::Running)?;
    let replaced = compare(&directory, &contents, options.force)?;
    if keys.is_new {
        key::store(&directory, &keys.host)?;
    }
    let suffix = format!(".damaged-{}", input.header.created);
    if !directory.has(DATABASE)? {
        // SQLite would apply what is left of the log of a lost database to the new one. The marker shows
        // all the time that there was a database.
        if !directory.has(MARKER)? {
            directory.create(MARKER, format!("{}\n", keys.host.id()).as_bytes())?;
        }
        put_aside(&directory, &suffix)?;
    }
    match settle(&directory) {
        Ok(()) => {}
        Err(StoreError::Busy { why }) => return Err(BackupError::Running(why)),
        Err(_) if options.force => put_aside(&directory, &suffix)?,
        Err(error) => return Err(BackupError::Unreadable(error)),
    }
    directory.replace_with(&draft.name, DATABASE)?;
    Ok(Restored {
        records,
        created: input.header.created,
        host: input.header.host,
        replaced: replaced.unwrap_or_default(),
    })
}

/// The key of the backup, and the key of this host.
struct Keys {
    backup: SealingKey,
    host: SealingKey,
    /// The host has no key yet: this one is to be stored.
    is_new: bool,
}

impl Keys {
    fn choose(
        state_dir: &StateDir,
        input: &Input,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, BackupError> {
        let directory = LockedDir::open(&state_dir.path)?;
        let sources = KeySources {
            directory: &directory,
            credentials: state_dir.credentials.as_deref(),
        };
        let backup = match (sources.find(input.key), &input.header.wrapped, passphrase) {
            (Ok(key), ..) => key,
            (Err(_), Some(wrapped), Some(passphrase)) => wrapped.unwrap(passphrase)?,
            (Err(_), Some(_), None) => return Err(BackupError::NeedsPassphrase),
            (Err(_), None, _) => return Err(BackupError::KeyElsewhere(input.key)),
        };
        if backup.id() != input.key {
            return Err(BackupError::Damaged("its key is another one"));
        }
        let (host, is_new) = match sources.own()? {
            Some(key) => (key, false),
            None => (key::generate()?, true),
        };
        Ok(Self {
            backup,
            host,
            is_new,
        })
    }
}

/// The last revision that was reserved here, if that can be read.
fn revision_here(directory: &LockedDir) -> Option<u64> {
    if !directory.has(DATABASE).ok()? {
        return None;
    }
    Some(Database::open(directory).ok()?.snapshot().ok()?.revision())
}

/// Refuses a restoration over records that differ. `None` where there is nothing to compare with.
fn compare(
    directory: &LockedDir,
    contents: &Contents,
    force: bool,
) -> Result<Option<Difference>, BackupError> {
    if !directory.has(DATABASE)? {
        return Ok(None);
    }
    let found = Database::open(directory)
        .and_then(Database::snapshot)
        .and_then(|snapshot| {
            contents.compare(|each| {
                snapshot.for_each(&mut |user, _, revision, sealed| {
                    each(user, revision, sealed);
                    true
                })
            })
        });
    match found {
        Ok(difference) if force || difference.is_none() => Ok(Some(difference)),
        Ok(difference) => Err(BackupError::Different(difference)),
        Err(_) if force => Ok(None),
        Err(error) => Err(BackupError::Unreadable(error)),
    }
}

/// The file of the new database. It is removed on drop, unless it has got its name.
struct Draft {
    path: PathBuf,
    name: String,
}

impl Draft {
    fn create(directory: &LockedDir) -> Result<Self, StoreError> {
        let name = format!("{DRAFT}{}", std::process::id());
        directory.create_empty(&name)?;
        Ok(Self {
            path: directory.join(&name),
            name,
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
