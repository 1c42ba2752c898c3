//! Opens the store in the state directory: SQLite, and sealing over it.
//!
//! # The first start
//! Three files appear, each whole or not at all, each on disk before the next: the key (unless systemd
//! passes one), the database `accounts.db`, the marker `key.id`. An interrupted first start continues
//! where it was. The database names its key from the beginning, and accepts no record before the
//! marker exists. From then on a marker without a database is a lost database, never a first start.

use zeroize::Zeroizing;

use crate::error::NOT_MIGRATED;
use crate::etcd::ETCD_MARKER;
use crate::key::{self, KEY_FILE, KeyLookup, NEXT_KEY_FILE};
use crate::key_choice::{KeyChoice, KeySources, RETIRED};
use crate::keyring::Keys;
use crate::member::refuse_member;
use crate::rotation;
use crate::seal::unseal;
use crate::sqlite::{DATABASE, Database, EVIDENCE, Migrated};
use crate::state_dir::LockedDir;
use crate::{Notice, Record, Sealed, SqliteStore, StateDir, StoreError};

/// The file that shows that there was a database, and names its key.
pub(crate) const MARKER: &str = "key.id";

/// Reads the uid out of a record, if it is one. It is needed only to migrate a database that has no
/// index by uid yet.
pub type UidOf = fn(&[u8]) -> Option<u32>;

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: Sealed<SqliteStore>,
    /// What should be logged, the most important first.
    pub notices: Vec<Notice>,
}

/// Opens the store, and creates it at the first start. Takes some milliseconds; up to a second for a
/// large database.
///
/// On a read-only file system the store opens for reading: [`Notice::ReadOnly`] is among the notices,
/// and every change fails with [`StoreError::ReadOnly`].
///
/// If the key is lost or wrong while there are records, the store opens without a key:
/// [`Notice::KeyLost`] is among the notices. See [`Sealed`] for what it still does.
///
/// A database of an older version is migrated, with `uid_of` reading the records. Without the key it
/// stays as it is, and every [`Store::find`](crate::Store::find) fails with [`StoreError::KeyLost`].
///
/// # Errors
/// [`StoreError::DatabaseMissing`], [`StoreError::DatabaseDamaged`], [`StoreError::DatabaseForeign`],
/// [`StoreError::DatabaseNewer`], [`StoreError::Unsafe`] also where the accounts of this host are in etcd or with verifiers,
/// [`StoreError::KeyUnusable`] at the first start, and the causes in the environment.
pub fn open(state_dir: &StateDir, uid_of: UidOf) -> Result<Opened, StoreError> {
    let directory = LockedDir::open(&state_dir.path)?;
    refuse_etcd(&directory)?;
    refuse_member(&directory)?;
    let mut notices = Vec::new();
    for name in [KEY_FILE, NEXT_KEY_FILE, RETIRED, DATABASE, MARKER] {
        directory.remove_drafts(name)?;
    }
    let keys = KeySources {
        directory: &directory,
        credentials: state_dir.credentials.as_deref(),
    };
    if !directory.has(DATABASE)? {
        refuse_lost_database(&directory)?;
        let (key, from) = keys.first_key()?;
        let key = key.id();
        Database::create(&directory, key)?;
        notices.push(Notice::Made { key, from });
    }
    let mut database = Database::open(&directory)?;
    if database.is_read_only() {
        notices.push(Notice::ReadOnly {
            remedy: format!(
                "{} is on a read-only file system. Users who have not enrolled log in as the policy \
                 says; codes are refused, because their use cannot be stored. Make the file system \
                 writable (`mount -o remount,rw`) and run `systemctl reload tfad`",
                directory.join(DATABASE).display()
            ),
        });
    }
    let mut key = keys.choose(&mut database, &mut notices)?;
    let next = match (&key, key::next(&directory)) {
        (KeyChoice::Use(key), KeyLookup::Key(next)) if key.id() == next.id() => {
            // With a program that reads an old state of the database, a later start does it.
            if !database.is_read_only() && database.empty_log().is_ok() {
                rotation::finish(&keys)?;
            }
            None
        }
        (KeyChoice::Use(_), KeyLookup::Key(next)) => Some(next),
        // Records may be sealed with it already.
        (KeyChoice::Use(_), KeyLookup::Unusable(why)) => {
            let remedy = format!(
                "the new key of a rotation that is under way cannot be used: {why}. Users who have \
                 enrolled are refused. Correct that and restart tfad"
            );
            key = KeyChoice::Lost { remedy };
            None
        }
        _ => None,
    };
    if let KeyChoice::Use(key) = &key {
        let migrated = database.migrate(&|user, sealed| {
            let sealed = Record::new(Zeroizing::new(sealed.to_vec()));
            let record = unseal(key, user, sealed).ok()?;
            uid_of(record.as_bytes())
        })?;
        notices.extend(migrated.into_iter().flat_map(migration_notices));
    }
    if directory.read(MARKER)?.as_deref() != Some(marker(&database)?.as_bytes()) {
        directory.replace(MARKER, marker(&database)?.as_bytes())?;
    }
    let slow_commits = database.slow_commits()?;
    let store = match key {
        KeyChoice::Use(key) => {
            let store = database.start(Some(key.id()))?;
            Sealed::with_keys(store, Keys::in_rotation(key, next))
        }
        KeyChoice::Lost { remedy } => {
            let remedy = if database.is_migrated() {
                remedy
            } else {
                format!(
                    "{remedy}. Until then users without a record are refused, too: {NOT_MIGRATED}"
                )
            };
            notices.push(Notice::KeyLost {
                remedy: remedy.clone(),
            });
            Sealed::without_key(database.start(None)?, remedy)
        }
    };
    notices.extend(slow_commits.map(|remedy| Notice::SlowCommits { remedy }));
    Ok(Opened { store, notices })
}

