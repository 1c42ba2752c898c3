//! A small file of its own in the state directory, beside the store.

use std::path::PathBuf;

use crate::StoreError;
use crate::state_dir::{LockedDir, StateDir};

/// A small file in the state directory. It is replaced as a whole or not at all.
#[derive(Clone, Debug)]
pub struct StateFile {
    directory: PathBuf,
    name: &'static str,
}

impl StateFile {
    /// The file of this name.
    #[must_use]
    pub fn new(state_dir: &StateDir, name: &'static str) -> Self {
        Self {
            directory: state_dir.path.clone(),
            name,
        }
    }

    /// Its contents; `None` where it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] if another user can write to it, and the causes in the environment.
    pub fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let directory = LockedDir::open(&self.directory)?;
        directory.check_file(self.name)?;
        directory.read(self.name)
    }

    /// Creates or replaces it. When this returns, the change survives a power failure.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`], [`StoreError::ReadOnly`], [`StoreError::DiskFull`], and the causes in
    /// the environment.
    pub fn replace(&self, contents: &[u8]) -> Result<(), StoreError> {
        LockedDir::open(&self.directory)?.replace(self.name, contents)
    }
}
