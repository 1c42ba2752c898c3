//! The store, its threads, and the way from a caller to them.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::change::{Change, NewRecord, Outcome, Request};
use super::checkpoint::{self, CheckpointHandle};
use super::database::{Database, LOG};
use super::db_file::DbFile;
use super::first_names::FirstNames;
use super::index::{Index, PARTS};
use super::reader_pool::ReaderPool;
use super::writer;
use crate::limits::{self, MAX_STORED_BYTES};
use crate::{ByUid, Commit, KeyId, Move, Page, Record, Revision, Store, StoreError};

/// How many changes wait for the writer at most. A caller beyond that waits until there is room.
const MAX_QUEUED: usize = 1024;

/// A store in one SQLite database. Dropping it closes it.
pub struct SqliteStore {
    readers: ReaderPool,
    file: DbFile,
    /// `None` after the store was closed, and on a read-only file system.
    threads: Mutex<Option<Threads>>,
}

/// The threads, and what keeps them running.
struct Threads {
    changes: SyncSender<Request>,
    writer: JoinHandle<()>,
    checkpointer: JoinHandle<()>,
    checkpoints: CheckpointHandle,
}

impl Threads {
    /// Lets the threads finish what was asked for. The one that empties the log ends last: only the
    /// last connection leaves no log behind. A thread that panicked has dropped its connection too.
    fn end(self) {
        drop(self.changes);
        let _ = self.writer.join();
        drop(self.checkpoints);
        let _ = self.checkpointer.join();
    }
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
        let readers = ReaderPool::open(file.clone())?;
        let threads = if file.is_writable() {
            let (changes, requests) = sync_channel(MAX_QUEUED);
            let (checkpoints, checkpoint_requests) = checkpoint::channel();
            let (checkpoint_db, _) = file.connect()?;
            let log = file.path().with_file_name(LOG);
            let (handle, writer_file) = (checkpoints.clone(), file.clone());
            // A thread that fails drops its requests, and each of them is answered with an error.
            let writer = spawn("store-write", move || {
                writer::serve(&db, writer_file, layout, key, &requests, handle)
            })?;
            let checkpointer = spawn("store-log", move || {
                checkpoint::serve(&checkpoint_db, &log, has_log, &checkpoint_requests)
            })?;
            Some(Threads {
                changes,
                writer,
                checkpointer,
                checkpoints,
            })
        } else {
            None
        };
        Ok(SqliteStore {
            readers,
            file,
            threads: Mutex::new(threads),
        })
    }
}

impl SqliteStore {
    fn threads(&self) -> MutexGuard<'_, Option<Threads>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, change: Change) -> Outcome {
        self.enqueue(change)?
            .recv()
            .map_err(|_| StoreError::Stopped)?
    }

    /// Passes a change to the writer, which makes it even if nothing waits for the answer.
    fn enqueue(&self, change: Change) -> Result<Receiver<Outcome>, StoreError> {
        if !self.file.is_writable() {
            // What to do is in the log once, where the daemon started.
            let database = self.file.path().display();
            return Err(StoreError::ReadOnly {
                why: format!("{database} is on a read-only file system"),
            });
        }
        let (answer, outcome) = sync_channel(1);
        let request = Request { change, answer };
        // The queue may be full, so the lock is released before the request is sent. The writer ends
        // when all senders are dropped: this one is, before the answer is waited for.
        let changes = self.threads().as_ref().map(|it| it.changes.clone());
        let changes = changes.ok_or(StoreError::Stopped)?;
        changes.send(request).map_err(|_| StoreError::Stopped)?;
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
        limits::check_user(user)?;
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
        limits::check_record(user, uid, record, MAX_STORED_BYTES)?;
        self.write(Change::Store(NewRecord {
            user: user.to_owned(),
            uid,
            bytes: record.to_vec(),
            expected,
        }))
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
        self.write(Change::Rename(moves.collect()))
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
        let mut first = FirstNames::after(after, limit);
        for number in 0..PARTS {
            let part = reader.part(Index::Users, number)?;
            part.users().try_for_each(|user| first.add(user))?;
        }
        let (names, more_follow) = first.finish();
        Ok(Page::of_names(names, more_follow, |user| reader.load(user)))
    }

    fn writable_again(&self) -> Option<bool> {
        (!self.file.is_writable()).then(|| self.file.is_writable_again())
    }

    fn close(&self) {
        self.readers.close();
        // In a statement of its own: the lock is released before the threads are waited for.
        let threads = self.threads().take();
        if let Some(threads) = threads {
            threads.end();
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
    fn change_is_made_even_if_the_answer_is_not_awaited() {
        let path = std::env::temp_dir().join(format!("tfad-unanswered-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        let state_dir = StateDir {
            path: path.clone(),
            credentials: None,
        };
        let store = open(&state_dir, |_| None).unwrap().store.into_inner();
        let record = NewRecord {
            user: "lea".to_owned(),
            uid: 1000,
            bytes: b"one".to_vec(),
            expected: Revision::NONE,
        };
        drop(store.enqueue(Change::Store(record)).unwrap());
        drop(store);
        let store = open(&state_dir, |_| None).unwrap().store.into_inner();
        let (record, _) = store.load("lea").unwrap().unwrap();
        assert_eq!(record.as_bytes(), b"one");
        drop(store);
        std::fs::remove_dir_all(path).unwrap();
    }
}
