//! Why a further verifier is not invited, or does not get the store.

use std::fmt;
use std::path::PathBuf;

use crate::{BackupError, StoreError};

/// Why a further verifier is not invited, or does not get the store. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifierFileError {
    /// The store cannot be used.
    Store(StoreError),
    /// The file cannot be read or written; the text has its path and the cause.
    File(String),
    /// The file is not one of an invited verifier.
    NotOne,
    /// The file was made by a newer tfa.
    Newer,
    /// The file is cut off or changed.
    Damaged(&'static str),
    /// The passphrase is not that of the file.
    WrongPassphrase,
    /// The accounts of this host are not in etcd, so no further verifier can use them.
    NotInEtcd,
    /// The etcd that this host reaches has not the store of the file.
    OtherEtcd,
    /// This host uses another store. The path shows it.
    OtherStore(PathBuf),
    /// This host is a member of a fleet. The path shows it.
    Member(PathBuf),
    /// This host has accounts of its own, in the database at that path.
    HasAccounts(PathBuf),
    /// This host has a database of before its accounts were moved to etcd, at that path.
    OldDatabase(PathBuf),
    /// A migration of the accounts is under way.
    Migrating,
    /// A rotation of the sealing key is under way.
    Rotating,
    /// The sealing key that is here cannot be read. The text says why.
    Key(String),
    /// The daemon could not be stopped.
    Running(String),
}

impl From<StoreError> for VerifierFileError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<BackupError> for VerifierFileError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Store(error) => Self::Store(error),
            BackupError::WrongPassphrase => Self::WrongPassphrase,
            BackupError::Damaged(why) => Self::Damaged(why),
            BackupError::Exists(path) => Self::File(format!("{path} exists: give another name")),
            other => Self::File(other.to_string()),
        }
    }
}

impl fmt::Display for VerifierFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::File(why) | Self::Key(why) => f.write_str(why),
            Self::NotOne => f.write_str("the file is not one of tfactl fleet invite-verifier"),
            Self::Newer => f.write_str(
                "the file was made by a newer version of tfa: install that version here first",
            ),
            Self::Damaged(why) => write!(
                f,
                "the file is damaged ({why}): copy it again, or make another one with tfactl fleet \
                 invite-verifier"
            ),
            Self::WrongPassphrase => f.write_str("wrong passphrase, or the file was changed"),
            Self::NotInEtcd => f.write_str(
                "the accounts of this host are in a database, which one verifier alone can use. Move them to \
                 etcd first: tfactl store migrate --to etcd",
            ),
            Self::OtherEtcd => f.write_str(
                "the etcd that this host reaches does not have the accounts of the fleet: correct the \
                 endpoints and the prefix in /etc/tfa/tfa-fleet.toml",
            ),
            Self::OtherStore(path) => write!(
                f,
                "{} shows that the accounts of this host are in another store",
                path.display()
            ),
            Self::Member(path) => write!(
                f,
                "{} shows that this host is a member of a fleet. A verifier needs a host that is in none",
                path.display()
            ),
            Self::HasAccounts(path) => write!(
                f,
                "{0} has accounts, or had some, which a further verifier does not use. Have the users enroll \
                 in the fleet. Then put {0} and its -wal and -shm files and key.id aside",
                path.display()
            ),
            Self::OldDatabase(path) => write!(
                f,
                "{0} has accounts, or had them before they were moved to etcd, and tfad would not start with it \
                 afterwards. Put {0} and its -wal and -shm files and key.id aside first",
                path.display()
            ),
            Self::Migrating => f.write_str(
                "a migration of the accounts is under way: wait for the end of tfactl store migrate on the \
                 verifier that runs it; if it was interrupted, run it there again",
            ),
            Self::Rotating => f.write_str(
                "a rotation of the sealing key is under way: wait for its end (tfactl key rotate)",
            ),
            Self::Running(why) => write!(f, "tfad cannot be stopped: {why}"),
        }
    }
}

impl std::error::Error for VerifierFileError {}
