//! Why a store refuses, by cause.

use std::fmt;

use crate::Revision;

/// Why a store could not do what it was asked. Each text is for the administrator: it says what
/// happened, what follows for logins, and what to do. None contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The record of one user exists, and is not what was stored.
    RecordDamaged {
        /// The user.
        user: String,
        /// What was found.
        why: String,
    },
    /// A document exists, and is not what was stored.
    DocumentDamaged {
        /// The document.
        document: String,
        /// What was found.
        why: String,
        /// What a change expects that replaces it. [`Revision::NONE`] if that is not known: it can be removed
        /// only.
        revision: Revision,
    },
    /// A uid has several records, and it is not known which one is meant.
    DuplicateUid {
        /// The uid.
        uid: u32,
        /// The names that its records are stored under.
        users: Vec<String>,
    },
    /// The user name, uid or record is one that no store accepts.
    Invalid {
        /// What is wrong with it.
        why: String,
    },
    /// The key that sealed the records is not here.
    KeyLost {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The sealing key cannot be used as it is, and nothing is sealed yet.
    KeyUnusable {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The database as a whole cannot be trusted.
    DatabaseDamaged {
        /// What was found.
        why: String,
    },
    /// The database existed, and is gone.
    DatabaseMissing {
        /// Where it should be.
        database: String,
        /// The file that shows that there was one.
        evidence: String,
    },
    /// The file in the place of the database belongs to another program.
    DatabaseForeign {
        /// What was found.
        why: String,
    },
    /// The database was written by a newer tfad.
    DatabaseNewer {
        /// The version of the database.
        found: i64,
        /// The newest version that this tfad knows.
        known: i64,
    },
    /// The accounts of the database were moved to another store.
    DatabaseMoved,
    /// The database was written by an older tfad and is not migrated: the uids of its records are not
    /// known.
    NotMigrated,
    /// Another user could write the state directory or a file in it.
    Unsafe {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The file system has no space left, or the quota is used up.
    DiskFull {
        /// What happened.
        why: String,
    },
    /// The file system is read-only.
    ReadOnly {
        /// What happened.
        why: String,
    },
    /// The disk, the kernel or the database library failed.
    Io {
        /// What happened.
        why: String,
    },
    /// Another process uses the database for too long.
    Busy {
        /// What happened.
        why: String,
    },
    /// The kernel gives no random bytes.
    NoRandomness {
        /// What happened.
        why: String,
    },
    /// The database is no longer the one that was opened: another process replaced or changed it.
    Superseded {
        /// What happened.
        why: String,
    },
    /// The service that keeps the records does not answer, or refuses. Nothing was stored.
    Unavailable {
        /// What happened.
        why: String,
    },
    /// The service that keeps the records did not confirm a change. It may be stored, or be stored
    /// later.
    Ambiguous {
        /// What happened.
        why: String,
    },
    /// This host keeps no accounts: it is a member of a fleet.
    NoAccounts,
    /// The store was closed, or its thread ended.
    Stopped,
}

/// The name in a command, or a placeholder where a shell or the command would take it for something else. The same
/// characters are plain as in `tfa_text::shell`.
fn word(user: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,=".contains(c);
    match !user.is_empty() && !user.starts_with('-') && user.chars().all(is_plain) {
        true => user,
        false => "USER",
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordDamaged { user, why } => write!(
                f,
                "the record of {user} is damaged ({why}); it is left as it is and {user} is refused. \
                 Restore a backup (`tfactl restore FILE --force`), or run `tfactl reset {word}` to let \
                 {user} enroll again",
                word = word(user)
            ),
            Self::DocumentDamaged { document, why, .. } => write!(
                f,
                "the document {document} is damaged ({why}); it is left as it is, and what depends on \
                 it is refused. Remove it, or put it again"
            ),
            Self::DuplicateUid { uid, users } => write!(
                f,
                "uid {uid} has several records, of {}; logins without a record of their own name are \
                 refused. Run `tfactl reset USER` for those that are out of date",
                users.join(" and ")
            ),
            Self::Invalid { why } => write!(f, "the store does not accept this: {why}"),
            Self::KeyLost { remedy } | Self::KeyUnusable { remedy } | Self::Unsafe { remedy } => {
                f.write_str(remedy)
            }
            Self::DatabaseDamaged { why } => write!(
                f,
                "accounts.db is damaged ({why}); it is left as it is and logins are refused. \
                 Restore a backup (`tfactl restore FILE --force`, which puts it aside); or stop tfad, put \
                 accounts.db and its -wal and -shm files aside, put a copy of them back, start tfad. \
                 Check the disk"
            ),
            Self::DatabaseMissing { database, evidence } => write!(
                f,
                "{database} is missing, though {evidence} shows that there was one. Logins are refused, \
                 because without it no user would be asked for a code. Delete {database}-wal and \
                 {database}-shm if they exist, restore {database} from a backup and restart tfad; or, \
                 to start again with no user enrolled, delete {evidence} and restart tfad"
            ),
            Self::DatabaseForeign { why } => write!(
                f,
                "the file accounts.db is not a database of tfad ({why}); it is left as it is and logins \
                 are refused. Put it aside, restore accounts.db from a backup, restart tfad"
            ),
            Self::DatabaseNewer { found, known } => write!(
                f,
                "accounts.db has format {found}, this tfad knows up to format {known}; it is left as it \
                 is and logins are refused. Install the newer tfad again, or restore a backup from \
                 before the upgrade"
            ),
            Self::DatabaseMoved => f.write_str(
                "the accounts of this accounts.db were moved to another store, and codes that were used \
                 there would be accepted here again; it is left as it is and logins are refused. If a move was \
                 interrupted, run `tfactl store migrate` again. If it is an old database, put it aside",
            ),
            Self::NotMigrated => write!(
                f,
                "the store cannot be used: {NOT_MIGRATED}, and a writable file system"
            ),
            Self::DiskFull { why }
            | Self::ReadOnly { why }
            | Self::Io { why }
            | Self::Busy { why }
            | Self::NoRandomness { why }
            | Self::Superseded { why }
            | Self::Unavailable { why } => write!(f, "the store cannot be used: {why}"),
            Self::Ambiguous { why } => write!(
                f,
                "it is not known whether the change is stored ({why}); the code that was given may be \
                 used up. Look at the account before you make the change again"
            ),
            Self::NoAccounts => f.write_str(
                "this host is a member of a fleet, and the verifiers keep its accounts. Run the command on a \
                 verifier",
            ),
            Self::Stopped => f.write_str("the store cannot be used: it has stopped; restart tfad"),
        }
    }
}

impl std::error::Error for StoreError {}

/// What is said of a database that is not migrated.
pub(crate) const NOT_MIGRATED: &str = "accounts.db has the format of an older tfad. To find its records by \
     uid takes a migration, which needs the sealing key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_that_is_no_word_of_a_command_is_in_none() {
        let text = |user: &str| {
            let (user, why) = (user.to_owned(), String::new());
            StoreError::RecordDamaged { user, why }.to_string()
        };
        assert!(text("lea@example.org").contains("`tfactl reset lea@example.org`"));
        for user in ["x;$(reboot)", "a b", "-rf", "", "`id`"] {
            let text = text(user);
            assert!(text.contains("`tfactl reset USER`"), "{text}");
        }
    }
}
