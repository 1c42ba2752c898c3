//! Where the accounts are kept: the contract that every store fulfils, and its errors.
//!
//! A store maps a user name to opaque bytes and a revision, and a uid to the name that its record
//! stands under: names change, and the record follows the uid. What the bytes mean is the business of
//! the account's codec; that they are unreadable on disk is the business of `seal.rs`. The one rule
//! that everything above relies on is compare-and-swap: a change is committed only if the revision
//! that it was judged on is still the one in the store. That is what makes a code good for one login.

mod key;
mod place;
mod seal;
mod sqlite;
mod unopened;

use std::fmt;

use zeroize::Zeroizing;

pub use key::KeyId;
pub use place::Place;
pub use sqlite::{Notice, Opened, SqliteStore, UidOf};
pub use unopened::Unopened;

/// The longest user name that a store takes, in bytes.
pub const USER_LIMIT: usize = 1024;

/// The longest record that a store takes, in bytes: a bound on what one user can make the disk hold.
pub const RECORD_LIMIT: usize = 256 * 1024;

/// Which version of a record is meant: a number that grows with every commit of the whole store, not
/// always by one, and is never given twice, not even to a record that was removed and made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// There is no record.
    pub const NONE: Self = Self(0);

    /// The revision with this number; 0 is [`Revision::NONE`].
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, for logs and for stores.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a change ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was stored"]
pub enum Commit {
    /// The change is on disk and survives a power cut. The record now has this revision;
    /// [`Revision::NONE`] after a removal.
    Committed(Revision),
    /// The record no longer has the expected revision, and nothing was changed: load and judge again.
    Conflict,
}

/// A record as it was given to the store. It holds secrets: it cannot be printed, and is wiped on drop.
pub struct Record(Zeroizing<Vec<u8>>);

impl Record {
    /// Takes the bytes over.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What [`Store::find`] finds.
pub enum ByUid {
    /// The one record of that uid, and the name that it stands under.
    Found(String, Record, Revision),
    /// There certainly is none.
    None,
    /// There is none, unless it is one of these: the uids of these users' records are not known,
    /// because the records could not be read when the index was made.
    Unknown(Vec<String>),
}

/// A record that gets another name, another uid, or both.
#[derive(Clone, Copy)]
pub struct Move<'a> {
    /// The name that it stands under.
    pub from: &'a str,
    /// The name that it is to stand under; it may be the same.
    pub to: &'a str,
    /// The uid that it is to have.
    pub uid: u32,
    /// The record as it is to be.
    pub record: &'a [u8],
    /// The revision that it has.
    pub expected: Revision,
}

/// One line of [`Store::list`]: a user, and the record or the reason why it cannot be read.
pub type Listed = (String, Result<(Record, Revision), StoreError>);

/// The contract. A caller that gets an error denies the login.
///
/// Every call blocks: a read may wait for the disk, and a change returns after it is durable. So none
/// runs on the thread that serves the bus.
pub trait Store: Send + Sync {
    /// The user's record and its revision. `None` says that there certainly is no record: a store
    /// that cannot vouch for that gives an error.
    ///
    /// # Errors
    /// [`StoreError::RecordDamaged`], [`StoreError::DatabaseDamaged`], [`StoreError::KeyLost`],
    /// [`StoreError::Unavailable`], or [`StoreError::Refused`] for a name that no record can have.
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError>;

    /// The record of a uid, whatever name it stands under. [`ByUid::None`] is vouched for as
    /// [`Store::load`] does.
    ///
    /// # Errors
    /// As [`Store::load`], and [`StoreError::UidTwice`].
    fn find(&self, uid: u32) -> Result<ByUid, StoreError>;

    /// Stores the record if the user's record has the revision `expected`; [`Revision::NONE`] if
    /// there must be none yet, of that name and of that uid: a uid that has a record under another
    /// name is a conflict. The uid of a record that is there must be this one; it changes by
    /// [`Store::rename`] alone. Returns after the change is durable.
    ///
    /// # Errors
    /// As [`Store::load`]. After an error the change is normally not stored, but may turn out to be:
    /// the caller must not act on it, and load again.
    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError>;

