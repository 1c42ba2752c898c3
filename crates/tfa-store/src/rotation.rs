//! The rotation of the sealing key: a new key, with which every record is sealed anew.
//!
//! The new key is the file `key.next` until no record needs the old one. From the moment it seals,
//! both keys open. When every record is sealed with it, the database names it as its key, and then it
//! replaces the file `key`. Each step is one change that is on disk before the next, so a rotation that
//! was interrupted continues where it was:
//!
//! - `key.next` is there, and the database names the old key: records are being sealed anew;
//! - the database names the key in `key.next`: only the renaming is missing.

mod documents;

use std::sync::Arc;

use crate::key::{self, KEY_FILE, KeyLookup, NEXT_KEY_FILE};
use crate::key_choice::KeySources;
use crate::keyring::KeyRing;
use crate::sqlite::Resealed;
use crate::state_dir::LockedDir;
use crate::{KeyId, Sealed, SqliteStore, StateDir, Store, StoreError};

/// How many records are sealed anew in one change. Logins wait for one such change at most.
const BATCH: usize = 100;

/// Rotates the key of a store that serves.
pub struct KeyRotation {
    store: Arc<Sealed<SqliteStore>>,
    state_dir: StateDir,
}

/// A rotation that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The number of records.
    pub records: u64,
    /// The fingerprint of the new key.
    pub key: KeyId,
}

/// Asks for a rotation: creates the new key, unless a rotation is under way. The daemon does the rest.
///
/// # Errors
/// [`StoreError::ReadOnly`], [`StoreError::DiskFull`], and the causes in the environment.
pub fn ask_for_rotation(state_dir: &StateDir) -> Result<(), StoreError> {
    let directory = LockedDir::open(&state_dir.path)?;
    if directory.has(NEXT_KEY_FILE)? {
        return Ok(());
    }
    directory.create(NEXT_KEY_FILE, key::generate()?.bytes())
}

impl KeyRotation {
    /// The rotations of this store.
    pub fn new(store: Arc<Sealed<SqliteStore>>, state_dir: StateDir) -> Self {
        Self { store, state_dir }
    }

    /// Does the rotation that was asked for, from where it was. `None` if none was. `progress` is called
    /// with the records that are done and with all there are; if it returns false, the rotation stops
    /// and can be continued.
    ///
    /// # Errors
    /// [`StoreError::KeyLost`], [`StoreError::RecordDamaged`] for a record that opens with neither key:
    /// the old key stays then. [`StoreError::Busy`] if a program goes on reading an old state of the
    /// database: the rotation lacks its last step only. [`StoreError::Stopped`] if `progress` ends it.
    pub fn run(
        &self,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<Option<Rotated>, StoreError> {
        let Some(next) = self.next_key()? else {
            return Ok(None);
        };
        let (key, ring) = (next.id(), self.store.keys());
        ring.seal_with(next)?;
        let records = self.seal_anew(ring, progress)?;
        let store = self.store.inner();
        documents::seal_anew(store, ring)?;
        store.adopt_key(key)?;
        // Records that the old key opens are in the log until it is emptied.
        store.empty_log()?;
        let directory = LockedDir::open(&self.state_dir.path)?;
        finish(&KeySources {
            directory: &directory,
            credentials: self.state_dir.credentials.as_deref(),
        })?;
        ring.drop_former();
        Ok(Some(Rotated { records, key }))
    }

    fn next_key(&self) -> Result<Option<crate::SealingKey>, StoreError> {
        let directory = LockedDir::open(&self.state_dir.path)?;
        match key::next(&directory) {
            KeyLookup::Missing => Ok(None),
            KeyLookup::Key(key) => Ok(Some(key)),
            KeyLookup::Unusable(remedy) => Err(StoreError::KeyUnusable { remedy }),
        }
    }

    /// Seals every record that has another key. No record gets another key meanwhile.
    fn seal_anew(
        &self,
        ring: &KeyRing,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Result<u64, StoreError> {
        let store = self.store.inner();
        let users = store.users()?;
        let total = users.len() as u64;
        let (mut done, mut damaged) = (0, None);
        for batch in users.chunks(BATCH) {
            let mut resealed = Vec::new();
            for user in batch {
                let found = match store.load(user) {
                    // It was removed since.
                    Ok(None) => continue,
                    Ok(Some(found)) => found,
                    Err(error @ StoreError::RecordDamaged { .. }) => {
                        damaged = damaged.or(Some(error));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let (sealed, expected) = found;
                let keys = ring.get();
                let keys = keys.as_ref().map_err(Clone::clone)?;
                if keys.is_sealed_anew(user, sealed.as_bytes()) {
                    continue;
                }
                match keys.unseal(user, sealed) {
                    Ok(record) => resealed.push(Resealed {
                        user: user.clone(),
                        bytes: keys.seal(user, record.as_bytes())?,
                        expected,
                    }),
                    Err(error) => {
                        damaged = damaged.or(Some(StoreError::RecordDamaged {
                            user: user.clone(),
                            why: error.to_string(),
                        }));
                    }
                }
            }
            // A record that has changed meanwhile was sealed with the new key.
            if !resealed.is_empty() {
                store.reseal(resealed)?;
            }
            done += batch.len() as u64;
            if !progress(done, total) {
                return Err(StoreError::Stopped);
            }
        }
        damaged.map_or(Ok(total), Err)
    }
}

/// Makes the new key the key, if the database names it. What was the key before is overwritten; a
/// credential is retired.
pub(crate) fn finish(keys: &KeySources<'_>) -> Result<(), StoreError> {
    let directory = keys.directory;
    keys.retire_credential()?;
    let old = directory.open_to_overwrite(KEY_FILE)?;
    directory.replace_with(NEXT_KEY_FILE, KEY_FILE)?;
    if let Some(old) = old {
        // The file has no name any more. Some disks keep the old bytes nevertheless.
        key::overwrite(&old);
    }
    Ok(())
}
