//! The connections that read: as many as are in use at once, up to a limit.
//!
//! With a single one every login would wait for another whose pages come from a slow disk, or whose
//! thread does not run.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::db_file::DbFile;
use super::reader::Reader;
use crate::StoreError;

/// How many connections there are at most.
const MAX_READERS: usize = 8;

/// The connections that read.
pub(super) struct ReaderPool {
    file: DbFile,
    state: Mutex<State>,
    returned: Condvar,
}

struct State {
    /// `None` after the pool was closed.
    idle: Option<Vec<Reader>>,
    /// How many are open: idle and in use.
    open: usize,
    /// How many callers wait for one.
    waiting: usize,
}

/// A reader in use. It is returned on drop.
struct PooledReader<'pool> {
    pool: &'pool ReaderPool,
    reader: Option<Reader>,
}

impl ReaderPool {
    /// A pool, with a first connection if there is one.
    pub(super) fn new(file: DbFile, first: Option<Reader>) -> Self {
        let idle: Vec<Reader> = first.into_iter().collect();
        Self {
            file,
            state: Mutex::new(State {
                open: idle.len(),
                idle: Some(idle),
                waiting: 0,
            }),
            returned: Condvar::new(),
        }
    }

    /// Reads with one of the connections. Waits for one if all are in use.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let pooled = self.checkout()?;
        let reader = pooled.reader.as_ref().ok_or(StoreError::Stopped)?;
        read(reader)
    }

    /// A connection outside the limit, for a read that takes long.
    pub(super) fn unpooled(&self) -> Result<Reader, StoreError> {
        if self.state().idle.is_none() {
            return Err(StoreError::Stopped);
        }
        Reader::connect(self.file.clone())
    }

    /// Closes the idle connections; one in use is closed when its read is done.
    pub(super) fn close(&self) {
        let mut state = self.state();
        let idle = state.idle.take();
        state.open -= idle.as_ref().map_or(0, Vec::len);
        drop(state);
        self.returned.notify_all();
        drop(idle);
    }

    /// How many connections are open.
    #[cfg(test)]
    pub(super) fn open(&self) -> usize {
        self.state().open
    }

    fn checkout(&self) -> Result<PooledReader<'_>, StoreError> {
        let mut state = self.state();
        let idle = loop {
            let idle = state.idle.as_mut().ok_or(StoreError::Stopped)?;
            match idle.pop() {
                Some(reader) => break Some(reader),
                None if state.open < MAX_READERS => break None,
                None => {
                    state.waiting += 1;
                    let returned = self.returned.wait(state);
                    state = returned.unwrap_or_else(PoisonError::into_inner);
                    state.waiting -= 1;
                }
            }
        };
        let is_new = idle.is_none();
        state.open += usize::from(is_new);
        drop(state);
        let mut pooled = PooledReader {
            pool: self,
            reader: idle,
        };
        if is_new {
            pooled.reader = Some(self.unpooled()?);
        }
        Ok(pooled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PooledReader<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        let is_awaited = state.waiting > 0;
        let reader = match (self.reader.take(), state.idle.as_mut()) {
            (Some(reader), Some(idle)) => {
                idle.push(reader);
                None
            }
            // It could not be opened, or the pool was closed.
            (reader, _) => {
                state.open -= 1;
                reader
            }
        };
        drop(state);
        drop(reader);
        // A call of the kernel, even if no caller waits.
        if is_awaited {
            self.pool.returned.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::KeyId;
    use crate::sqlite::connection::Access;
    use crate::sqlite::schema;

    fn pool(name: &str) -> (ReaderPool, PathBuf) {
        let path = std::env::temp_dir().join(format!("tfad-{name}-{}", std::process::id()));
        std::fs::write(&path, b"").unwrap();
        schema::create(&path, KeyId::from_bytes(&[0; 16]).unwrap()).unwrap();
        let file = DbFile::new(path.clone(), Access::ReadWrite).unwrap();
        (ReaderPool::new(file, None), path)
    }

    #[test]
    fn reads_beyond_the_limit_wait() {
        let (pool, path) = pool("readers");
        let (reading, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 * MAX_READERS {
                scope.spawn(|| {
                    let read = pool.read(|reader| {
                        let now = reading.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::sleep(Duration::from_millis(20));
                        let found = reader.load("alice");
                        reading.fetch_sub(1, Ordering::SeqCst);
                        found
                    });
                    assert!(read.unwrap().is_none());
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), MAX_READERS);
        drop(pool);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn closed_pool_refuses_reads_and_no_caller_waits_for_one() {
        let (pool, path) = pool("readers-closed");
        thread::scope(|scope| {
            for _ in 0..2 * MAX_READERS {
                scope.spawn(|| {
                    let _ = pool.read(|_| {
                        thread::sleep(Duration::from_millis(50));
                        Ok(())
                    });
                });
            }
            thread::sleep(Duration::from_millis(20));
            pool.close();
        });
        assert_eq!(pool.state().open, 0);
        assert_eq!(pool.read(|_| Ok(())), Err(StoreError::Stopped));
        assert!(matches!(pool.unpooled(), Err(StoreError::Stopped)));
        drop(pool);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn reader_is_returned_after_a_panic() {
        let (pool, path) = pool("readers-panic");
        for _ in 0..2 * MAX_READERS {
            let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.read(|_| -> Result<(), StoreError> { panic!("the read breaks off") })
            }));
            assert!(broken.is_err());
        }
        assert!(pool.read(|reader| reader.load("alice")).unwrap().is_none());
        drop(pool);
        std::fs::remove_file(path).unwrap();
    }
}
