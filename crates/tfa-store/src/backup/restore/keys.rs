//! The keys of a restoration.

use super::super::BackupError;
use super::super::reader::Input;
use super::RestoreOptions;
use crate::key;
use crate::key_choice::KeySources;
use crate::open::had_database;
use crate::state_dir::LockedDir;
use crate::{SealingKey, StateDir};

/// The key of the backup, and the key of this host.
pub(super) struct Keys {
    pub(super) backup: SealingKey,
    pub(super) host: SealingKey,
    /// The host has no key yet: this one is to be stored.
    pub(super) is_new: bool,
}

impl Keys {
    pub(super) fn choose(
        state_dir: &StateDir,
        options: &RestoreOptions<'_>,
    ) -> Result<Self, BackupError> {
        let input = Input::open(options.source)?;
        let directory = LockedDir::open(&state_dir.path)?;
        let sources = sources(state_dir, &directory);
        let backup = match (
            sources.find(input.key),
            &input.header.wrapped,
            options.passphrase,
        ) {
            (Ok(key), ..) => key,
            (Err(_), Some(wrapped), Some(passphrase)) => wrapped.unwrap(passphrase)?,
            (Err(_), Some(_), None) => return Err(BackupError::NeedsPassphrase),
            (Err(_), None, _) => return Err(BackupError::KeyElsewhere(input.key)),
        };
        if backup.id() != input.key {
            return Err(BackupError::Damaged("its key is another one"));
        }
        let (host, is_new) = match of_host(state_dir, &sources)? {
            Some(key) => (key, false),
            None => (key::generate()?, true),
        };
        Ok(Self {
            backup,
            host,
            is_new,
        })
    }

    /// Takes the key that this host has by now: a rotation may have come to its end, and then no other key
    /// of it is left. Returns whether it is another one.
    pub(super) fn renew(
        &mut self,
        state_dir: &StateDir,
        directory: &LockedDir,
    ) -> Result<bool, BackupError> {
        match of_host(state_dir, &sources(state_dir, directory))? {
            Some(key) if key.id() != self.host.id() => {
                (self.host, self.is_new) = (key, false);
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn sources<'a>(state_dir: &'a StateDir, directory: &'a LockedDir) -> KeySources<'a> {
    KeySources {
        directory,
        credentials: state_dir.credentials.as_deref(),
    }
}

/// The key of this host; `None` if it has none yet.
fn of_host(
    state_dir: &StateDir,
    sources: &KeySources<'_>,
) -> Result<Option<SealingKey>, BackupError> {
    match sources.own()? {
        // Its key may be a credential, which only a daemon that runs has.
        None if had_database(sources.directory)? => {
            Err(BackupError::HostKeyMissing(state_dir.path.clone()))
        }
        key => Ok(key),
    }
}
