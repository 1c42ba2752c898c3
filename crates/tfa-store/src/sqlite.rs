//! The embedded store: one SQLite database in the state directory.
//!
//! Two threads, each with its own connection: `writer` commits in groups, `checkpoint` keeps the log
//! short; and `readers` with theirs read on the callers' threads. `schema` knows what lies in
//! the database. This file opens the store, which is where the first start, a lost database and a
//! lost key are told apart, and hands requests to them.
//!
//! # The first start
//! Three things appear, each whole or not at all, each on disk before the next: the key (unless
//! systemd gives one), the database `accounts.db`, the marker `key.id`. An interrupted first start
//! goes on where it was. The database names its key from the beginning, and takes no record before
//! the marker is there. From then on a marker without a database is a lost database, never a first
//! start.

mod checkpoint;
mod index;
mod migrate;
mod reader;
mod readers;
mod schema;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::key::{self, CREDENTIAL, Found, KEY_FILE, SealingKey};
use super::place::{Place, StateDir};
use super::{
    ByUid, Commit, KeyId, Listed, Move, RECORD_LIMIT, Record, Revision, Store, StoreError,
    USER_LIMIT, seal,
};
use checkpoint::Alarm;
use index::{PARTS, UNKNOWN_UID};
use readers::Readers;
use schema::{Access, Anchor, Head, Layout, failure};

const DATABASE: &str = "accounts.db";
const LOG: &str = "accounts.db-wal";
const JOURNAL: &str = "accounts.db-journal";
const INDEX: &str = "accounts.db-shm";
const MARKER: &str = "key.id";
const OLD_FORMAT: &str =
    "accounts.db has the format of an older tfad, and to find records by uid in it takes the key";

/// How long a connection waits for another process.
const BUSY: Duration = Duration::from_secs(5);
/// How many changes wait for the writer at most; who comes later waits outside.
const QUEUE: usize = 1024;
/// Up to this size the whole database is looked through before it is used: well under a second.
const CHECKED: u64 = 64 << 20;
/// How many parts of the roll are listed in one go: as long as one lasts, the log cannot begin anew.
const STRIDE: i64 = 16;

/// Reads the uid out of a record, if it is one: all that the store has to know of what is in it, and
/// only to migrate a database of the time before the index by uid.
pub type UidOf = fn(&[u8]) -> Option<u32>;

/// Something that the administrator should read in the log after the store was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The store was made: this was the first start.
    Made {
        /// The sealing key's fingerprint.
        key: KeyId,
        /// Where the key lies.
        from: String,
    },
    /// No record was there, so another key was taken.
    KeyChanged {
        /// The fingerprint of the key from now on.
        key: KeyId,
        /// Where it lies.
        from: String,
    },
    /// The accounts are sealed with the key file, though there is a credential.
    CredentialUnused {
        /// Why, and what to do.
        why: String,
    },
    /// The store takes no changes: nobody with a record can log in.
    ReadOnly {
        /// What is read-only, and what to do.
        remedy: String,
    },
    /// The store works without a key: nobody with a record can log in.
    KeyLost {
        /// What is wrong, and what to do.
        remedy: String,
    },
    /// The database was brought to the present format.
    Migrated {
        /// How many records it has.
        records: usize,
    },
    /// The database was brought to the present format, and the uids of some records are not known.
    Unread {
        /// Whose records could not be read.
        users: Vec<String>,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made { key, from } => write!(
                f,
                "a new store was made; its records are sealed with {from} (fingerprint {key}). Without \
                 that key a backup of accounts.db is worth nothing: back it up as well"
            ),
            Self::KeyChanged { key, from } => write!(
                f,
                "no record was stored yet, and from now on they are sealed with {from} (fingerprint {key})"
            ),
            Self::CredentialUnused { why } => f.write_str(why),
            Self::ReadOnly { remedy } | Self::KeyLost { remedy } => f.write_str(remedy),
            Self::Migrated { records } => write!(
                f,
                "accounts.db has the format {} now, with {records} records. An older tfad refuses it: \
                 to go back takes a backup of before",
                schema::VERSION
            ),
            Self::Unread { users } => write!(
                f,
                "the records of {} are damaged, so that it is not known whose they are after a change \
                 of names. Restore accounts.db from a backup, or run `tfactl reset USER` for each",
                users.join(", ")
            ),
        }
    }
}

