//! What the administrator should read in the log after the store was opened.

use std::fmt;

use crate::sqlite::FORMAT;
use crate::{KeptIn, KeyId};

/// Something found or done while the store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The store was created: this was the first start.
    Made {
        /// The sealing key's fingerprint.
        key: KeyId,
        /// Where the key is.
        from: String,
    },
    /// The store was created in etcd: this was the first start of the first verifier.
    MadeInEtcd {
        /// The sealing key's fingerprint.
        key: KeyId,
        /// Where the key is.
        from: String,
    },
    /// There was no record, so another key was taken.
    KeyChanged {
        /// The fingerprint of the new key.
        key: KeyId,
        /// Where it is.
        from: String,
    },
    /// The accounts are sealed with the key file, though there is a credential.
    CredentialUnused {
        /// Why, and what to do.
        why: String,
    },
    /// The store accepts no changes: users with a record cannot log in.
    ReadOnly {
        /// What is read-only, and what to do.
        remedy: String,
    },
    /// The store works without a key: users with a record cannot log in.
    KeyLost {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The database was migrated to the present format.
    Migrated {
        /// How many records it has.
        records: usize,
    },
    /// The database was migrated to the present format, and the uids of some records are not known.
    Unread {
        /// The users whose records could not be read.
        users: Vec<String>,
    },
    /// A backup was made.
    BackedUp {
        /// The file.
        file: String,
        /// How many records it has.
        records: u64,
        /// Whether the sealing key is in it, encrypted to a passphrase.
        with_key: bool,
    },
    /// A backup was restored.
    Restored {
        /// The file.
        file: String,
        /// How many records it had.
        records: u64,
        /// How many users had another record before, and how many had one and have none now. `None` if
        /// that is not known.
        replaced: Option<(usize, usize)>,
        /// The name that the database has now that could not be read.
        put_aside: Option<String>,
    },
    /// The accounts were moved to another store.
    AccountsMoved {
        /// Where they are now.
        to: KeptIn,
        /// How many records were moved, if that is known.
        records: Option<u64>,
    },
    /// The accounts were moved here, and the configuration names the other kind of store.
    ConfigurationBehind {
        /// Where they are.
        kept_in: KeptIn,
    },
    /// The sealing key was rotated.
    KeyRotated {
        /// The fingerprint of the new key.
        key: KeyId,
        /// How many records were sealed anew.
        records: u64,
    },
    /// A rotation of the sealing key stopped before its end.
    RotationStopped {
        /// Why, and what to do.
        why: String,
    },
    /// The SQLite in use may call fsync(2) at each commit.
    SlowCommits {
        /// What was found, and what to do.
        remedy: String,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { key, from } => write!(
                f,
                "a new store was made; its records are sealed with {from} (fingerprint {key}). A backup \
                 of accounts.db is useless without that key: back it up as well"
            ),
            Self::MadeInEtcd { key, from } => write!(
                f,
                "a new store was made in etcd; its records are sealed with {from} (fingerprint {key}). Each \
                 further verifier needs that key, and a snapshot of etcd is useless without it: back it up"
            ),
            Self::KeyChanged { key, from } => write!(
                f,
                "no record was stored yet; from now on records are sealed with {from} (fingerprint {key})"
            ),
            Self::CredentialUnused { why } => f.write_str(why),
            Self::ReadOnly { remedy } | Self::KeyLost { remedy } | Self::SlowCommits { remedy } => {
                f.write_str(remedy)
            }
            Self::BackedUp {
                file,
                records,
                with_key: false,
            } => write!(
                f,
                "a backup of {records} records was written to {file}, without the sealing key"
            ),
            Self::BackedUp { file, records, .. } => write!(
                f,
                "a backup of {records} records was written to {file}, with the sealing key: who has the \
                 file and its passphrase can compute every code"
            ),
            Self::Restored {
                file,
                records,
                replaced,
                put_aside,
            } => {
                write!(f, "the backup {file} with {records} records was restored. ")?;
                if let Some((replaced, lost)) = replaced {
                    write!(
                        f,
                        "{replaced} records of this host were replaced, and {lost} users lost theirs. "
                    )?;
                }
                if let Some(path) = put_aside {
                    write!(f, "The database that could not be read is kept as {path}. ")?;
                }
                f.write_str(
                    "Backup codes and codes of counters that were used since the backup are valid again",
                )
            }
            Self::AccountsMoved { to, records } => {
                if let Some(records) = records {
                    write!(f, "{records} records were moved to {to}. ")?;
                } else {
                    write!(f, "the accounts were moved to {to}. ")?;
                }
                f.write_str("Only they are used from now on")
            }
            Self::ConfigurationBehind { kept_in } => write!(
                f,
                "the accounts are in {kept_in} since `tfactl store migrate`, which is used, though tfad.toml \
                 says something else. Run the command again, which writes it"
            ),
            Self::KeyRotated { key, records } => write!(
                f,
                "the sealing key was rotated: {records} records are sealed with the key file \
                 (fingerprint {key}), and the old key is destroyed. Backups of before cannot be restored \
                 without it: make a new one"
            ),
            Self::RotationStopped { why } => write!(
                f,
                "the rotation of the sealing key stopped, and both keys stay in use: {why}. To continue, \
                 run `tfactl key rotate`"
            ),
            Self::Migrated { records } => write!(
                f,
                "accounts.db was migrated to format {FORMAT}, with {records} records. An older tfad \
                 refuses it: to go back, restore a backup from before the upgrade"
            ),
            Self::Unread { users } => write!(
                f,
                "the records of {} are damaged: after a change of names it is not known which users they \
                 belong to. Restore accounts.db from a backup, or run `tfactl reset USER` for each",
                users.join(", ")
            ),
        }
    }
}
