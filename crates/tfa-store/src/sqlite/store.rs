//! The store: which connection does what.

use std::borrow::Cow;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use super::change::{Change, NewRecord, Outcome, Resealed};
use super::checkpoint;
use super::database::{Database, LOG};
use super::db_file::DbFile;
use super::first_names::FirstNames;
use super::group_commit::GroupCommit;
use super::index::{Index, PARTS};
use super::names_ahead::NamesAhead;
use super::reader::Reader;
use super::reader_pool::ReaderPool;
use super::writer::Writer;
use crate::limits::{self, MAX_STORED_BYTES};
use crate::{ByUid, Commit, KeyId, Move, Page, Record, Revision, Store, StoreError};

/// A store in one SQLite database. Dropping it closes it.
pub struct SqliteStore {
    readers: ReaderPool,
    file: DbFile,
    /// `None` on a read-only file system.
    writer: Option<GroupCommit<Writer>>,
    names_ahead: NamesAhead,
    /// How often the document of the policy was changed.
    pub(super) policies: AtomicU64,
    /// `None` after the store was closed, and on a read-only file system.
    checkpointer: Mutex<Option<JoinHandle<()>>>,
}

impl Database {
    /// Starts to serve. Without the fingerprint of the key that seals the records nothing but a
    /// removal is accepted.
    pub(crate) fn start(self, key: Option<KeyId>) -> Result<SqliteStore, StoreError> {
        let Self {
            db,
            file,
            layout,
            has_log,
        } = self;
        let reader = Reader::new(db, layout, file.clone());
        if !file.is_writable() {
            return Ok(SqliteStore {
                readers: ReaderPool::new(file.clone(), Some(reader)),
                file,
                writer: None,
                names_ahead: NamesAhead::default(),
                policies: AtomicU64::default(),
                checkpointer: Mutex::new(None),
            });
        }
        let (checkpoints, requests) = checkpoint::channel();
        let (checkpoint_db, _) = file.connect()?;
        let log = file.path().with_file_name(LOG);
        let checkpointer = spawn("store-log", move || {
            checkpoint::serve(&checkpoint_db, &log, has_log, &requests)
        })?;
        let writer = Writer::new(reader, key, checkpoints);
        Ok(SqliteStore {
            readers: ReaderPool::new(file.clone(), None),
            file,
            writer: Some(GroupCommit::new(writer)),
            names_ahead: NamesAhead::default(),
            policies: AtomicU64::default(),
            checkpointer: Mutex::new(Some(checkpointer)),
        })
    }
}

impl SqliteStore {
    pub(super) fn write(&self, change: Change) -> Outcome {
        let Some(writer) = &self.writer else {
            // What to do is in the log once, where the daemon started.
            let database = self.file.path().display();
            return Err(StoreError::ReadOnly {
                why: format!("{database} is on a read-only file system"),
            });
        };
        writer.commit(change)
    }

    /// Reads with the connection that writes, where it is idle: its pages are in memory. Otherwise with
    /// one that only reads: no read waits for a commit.
    pub(super) fn read<T>(
        &self,
        read: impl Fn(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let writer = self.writer.as_ref();
        let idle = writer.and_then(|it| it.read_if_idle(|writer| writer.reader().map(&read)));
        idle.flatten().unwrap_or_else(|| self.readers.read(&read))
    }
}

impl SqliteStore {
    /// A connection of its own, with which a long read keeps no login waiting.
    pub(super) fn unpooled_reader(&self) -> Result<Reader, StoreError> {
        self.readers.unpooled()
    }

    /// The users with a record.
    pub(crate) fn users(&self) -> Result<Vec<String>, StoreError> {
        let reader = self.readers.unpooled()?;
        let mut users = Vec::new();
        for number in 0..PARTS {
            let part = reader.part(Index::Users, number)?;
            users.extend(
                part.users()
                    .map(String::from_utf8_lossy)
                    .map(Cow::into_owned),
            );
        }
        Ok(users)
    }