/// A store that was opened.
pub struct Opened {
    /// The store.
    pub store: SqliteStore,
    /// What should be logged, the most important first.
    pub notices: Vec<Notice>,
}

/// The store on SQLite. Dropping it closes it.
pub struct SqliteStore {
    readers: Readers,
    anchor: Anchor,
    /// `None` after the store was closed, and where it takes no changes.
    running: Mutex<Option<Running>>,
}

/// The threads, and what keeps them going.
struct Running {
    changes: SyncSender<writer::Request>,
    writer: JoinHandle<()>,
    log: JoinHandle<()>,
    alarm: Alarm,
}

impl Running {
    /// Lets the threads finish what has been asked for. The one that empties the log goes last:
    /// only a connection that is alone leaves no log behind. A thread that panicked has let go of
    /// its connection as well.
    fn end(self) {
        drop(self.changes);
        let _ = self.writer.join();
        drop(self.alarm);
        let _ = self.log.join();
    }
}

impl SqliteStore {
    /// Opens the store, and makes it at the first start. Blocks for some milliseconds; for up to a
    /// second where the database is large.
    ///
    /// On a read-only file system the store opens for reading: then [`Notice::ReadOnly`] is among the
    /// notices, and `commit` and `remove` give [`StoreError::Unavailable`].
    ///
    /// With the key lost or wrong while there are records the store opens without one: then
    /// [`Notice::KeyLost`] is among the notices, users without a record are known as such, every
    /// other `load` and every `commit` gives [`StoreError::KeyLost`], and `remove` works.
    ///
    /// A database of an older version is migrated, for which `uid_of` reads the records. Without the
    /// key it stays as it is, and every `find` gives [`StoreError::KeyLost`].
    ///
    /// # Errors
    /// [`StoreError::DatabaseMissing`], [`StoreError::DatabaseDamaged`],
    /// [`StoreError::DatabaseForeign`], [`StoreError::DatabaseNewer`], [`StoreError::Unsafe`],
    /// [`StoreError::KeyRefused`] at the first start, [`StoreError::Unavailable`].
    pub fn open(place: &Place, uid_of: UidOf) -> Result<Opened, StoreError> {
        let state = StateDir::open(&place.state)?;
        let mut notices = Vec::new();
        for name in [KEY_FILE, DATABASE, MARKER] {
            state.sweep(name)?;
        }
        if !state.has(DATABASE)? {
            for witness in [MARKER, LOG, JOURNAL] {
                if state.has(witness)? {
                    return Err(StoreError::DatabaseMissing {
                        database: state.join(DATABASE).display().to_string(),
                        witness: state.join(witness).display().to_string(),
                    });
                }
            }
            notices.push(first_start(&state, place.credentials.as_deref())?);
        }
        for name in [DATABASE, LOG, JOURNAL, INDEX] {
            state.guard(name)?;
        }
        let access = access(&state)?;
        let anchor = Anchor::drop_at(state.join(DATABASE), access)?;
        // A run that did not end cleanly left a log.
        let mut left = state.has(LOG)?;
        let (mut db, mut layout) = connect(&anchor)?;
        if state.size(DATABASE)? <= CHECKED {
            schema::quick_check(&db)?;
        }
        if access == Access::Full {
            schema::keep_log(&db)?;
        } else {
            notices.push(Notice::ReadOnly {
                remedy: read_only(anchor.path()),
            });
        }
        let (key, remedy) =
            choose_key(&mut db, &state, place.credentials.as_deref(), &mut notices)?;
        if let (Layout::First, Some(key), Access::Full) = (layout, &key, access) {
            let migrated = migrate::migrate(&mut db, key, uid_of)?;
            notices.extend(migrated.into_iter().flat_map(told));
            (layout, left) = (Layout::Present, true);
        }
        let remedy = if layout == Layout::First {
            format!("{remedy}. Until then users without a record are refused, too: {OLD_FORMAT}")
        } else {
            remedy
        };
        if key.is_none() {
            notices.push(Notice::KeyLost {
                remedy: remedy.clone(),
            });
        }
        let marker = format!("{}\n", Head::read(&db)?.key);
        if state.read(MARKER)?.as_deref() != Some(marker.as_bytes()) {
            state.replace(MARKER, marker.as_bytes())?;
        }
        let opener = reader::Opener {
            key: key.map(Arc::new),
            remedy,
        };
        let store = Self::start((db, layout), anchor, opener, left)?;
        Ok(Opened { store, notices })
    }

