//! The connections that read: as many as are needed at once, within a bound.
//!
//! One alone would have every login wait for one whose pages come from a slow disk, or whose thread
//! has lost the processor.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::reader::{Opener, Reader};
use super::schema::Anchor;
use super::{connect, stopped};
use crate::StoreError;

/// How many there are at most.
const MOST: usize = 8;

/// The connections that read.
pub(super) struct Readers {
    anchor: Anchor,
    opener: Opener,
    now: Mutex<Now>,
    given_back: Condvar,
}

struct Now {
    /// `None` after the store was closed.
    idle: Option<Vec<Reader>>,
    /// Those that are idle, and those that are not.
    open: usize,
}

/// A reader for a while.
struct Lent<'readers> {
    readers: &'readers Readers,
    reader: Option<Reader>,
}

impl Readers {
    /// One, for a start.
    pub(super) fn open(anchor: Anchor, opener: Opener) -> Result<Self, StoreError> {
        let this = Self {
            anchor,
            opener,
            now: Mutex::new(Now {
                idle: Some(Vec::new()),
                open: 0,
            }),
            given_back: Condvar::new(),
        };
        this.lend().map(drop)?;
        Ok(this)
    }

    /// What opens the records.
    pub(super) fn opener(&self) -> &Opener {
        &self.opener
    }

    /// Reads something.
    pub(super) fn read<T>(
        &self,
        what: impl FnOnce(&Reader) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let lent = self.lend()?;
        lent.reader.as_ref().map_or_else(|| Err(stopped()), what)
    }

    /// One that is not counted: for whoever reads for long.
    pub(super) fn another(&self) -> Result<Reader, StoreError> {
        if self.now().idle.is_none() {
            return Err(stopped());
        }
        // SQLite must not meet another file under the name of the one that is open.
        self.anchor.hold()?;
        let db = connect(&self.anchor)?;
        Ok(Reader::new(db, self.anchor.clone(), self.opener.clone()))
    }

    /// Lets go of the database; whoever reads does so when it is done.
    pub(super) fn close(&self) {
        let mut now = self.now();
        let idle = now.idle.take();
        now.open -= idle.as_ref().map_or(0, Vec::len);
        drop(now);
        self.given_back.notify_all();
        drop(idle);
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut now = self.now();
        let idle = loop {
            match now.idle.as_mut().ok_or_else(stopped)?.pop() {
                Some(reader) => break Some(reader),
                None if now.open < MOST => break None,
                None => {
                    let given_back = self.given_back.wait(now);
                    now = given_back.unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        now.open += usize::from(idle.is_none());
        drop(now);
        let is_new = idle.is_none();
        let mut lent = Lent {
            readers: self,
            reader: idle,
        };
        if is_new {
            lent.reader = Some(self.another()?);
        }
        Ok(lent)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut now = self.readers.now();
        match (self.reader.take(), now.idle.as_mut()) {
            (Some(reader), Some(idle)) => idle.push(reader),
            // It could not be opened, or the store was closed.
            (reader, _) => {
                now.open -= 1;
                drop(now);
                drop(reader);
            }
        }
        self.readers.given_back.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    use crate::{Opened, Place, SqliteStore, Store, StoreError};

    use super::MOST;

    fn store(name: &str) -> (SqliteStore, Place) {
        let folder = std::env::temp_dir().join(format!("tfad-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let place = Place {
            state: folder,
            credentials: None,
        };
        let Opened { store, .. } = SqliteStore::open(&place, |_| None).unwrap();
        (store, place)
    }

    #[test]
    fn as_many_read_at_once_as_may_and_the_others_wait() {
        let (store, place) = store("readers");
        let (reading, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..4 * MOST {
                scope.spawn(|| {
                    let read = store.readers.read(|reader| {
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
        assert_eq!(most.load(Ordering::SeqCst), MOST);
        drop(store);
        std::fs::remove_dir_all(place.state).unwrap();
    }

    #[test]
    fn a_store_that_was_closed_reads_no_more_and_nobody_waits_for_it() {
        let (store, place) = store("readers-closed");
        thread::scope(|scope| {
            for _ in 0..2 * MOST {
                scope.spawn(|| {
                    let _ = store.readers.read(|_| {
                        thread::sleep(Duration::from_millis(50));
                        Ok(())
                    });
                });
            }
            thread::sleep(Duration::from_millis(20));
            store.readers.close();
        });
        assert_eq!(store.readers.now().open, 0);
        let closed = |error| matches!(error, StoreError::Unavailable { .. });
        assert!(closed(store.load("alice").err().unwrap()));
        assert!(closed(store.list().err().unwrap()));
        drop(store);
        std::fs::remove_dir_all(place.state).unwrap();
    }

    #[test]
    fn a_reader_that_panics_is_given_back() {
        let (store, place) = store("readers-panic");
        for _ in 0..2 * MOST {
            let broken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                store
                    .readers
                    .read(|_| -> Result<(), StoreError> { panic!("it breaks off") })
            }));
            assert!(broken.is_err());
        }
        assert!(store.load("alice").unwrap().is_none());
        drop(store);
        std::fs::remove_dir_all(place.state).unwrap();
    }
}
