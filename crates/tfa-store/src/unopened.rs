//! What stands where the store could not be opened: it answers everything with the reason, until the
//! store is opened after all.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{ByUid, Commit, Listed, Move, Record, Revision, SqliteStore, Store, StoreError};

/// Opens the store.
type Open = dyn Fn() -> Result<Arc<SqliteStore>, StoreError> + Send + Sync;

/// Stands in for a store that cannot be used.
pub struct Unopened {
    /// Held for moments alone: logins ask for it, also while the store is being opened.
    why: Mutex<StoreError>,
    /// Held while the store is opened, which may wait for the disk or another process.
    opening: Mutex<()>,
    open: Box<Open>,
    opened: OnceLock<Arc<SqliteStore>>,
}

impl fmt::Debug for Unopened {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Unopened")
            .field(&self.why())
            .finish()
    }
}

impl Unopened {
    /// A store that was not opened for that reason, and how to open it.
    pub fn new(
        why: StoreError,
        open: impl Fn() -> Result<Arc<SqliteStore>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            why: Mutex::new(why),
            opening: Mutex::default(),
            open: Box::new(open),
            opened: OnceLock::new(),
        }
    }

    /// Tries to open it once more. It blocks.
    ///
    /// # Errors
    /// Why it still cannot be used.
    pub fn try_again(&self) -> Result<(), StoreError> {
        // One at a time.
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.opened.get().is_some() {
            return Ok(());
        }
        match (self.open)() {
            Ok(store) => {
                // Nobody else sets it.
                let _ = self.opened.set(store);
                Ok(())
            }
            Err(error) => {
                *self.why.lock().unwrap_or_else(PoisonError::into_inner) = error.clone();
                Err(error)
            }
        }
    }

    /// Why it cannot be used, if it cannot.
    pub fn why(&self) -> Option<StoreError> {
        match self.opened.get() {
            Some(_) => None,
            None => Some(self.reason()),
        }
    }

    /// The store, once it is open.
    pub fn opened(&self) -> Option<&Arc<SqliteStore>> {
        self.opened.get()
    }

    fn reason(&self) -> StoreError {
        let why = self.why.lock();
        why.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Store for Unopened {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        match self.opened() {
            Some(store) => store.load(user),
            None => Err(self.reason()),
        }
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        match self.opened() {
            Some(store) => store.find(uid),
            None => Err(self.reason()),
        }
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        match self.opened() {
            Some(store) => store.commit(user, uid, record, expected),
            None => Err(self.reason()),
        }
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        match self.opened() {
            Some(store) => store.rename(moves),
            None => Err(self.reason()),
        }
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        match self.opened() {
            Some(store) => store.remove(user, expected),
            None => Err(self.reason()),
        }
    }

    fn writable_again(&self) -> Option<bool> {
        self.opened().and_then(|store| store.writable_again())
    }

    fn list(&self) -> Result<Vec<Listed>, StoreError> {
        match self.opened() {
            Some(store) => store.list(),
            None => Err(self.reason()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::super::{Opened, Place};
    use super::*;

    fn torn() -> StoreError {
        StoreError::DatabaseDamaged {
            why: "a page is torn".into(),
        }
    }

    #[test]
    fn a_store_that_was_not_opened_never_says_that_there_is_no_record() {
        let why = torn();
        let store = Unopened::new(why.clone(), || Err(torn()));
        assert!(store.load("lea").is_err_and(|error| error == why));
        assert!(store.find(1000).is_err_and(|error| error == why));
        assert!(store.list().is_err_and(|error| error == why));
        let stored = store.commit("lea", 1000, b"record", Revision::NONE);
        assert_eq!(stored, Err(why.clone()));
        assert_eq!(store.rename(&[]), Err(why.clone()));
        assert_eq!(store.remove("lea", None), Err(why.clone()));
        assert_eq!(store.try_again(), Err(why.clone()));
        assert_eq!(store.why(), Some(why));
    }

    #[test]
    fn the_reason_is_told_while_the_store_is_being_opened() {
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let (begun, ends) = (Mutex::new(begun), Mutex::new(ends));
        let store = Unopened::new(torn(), move || {
            begun.lock().unwrap().send(()).unwrap();
            let _ = ends.lock().unwrap().recv();
            Err(torn())
        });
        let store = Arc::new(store);
        let (opener, asker) = (Arc::clone(&store), Arc::clone(&store));
        let opener = thread::spawn(move || opener.try_again());
        begins.recv().unwrap();
        let (tell, told) = mpsc::channel();
        let asker = thread::spawn(move || tell.send((asker.why(), asker.load("lea").err())));
        let told = told.recv_timeout(Duration::from_secs(10));
        end.send(()).unwrap();
        assert_eq!(opener.join().unwrap(), Err(torn()));
        asker.join().unwrap().unwrap();
        assert_eq!(told, Ok((Some(torn()), Some(torn()))));
    }

    #[test]
    fn a_store_that_can_be_opened_later_serves_from_then_on() {
        let path = std::env::temp_dir().join(format!("tfad-unopened-{}", std::process::id()));
        let place = Place {
            state: path.clone(),
            credentials: None,
        };
        let mended = Arc::new(AtomicBool::new(false));
        let is_mended = Arc::clone(&mended);
        let open = move || {
            if !is_mended.load(Ordering::Relaxed) {
                return Err(torn());
            }
            let Opened { store, .. } = SqliteStore::open(&place, |_| None)?;
            Ok(Arc::new(store))
        };
        let store = Unopened::new(torn(), open);
        assert!(store.try_again().is_err());
        mended.store(true, Ordering::Relaxed);
        assert_eq!((store.try_again(), store.why()), (Ok(()), None));
        // Not opened twice: it holds a lock.
        assert_eq!(store.try_again(), Ok(()));
        let stored = store.commit("lea", 1000, b"record", Revision::NONE);
        assert!(matches!(stored, Ok(Commit::Committed(_))));
        assert!(store.load("lea").unwrap().is_some());
        assert!(matches!(store.find(1000), Ok(ByUid::Found(..))));
        assert_eq!(store.list().unwrap().len(), 1);
        store.opened().unwrap().close();
        std::fs::remove_dir_all(path).unwrap();
    }
}