    fn start(
        (db, layout): (Connection, Layout),
        anchor: Anchor,
        opener: reader::Opener,
        left: bool,
    ) -> Result<Self, StoreError> {
        if anchor.access() != Access::Full {
            return Ok(Self {
                readers: Readers::open(anchor.clone(), opener)?,
                anchor,
                running: Mutex::default(),
            });
        }
        let (changes, requests) = sync_channel(QUEUE);
        let (alarm, woken) = checkpoint::alarm();
        let key = opener.key.as_ref().map(|key| key.id());
        let (carries, _) = connect(&anchor)?;
        let readers = Readers::open(anchor.clone(), opener)?;
        let log = anchor.path().with_file_name(LOG);
        let bell = alarm.clone();
        let kept = anchor.clone();
        // A thread that gives up drops its requests, and each of them is answered with an error.
        let writer = spawn("store-write", move || {
            writer::serve(&db, anchor, layout, key, &requests, bell)
        })?;
        let log = spawn("store-log", move || {
            checkpoint::serve(&carries, &log, left, &woken)
        })?;
        let running = Running {
            changes,
            writer,
            log,
            alarm,
        };
        Ok(Self {
            readers,
            anchor: kept,
            running: Mutex::new(Some(running)),
        })
    }

    /// What to say about a key that is lost; `None` where the store has its key.
    pub fn key_lost(&self) -> Option<&str> {
        let opener = self.readers.opener();
        opener.key.is_none().then_some(opener.remedy.as_str())
    }

