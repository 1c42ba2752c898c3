//! Why a backup was not made or not restored.

use std::fmt;
use std::path::PathBuf;

use super::Difference;
use crate::{KeyId, StoreError};

/// How many user names an error shows.
const MAX_SHOWN: usize = 20;

/// Why a backup was not made or not restored. Nothing was changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackupError {
    /// The store cannot be used.
    Store(StoreError),
    /// There is no store in the state directory.
    NoStore,
    /// The records of these users are damaged, so a backup would not be one.
    RecordsDamaged(Vec<String>),
    /// A file of that name exists.
    Exists(String),
    /// The file cannot be read or written; the text has its path and the cause.
    File(String),
    /// The file is a symbolic link.
    Link(PathBuf),
    /// Others than root can change this, which is the file or a directory on the way to it.
    OfOthers(PathBuf),
    /// The file is not a backup of tfa.
    NotABackup,
    /// The backup was made by a newer tfa.
    Newer,
    /// The file is not what was written: it is cut off or changed.
    Damaged(&'static str),
    /// The passphrase is not that of the backup, or the key in the file was changed.
    WrongPassphrase,
    /// The backup has its key, which needs the passphrase.
    NeedsPassphrase,
    /// The records are sealed with this key, which is neither here nor in the file.
    KeyElsewhere(KeyId),
    /// The record of this user cannot be read by this version of tfa.
    RecordUnreadable(String),
    /// What is here is not in the backup.
    Different {
        /// How it differs.
        difference: Difference,
        /// When the backup was made, in seconds since 1970.
        created: u64,
        /// The host on which it was made.
        host: String,
    },
    /// This host has or had a database, and its key is not in this state directory.
    HostKeyMissing(PathBuf),
    /// The database here cannot be read, so it is not known whether it is newer.
    Unreadable(StoreError),
    /// The daemon could not be stopped.
    Running(String),
    /// The sealing key is being rotated.
    Rotating,
    /// The caller has ended it.
    Cancelled,
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::NoStore => f.write_str("there is no database of tfad on this host yet"),
            Self::RecordsDamaged(users) => write!(
                f,
                "no backup was made, because these records are damaged or have the uid of another one: {}. Keep the backups of \
                 before. For each of these users run `tfactl reset USER`, or restore a backup",
                shown(users)
            ),
            Self::Exists(path) => write!(
                f,
                "{path} exists, and a backup never replaces a file. Give another name"
            ),
            Self::File(why) => f.write_str(why),
            Self::Link(path) => write!(
                f,
                "{} is a symbolic link, which others may have changed: give the file that it names",
                path.display()
            ),
            Self::OfOthers(path) => write!(
                f,
                "others than root can change {}, and could have put an older backup there, with lost phones and \
                 used backup codes. If you are sure that it is the right backup, restore a copy in a directory that \
                 only root can write to, such as /root",
                path.display()
            ),
            Self::NotABackup => f.write_str("the file is not a backup of tfactl backup"),
            Self::Newer => f.write_str(
                "the backup was made by a newer version of tfa: install that version first",
            ),
            Self::Damaged(why) => write!(
                f,
                "the backup is damaged ({why}): copy the file again, or use another backup"
            ),
            Self::WrongPassphrase => f.write_str(
                "wrong passphrase, or the key in the backup was changed",
            ),
            Self::NeedsPassphrase => f.write_str(
                "the key of this host did not seal the backup. The file has its key, which needs the \
                 passphrase of the backup",
            ),
            Self::KeyElsewhere(key) => write!(
                f,
                "the records of the backup are sealed with another key (fingerprint {key}) than that of \
                 this host, and the key is not in the file. If the key is a systemd credential of this host, \
                 start tfad, which gets it. Else put that key back, as in tfad(8), or use a backup that was \
                 made with --with-key"
            ),
            Self::RecordUnreadable(user) => write!(
                f,
                "the record of {user} in the backup cannot be read by this version of tfa"
            ),
            Self::HostKeyMissing(state) => {
                let state = state.display();
                write!(
                    f,
                    "the sealing key of this host is not here. If it is a systemd credential, start tfad, \
                     which gets it (systemctl start tfad), and restore again. If it is lost for good, put \
                     the files that need it aside, and restore again: \"mkdir -p -m 700 /root/lost && mv \
                     {state}/accounts.db* {state}/key* /root/lost\""
                )
            }
            Self::Different { difference, .. } => write!(
                f,
                "this host has records that differ from those of the backup: {}. With --force the \
                 backup replaces them",
                difference.summary(MAX_SHOWN)
            ),
            Self::Unreadable(error) => write!(
                f,
                "the database of this host cannot be read, so it is not known whether it is newer \
                 than the backup: {error}. With --force the backup replaces it"
            ),
            Self::Running(why) => write!(
                f,
                "tfad still uses the database ({why}): stop it (systemctl stop tfad), then try again"
            ),
            Self::Rotating => f.write_str(
                "a rotation of the sealing key is under way: wait for its end (tfactl key rotate), then \
                 try again",
            ),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl std::error::Error for BackupError {}

pub(crate) fn shown(users: &[String]) -> String {
    super::difference::names(users, MAX_SHOWN)
}
