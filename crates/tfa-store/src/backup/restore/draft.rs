//! The new database of a restoration, until it has its name.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::super::format::{Checksum, Header};
use super::super::reader::Input;
use super::super::{BackupError, Progress};
use super::keys::Keys;
use super::{RestoreOptions, Revise};
use crate::seal::{seal, unseal};
use crate::sqlite::{DATABASE, Database, NewDatabase};
use crate::state_dir::{LockedDir, io_error};
use crate::{Record, StoreError};

/// How many records are read between two reports.
const STEP: u64 = 1000;

/// The name begins so, and ends with the number of the process: of two that restore at once, none takes
/// the file of the other.
const DRAFT: &str = "accounts.db.restore-";

/// The file of the new database. It is removed on drop, unless it has got its name.
pub(super) struct Draft {
    path: PathBuf,
    pub(super) name: String,
    /// The last revision that was reserved here.
    revision: u64,
}

/// A draft that is complete.
pub(super) struct Written {
    pub(super) header: Header,
    pub(super) checksum: Checksum,
}

impl Draft {
    pub(super) fn create(directory: &LockedDir) -> Result<Self, StoreError> {
        remove_abandoned(directory)?;
        let name = format!("{DRAFT}{}", std::process::id());
        directory.create_empty(&name)?;
        Ok(Self {
            path: directory.join(&name),
            name,
            revision: revision_here(directory).unwrap_or_default(),
        })
    }

    /// Writes the records of the backup, sealed with the key of this host, in place of what was
    /// written before.
    pub(super) fn write(
        &self,
        options: &RestoreOptions<'_>,
        keys: &Keys,
        revise: &mut Revise<'_>,
        progress: &mut Progress<'_>,
    ) -> Result<Written, BackupError> {
        let mut input = Input::open(options.source)?;
        let (records, created) = (input.header.records, input.header.created);
        std::fs::write(&self.path, b"").map_err(|error| io_error(&self.path, &error))?;
        let base = self.revision.max(input.header.revision);
        let mut new = NewDatabase::create(&self.path, keys.host.id(), base)?;
        let (mut last, mut done) = (String::new(), 0);
        while let Some(entry) = input.next(&keys.backup)? {
            if entry.user <= last {
                return Err(BackupError::Damaged("its records are not in order"));
            }
            let sealed = Record::new(Zeroizing::new(entry.sealed));
            let record = unseal(&keys.backup, &entry.user, sealed)
                .map_err(|_| BackupError::Damaged("a record does not open with its key"))?;
            let revised = revise(&entry.user, record.as_bytes(), created)
                .ok_or_else(|| BackupError::RecordUnreadable(entry.user.clone()))?;
            new.insert(
                &entry.user,
                entry.uid,
                &seal(&keys.host, &entry.user, &revised)?,
            )?;
            last = entry.user;
            done += 1;
            if done % STEP == 0 && !progress(done, records) {
                return Err(BackupError::Cancelled);
            }
        }
        if done != records {
            return Err(BackupError::Damaged("it has another number of records"));
        }
        new.finish()?;
        if !progress(done, records) {
            return Err(BackupError::Cancelled);
        }
        Ok(Written {
            checksum: input.checksum,
            header: input.header,
        })
    }
}

/// Removes the drafts of processes that have ended.
fn remove_abandoned(directory: &LockedDir) -> Result<(), StoreError> {
    directory.remove_all(DRAFT, |number| !Path::new("/proc").join(number).exists())
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The last revision that was reserved here, if that can be read.
fn revision_here(directory: &LockedDir) -> Option<u64> {
    if !directory.has(DATABASE).ok()? {
        return None;
    }
    Some(Database::open(directory).ok()?.snapshot().ok()?.revision())
}