    /// Finishes what has been asked for, empties the log and ends the threads. Later requests get
    /// [`StoreError::Unavailable`]. Waits until that is done.
    pub fn close(&self) {
        self.readers.close();
        // In a statement of its own: the lock must not be held while the threads end.
        let running = self.running().take();
        if let Some(running) = running {
            running.end();
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record, sealed for the name that it is to stand under.
    fn sealed(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<writer::Sealed, StoreError> {
        check_user(user)?;
        if uid == UNKNOWN_UID {
            return Err(StoreError::Refused {
                why: format!("{uid} is no user's uid"),
            });
        }
        if record.len() > RECORD_LIMIT {
            return Err(StoreError::Refused {
                why: format!(
                    "the record of {user} has {} bytes, the limit is {RECORD_LIMIT}",
                    record.len()
                ),
            });
        }
        let opener = self.readers.opener();
        let key = opener.key.as_ref().ok_or_else(|| opener.lost())?;
        Ok(writer::Sealed {
            user: user.to_owned(),
            uid,
            bytes: seal::seal(key, user, record)?,
            expected,
        })
    }

    fn write(&self, change: writer::Change) -> Result<Commit, StoreError> {
        self.enqueue(change)?.recv().map_err(|_| stopped())?
    }

    /// Hands a change to the writer, which makes it whether or not the answer is waited for.
    fn enqueue(
        &self,
        change: writer::Change,
    ) -> Result<Receiver<Result<Commit, StoreError>>, StoreError> {
        if self.anchor.access() != Access::Full {
            // The way on stands in the log once, where the daemon started.
            let database = self.anchor.path().display();
            return Err(StoreError::Unavailable {
                why: format!("{database} is on a read-only file system"),
            });
        }
        let (answer, outcome) = sync_channel(1);
        let request = writer::Request { change, answer };
        // Sent on a sender of its own, which is gone when this returns: the queue may be full, and the
        // writer ends when there is no sender any more.
        let changes = self.running().as_ref().map(|it| it.changes.clone());
        let changes = changes.ok_or_else(stopped)?;
        changes.send(request).map_err(|_| stopped())?;
        Ok(outcome)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        check_user(user)?;
        self.readers.read(|reader| reader.load(user))
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.readers.read(|reader| reader.find(uid))
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        let sealed = self.sealed(user, uid, record, expected)?;
        self.write(writer::Change::Store(sealed))
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        let mut sealed = Vec::with_capacity(moves.len());
        for (place, one) in moves.iter().enumerate() {
            check_user(one.from)?;
            let twice = moves
                .iter()
                .take(place)
                .any(|other| other.from == one.from || other.to == one.to || other.uid == one.uid);
            if twice || one.expected == Revision::NONE {
                return Err(StoreError::Refused {
                    why: format!("{} and {}: no such records to move", one.from, one.to),
                });
            }
            let record = self.sealed(one.to, one.uid, one.record, one.expected)?;
            sealed.push((one.from.to_owned(), record));
        }
        self.write(writer::Change::Rename(sealed))
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        check_user(user)?;
        let user = user.to_owned();
        self.write(writer::Change::Remove { user, expected })
    }

    fn writable_again(&self) -> Option<bool> {
        (self.anchor.access() != Access::Full).then(|| self.anchor.is_writable_again())
    }

    fn list(&self) -> Result<Vec<Listed>, StoreError> {
        // With a connection of its own: nobody's login waits for a long list.
        let reader = self.readers.another()?;
        let mut listed = Vec::new();
        let mut from = 0;
        while from < PARTS {
            let parts = from..PARTS.min(from + STRIDE);
            from = parts.end;
            listed.extend(reader.list(parts)?);
        }
        listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(listed)
    }
}

fn spawn(
    name: &str,
    work: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
) -> Result<JoinHandle<()>, StoreError> {
    let thread = std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            let _ = work();
        });
    thread.map_err(|error| StoreError::Unavailable {
        why: format!("no thread {name}: {error}"),
    })
}

fn check_user(user: &str) -> Result<(), StoreError> {
    if user.is_empty() || user.len() > USER_LIMIT || user.contains('\0') {
        return Err(StoreError::Refused {
            why: format!("a user name has 1 to {USER_LIMIT} bytes, none of them zero"),
        });
    }
    Ok(())
}

fn stopped() -> StoreError {
    StoreError::Unavailable {
        why: "it has stopped; restart tfad".into(),
    }
}

/// How the database can be opened where it lies.
fn access(state: &StateDir) -> Result<Access, StoreError> {
    if !state.is_read_only()? {
        return Ok(Access::Full);
    }
    let has_log = state.has(LOG)? && state.size(LOG)? > 0;
    if !has_log && !state.has(JOURNAL)? {
        return Ok(Access::Immutable);
    }
    if has_log && !state.has(INDEX)? {
        let log = state.join(LOG);
        return Err(StoreError::Unavailable {
            why: format!(
                "{} is on a read-only file system, and its changes cannot be read there: make the file \
                 system writable and restart tfad",
                log.display()
            ),
        });
    }
    Ok(Access::WithLog)
}

fn read_only(database: &Path) -> String {
    format!(
        "{} is on a read-only file system. Users who have not enrolled log in as the policy says; codes \
         are refused, because their use cannot be stored. Make the file system writable \
         (`mount -o remount,rw`) and run `systemctl reload tfad`",
        database.display()
    )
}

/// Connects to the database, and checks it before anything is written.
fn connect(anchor: &Anchor) -> Result<(Connection, Layout), StoreError> {
    let db = schema::connect(anchor.path(), anchor.access()).map_err(failure)?;
    let layout = schema::check(&db)?;
    Ok((db, layout))
}

/// What the log says of a migration.
fn told(migrated: migrate::Migrated) -> Vec<Notice> {
    let migrate::Migrated { records, unread } = migrated;
    let mut told = vec![Notice::Migrated { records }];
    if !unread.is_empty() {
        told.insert(0, Notice::Unread { users: unread });
    }
    told
}

/// Makes the key, where none is given, and the database.
fn first_start(state: &StateDir, credentials: Option<&Path>) -> Result<Notice, StoreError> {
    let (key, from) = match wanted(state, credentials) {
        (Found::Key(key), from) => (key, from),
        (Found::Nothing, from) => (key::make(state)?, from),
        (Found::Unusable(remedy), _) => {
            return Err(StoreError::KeyRefused {
                remedy: format!(
                    "there is no key to seal records with. {remedy}. Then restart tfad"
                ),
            });
        }
    };
    let key = key.id();
    let draft = state.draft(DATABASE, b"")?;
    schema::create(&draft, key).map_err(failure)?;
    state.publish(DATABASE)?;
    Ok(Notice::Made { key, from })
}

/// The key that should be used, and where it comes from: systemd's credential before the file.
fn wanted(state: &StateDir, credentials: Option<&Path>) -> (Found, String) {
    match key::from_credential(credentials) {
        Found::Nothing => (
            key::from_file(state),
            format!("the key file {}", state.join(KEY_FILE).display()),
        ),
        found => (found, format!("the systemd credential {CREDENTIAL}")),
    }
}

/// The key that sealed this database; or none, and what to do about it.
fn choose_key(
    db: &mut Connection,
    state: &StateDir,
    credentials: Option<&Path>,
    notices: &mut Vec<Notice>,
) -> Result<(Option<SealingKey>, String), StoreError> {
    let sealed_with = Head::read(db)?.key;
    let file = state.join(KEY_FILE);
    let file = file.display();
    let (found, from) = wanted(state, credentials);
    let why = match found {
        Found::Key(key) if key.id() == sealed_with => return Ok((Some(key), String::new())),
        // Where nothing is sealed no key is lost: the one that is here is taken.
        Found::Key(key) if schema::is_empty(db)? => return adopt(db, key, from, notices),
        Found::Nothing if schema::is_empty(db)? => {
            return adopt(db, key::make(state)?, from, notices);
        }
        Found::Key(key) => format!("{from} is another one (fingerprint {})", key.id()),
        Found::Nothing => format!("{from} is missing"),
        Found::Unusable(why) => why,
    };
    if let Found::Key(key) = key::from_file(state)
        && key.id() == sealed_with
    {
        notices.push(Notice::CredentialUnused {
            why: format!(
                "{why}. The accounts are sealed with {file}, which is used instead. To use the \
                 credential, make it of that file (`systemd-creds encrypt --name={CREDENTIAL} {file} \
                 /etc/credstore.encrypted/{CREDENTIAL}`), restart tfad, then delete the file"
            ),
        });
        return Ok((Some(key), String::new()));
    }
    let remedy = format!(
        "the key that sealed the accounts (fingerprint {sealed_with}) is not here: {why}. Users who \
         have set up are refused. Put the right key back as {file} (mode 600) or as the systemd \
         credential {CREDENTIAL} and restart tfad. If it is lost for good, run `tfactl reset USER` \
         for every user of `tfactl list` and restart tfad, which then takes a new key"
    );
    Ok((None, remedy))
}

/// Makes this key the database's, which has no record.
fn adopt(
    db: &mut Connection,
    key: SealingKey,
    from: String,
    notices: &mut Vec<Notice>,
) -> Result<(Option<SealingKey>, String), StoreError> {
    let tx = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failure)?;
    if !schema::is_empty(&tx)? {
        return Err(StoreError::Unavailable {
            why: "another process has just stored a record; restart tfad".into(),
        });
    }
    let head = Head {
        key: key.id(),
        ..Head::read(&tx)?
    };
    tx.prepare(Head::UPDATE)
        .and_then(|mut update| head.update(&mut update))
        .map_err(failure)?;
    tx.commit().map_err(failure)?;
    notices.push(Notice::KeyChanged {
        key: head.key,
        from,
    });
    Ok((Some(key), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_though_its_answer_is_not_waited_for() {
        let state = std::env::temp_dir().join(format!("tfad-unanswered-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&state);
        let place = Place {
            state: state.clone(),
            credentials: None,
        };
        let Opened { store, .. } = SqliteStore::open(&place, |_| None).unwrap();
        let sealed = store.sealed("lea", 1000, b"one", Revision::NONE).unwrap();
        drop(store.enqueue(writer::Change::Store(sealed)).unwrap());
        drop(store);
        let Opened { store, .. } = SqliteStore::open(&place, |_| None).unwrap();
        let (record, _) = store.load("lea").unwrap().unwrap();
        assert_eq!(record.as_bytes(), b"one");
        drop(store);
        std::fs::remove_dir_all(state).unwrap();
    }
}