    /// Replaces records by the same records, sealed with another key. One that has another revision by
    /// now is left out.
    pub(crate) fn reseal(&self, records: Vec<Resealed>) -> Result<(), StoreError> {
        self.write(Change::Reseal(records)).map(drop)
    }

    /// Makes this the key that seals the records: all of them are sealed with it.
    pub(crate) fn adopt_key(&self, key: KeyId) -> Result<(), StoreError> {
        self.write(Change::AdoptKey(key)).map(drop)
    }
}

impl SqliteStore {
    fn names_of_page(
        &self,
        reader: &Reader,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<String>, bool), StoreError> {
        self.names_ahead.page(after, limit, |limit| {
            let mut first = FirstNames::after(after, limit);
            for number in 0..PARTS {
                let part = reader.part(Index::Users, number)?;
                part.users().try_for_each(|user| first.add(user))?;
            }
            Ok(first.finish())
        })
    }

    /// Empties the log: records that were replaced are then neither there nor in the database file.
    pub(crate) fn empty_log(&self) -> Result<(), StoreError> {
        checkpoint::empty(&self.file.connect()?.0)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        limits::check_user(user)?;
        self.read(|reader| reader.load(user))
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.read(|reader| reader.find(uid))
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        limits::check_record(user, uid, record, MAX_STORED_BYTES)?;
        let stored = self.write(Change::Store(NewRecord {
            user: user.to_owned(),
            uid,
            bytes: record.to_vec(),
            expected,
        }));
        if expected == Revision::NONE {
            self.names_ahead.forget();
        }
        stored
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        limits::check_moves(moves, MAX_STORED_BYTES)?;
        let moves = moves.iter().map(|one| {
            let record = NewRecord {
                user: one.to.to_owned(),
                uid: one.uid,
                bytes: one.record.to_vec(),
                expected: one.expected,
            };
            (one.from.to_owned(), record)
        });
        let renamed = self.write(Change::Rename(moves.collect()));
        self.names_ahead.forget();
        renamed
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        limits::check_user(user)?;
        let user = user.to_owned();
        self.write(Change::Remove { user, expected })
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        // With a connection of its own: no login waits for a long list. The names come from the index
        // of users and not from the table, which does not show that a record is missing.
        let reader = self.readers.unpooled()?;
        let (names, more_follow) = self.names_of_page(&reader, after, limit)?;
        Ok(Page::of_names(names, more_follow, |user| reader.load(user)))
    }

    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        self.names_of_page(&self.readers.unpooled()?, after, limit)
    }

    fn writable_again(&self) -> Option<bool> {
        (!self.file.is_writable()).then(|| self.file.is_writable_again())
    }

    fn close(&self) {
        self.readers.close();
        if let Some(writer) = &self.writer {
            writer.close();
        }
        // The thread that empties the log ends last: only the last connection leaves no log behind. In a
        // statement of its own: the lock is released before the thread is waited for.
        let checkpointer = self
            .checkpointer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(checkpointer) = checkpointer {
            let _ = checkpointer.join();
        }
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
    thread.map_err(|error| StoreError::Io {
        why: format!("cannot start the thread {name}: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StateDir, open};

    #[test]
    fn idle_store_reads_with_the_connection_that_writes() {
        let path = std::env::temp_dir().join(format!("tfad-idle-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let state_dir = StateDir {
            path: path.clone(),
            credentials: None,
        };
        let store = open(&state_dir, |_| None).unwrap().store.into_inner();
        let mut revision = Revision::NONE;
        for _ in 0..9 {
            let Ok(Commit::Committed(new)) = store.commit("lea", 1000, b"one", revision) else {
                panic!("it was not committed");
            };
            revision = new;
            assert!(store.load("max").unwrap().is_none());
            assert!(matches!(store.find(1000), Ok(ByUid::Found(..))));
            assert_eq!(store.load("lea").unwrap().unwrap().1, revision);
        }
        assert_eq!(store.readers.open(), 0);
        store
            .readers
            .read(|reader| reader.load("lea").map(drop))
            .unwrap();
        assert_eq!(store.readers.open(), 1);
        drop(store);
        std::fs::remove_dir_all(path).unwrap();
    }
}