    /// Moves records to other names and uids, all of them in one change or none. It is a conflict
    /// where one no longer has its revision, or where a name or a uid that one is to have belongs to
    /// a record that does not move.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError>;

    /// Removes the user's record if it has the revision `expected`; with `None` whatever is there,
    /// a damaged record too. It needs no sealing key.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError>;

    /// `None` where the store takes changes; else whether one that is opened anew would.
    fn writable_again(&self) -> Option<bool> {
        None
    }

    /// Every user with a record, in the order of their names. A record that cannot be read is listed
    /// with its error. Not one moment in time: records may change while the list is made.
    ///
    /// # Errors
    /// As [`Store::load`], where even the names cannot be read.
    fn list(&self) -> Result<Vec<Listed>, StoreError>;
}

/// Why a store could not do what it was asked. The texts are for the administrator: each says what
/// happened, what the daemon does about it, and what to do next. None holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// One user's record is there but cannot be what was stored.
    RecordDamaged {
        /// Whose record.
        user: String,
        /// What was found.
        why: String,
    },
    /// A uid has several records, so that it is not known which one is meant.
    UidTwice {
        /// The uid.
        uid: u32,
        /// The names that its records stand under.
        users: Vec<String>,
    },
    /// The database as a whole cannot be trusted.
    DatabaseDamaged {
        /// What was found.
        why: String,
    },
    /// The database is gone, though there was one.
    DatabaseMissing {
        /// Where it should be.
        database: String,
        /// The file that shows that there was one.
        witness: String,
    },
    /// The file in the database's place is another program's.
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
    /// The key that sealed the records is not here.
    KeyLost {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The sealing key cannot be used as it is, and nothing is sealed yet.
    KeyRefused {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The state directory or a file in it could be written by somebody else.
    Unsafe {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// No store takes such a name or record.
    Refused {
        /// What is wrong with it.
        why: String,
    },
    /// The store cannot work now: disk full, I/O error, stopping.
    Unavailable {
        /// What happened.
        why: String,
    },
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordDamaged { user, why } => write!(
                f,
                "the record of {user} is damaged ({why}); it is left as it is and {user} is refused. \
                 Restore accounts.db from a backup, or run `tfactl reset {user}` to let {user} set up anew"
            ),
            Self::UidTwice { uid, users } => write!(
                f,
                "uid {uid} has several records, of {}; logins without a record of their own name are \
                 refused. Run `tfactl reset USER` for those that are out of date",
                users.join(" and ")
            ),
            Self::DatabaseDamaged { why } => write!(
                f,
                "accounts.db is damaged ({why}); it is left as it is and logins are refused. \
                 Stop tfad, put accounts.db and its -wal and -shm files aside, restore accounts.db \
                 from a backup, start tfad. Check the disk"
            ),
            Self::DatabaseMissing { database, witness } => write!(
                f,
                "{database} is missing, though {witness} shows that there was one. Logins are refused, \
                 because without it nobody would be asked for a code. Delete what is left of {database}-wal and \
                 {database}-shm, restore {database} from a backup and restart tfad; or, to start anew \
                 with nobody set up, delete {witness} and restart tfad"
            ),
            Self::DatabaseForeign { why } => write!(
                f,
                "the file accounts.db is not a database of tfad ({why}); it is left as it is and logins \
                 are refused. Put it aside, restore accounts.db from a backup, restart tfad"
            ),
            Self::DatabaseNewer { found, known } => write!(
                f,
                "accounts.db has format {found}, this tfad knows up to format {known}; it is left as it \
                 is and logins are refused. Install the newer tfad again, or restore a backup of before \
                 the upgrade"
            ),
            Self::KeyLost { remedy } | Self::KeyRefused { remedy } | Self::Unsafe { remedy } => {
                f.write_str(remedy)
            }
            Self::Refused { why } => write!(f, "the store does not take this: {why}"),
            Self::Unavailable { why } => write!(f, "the store cannot be used: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}
