//! Why accounts were not moved.

use std::fmt;

use super::KeptIn;
use crate::StoreError;
use crate::backup::shown_names;

/// Why accounts were not moved. They are where they were, unless the error says something else.
#[derive(Debug)]
#[non_exhaustive]
pub enum MigrationError {
    /// A store cannot be used.
    Store(StoreError),
    /// The accounts are there already.
    AlreadyThere(KeptIn),
    /// The records of these users are damaged, or have the uid of another one.
    RecordsDamaged(Vec<String>),
    /// The daemon could not be stopped.
    Running(String),
    /// The sealing key is being rotated.
    Rotating,
    /// The caller has ended it.
    Cancelled,
    /// It is not known whether the last step was taken.
    Undecided(StoreError),
}

impl From<StoreError> for MigrationError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for MigrationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::AlreadyThere(KeptIn::Database) => {
                f.write_str("the accounts of this host are in its database already")
            }
            Self::AlreadyThere(KeptIn::Etcd) => {
                f.write_str("the accounts of this host are in etcd already")
            }
            Self::RecordsDamaged(users) => write!(
                f,
                "these records are damaged or have the uid of another one: {}. For each of these users run \
                 `tfactl reset USER`, or restore a backup; then run the command again",
                shown_names(users)
            ),
            Self::Running(why) => write!(
                f,
                "tfad still uses the database ({why}): stop it (systemctl stop tfad), then run the command again"
            ),
            Self::Rotating => f.write_str(
                "a rotation of the sealing key is under way: wait for its end (tfactl key rotate), then run \
                 the command again",
            ),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Undecided(error) => write!(
                f,
                "it is not known whether the last step was taken ({error}). Logins are refused until etcd \
                 answers; tfad then finds out by itself. Run the command again"
            ),
        }
    }
}

impl std::error::Error for MigrationError {}