/// Refuses if the accounts of this host are in etcd. In a database they would be users without a record,
/// whom no login asks for a code.
fn refuse_etcd(directory: &LockedDir) -> Result<(), StoreError> {
    if !directory.has(ETCD_MARKER)? {
        return Ok(());
    }
    let marker = directory.join(ETCD_MARKER);
    let marker = marker.display();
    Err(StoreError::Unsafe {
        remedy: format!(
            "{marker} shows that the accounts of this host are in etcd, and tfad.toml has not the lines \
             [store] and kind = \"etcd\". Logins are refused. Add the lines and restart tfad; or delete \
             {marker}, to start without these accounts"
        ),
    })
}

/// Refuses if a file shows that there was a database.
fn refuse_lost_database(directory: &LockedDir) -> Result<(), StoreError> {
    match evidence(directory)? {
        None => Ok(()),
        Some(name) => Err(StoreError::DatabaseMissing {
            database: directory.join(DATABASE).display().to_string(),
            evidence: directory.join(name).display().to_string(),
        }),
    }
}

/// A file that shows that there was a database.
fn evidence(directory: &LockedDir) -> Result<Option<&'static str>, StoreError> {
    for name in [&[MARKER][..], &EVIDENCE].concat() {
        if directory.has(name)? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether there is a database, or was one.
pub(crate) fn had_database(directory: &LockedDir) -> Result<bool, StoreError> {
    Ok(directory.has(DATABASE)? || evidence(directory)?.is_some())
}

/// The contents of the marker.
fn marker(database: &Database) -> Result<String, StoreError> {
    Ok(format!("{}\n", database.key()?))
}

/// What the log says about a migration.
fn migration_notices(migrated: Migrated) -> Vec<Notice> {
    let Migrated { records, unread } = migrated;
    let mut notices = vec![Notice::Migrated { records }];
    if !unread.is_empty() {
        notices.insert(0, Notice::Unread { users: unread });
    }
    notices
}
