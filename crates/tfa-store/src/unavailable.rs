//! Stands in for a store that could not be opened: it answers everything with the reason, until the
//! store is opened.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::{
    ByUid, Commit, DaemonStore, DocumentChange, DocumentId, DocumentKind, Documents, Move, Page,
    PolicyStamp, Record, Revision, Store, StoreError,
};

/// Opens the store.
type Open = dyn Fn() -> Result<Arc<dyn DaemonStore>, StoreError> + Send + Sync;

/// A store that could not be opened, and may be later.
pub struct UnavailableStore {
    /// Locked for moments only: logins read it, also while the store is being opened.
    reason: Mutex<StoreError>,
    /// Locked while the store is opened, which may wait for the disk or another process.
    opening: Mutex<()>,
    open: Box<Open>,
    opened: OnceLock<Arc<dyn DaemonStore>>,
}

impl fmt::Debug for UnavailableStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("UnavailableStore")
            .field(&self.reason())
            .finish()
    }
}

impl UnavailableStore {
    /// A store that was not opened for that reason, and how to open it.
    pub fn new(
        reason: StoreError,
        open: impl Fn() -> Result<Arc<dyn DaemonStore>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            reason: Mutex::new(reason),
            opening: Mutex::default(),
            open: Box::new(open),
            opened: OnceLock::new(),
        }
    }

    /// Tries once more to open the store, unless it is open. One caller tries at a time.
    ///
    /// # Errors
    /// Why it still cannot be used.
    pub fn try_again(&self) -> Result<(), StoreError> {
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        if self.opened.get().is_some() {
            return Ok(());
        }
        match (self.open)() {
            Ok(store) => {
                // It is set under the lock only.
                let _ = self.opened.set(store);
                Ok(())
            }
            Err(error) => {
                let mut reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
                *reason = error.clone();
                Err(error)
            }
        }
    }

    /// Why the store cannot be used; `None` once it is open.
    pub fn reason(&self) -> Option<StoreError> {
        self.store().err()
    }

    fn store(&self) -> Result<&dyn DaemonStore, StoreError> {
        match self.opened.get() {
            Some(store) => Ok(&**store),
            None => {
                let reason = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
                Err(reason.clone())
            }
        }
    }
}

impl Store for UnavailableStore {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        self.store()?.load(user)
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        self.store()?.find(uid)
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        self.store()?.commit(user, uid, record, expected)
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        self.store()?.rename(moves)
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        self.store()?.remove(user, expected)
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        self.store()?.list(after, limit)
    }

    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        self.store()?.names(after, limit)
    }

    fn writable_again(&self) -> Option<bool> {
        self.store().ok()?.writable_again()
    }

    fn close(&self) {
        if let Ok(store) = self.store() {
            store.close();
        }
    }
}

impl Documents for UnavailableStore {
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        self.store()?.document(id)
    }

    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        self.store()?.documents(kind, after, limit)
    }

    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        self.store()?.change_documents(changes)
    }

    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        self.store()?.newest_policy()
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        // Nothing was read.
        self.store()
            .map_or_else(|_| PolicyStamp::default(), Documents::newest_policy_met)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::{Opened, StateDir, open};

    fn torn() -> StoreError {
        StoreError::DatabaseDamaged {
            why: "a page is torn".into(),
        }
    }

    #[test]
    fn unavailable_store_never_reports_an_absence() {
        let why = torn();
        let store = UnavailableStore::new(why.clone(), || Err(torn()));
        assert!(store.load("lea").is_err_and(|error| error == why));
        assert!(store.find(1000).is_err_and(|error| error == why));
        assert!(store.list("", 1).is_err_and(|error| error == why));
        let stored = store.commit("lea", 1000, b"record", Revision::NONE);
        assert_eq!(stored, Err(why.clone()));
        assert_eq!(store.rename(&[]), Err(why.clone()));
        assert_eq!(store.remove("lea", None), Err(why.clone()));
        let id = DocumentId::new(DocumentKind::Authority, "").unwrap();
        assert!(store.document(&id).is_err_and(|error| error == why));
        let documents = store.documents(DocumentKind::Host, None, 1);
        assert!(documents.is_err_and(|error| error == why));
        assert_eq!(store.change_documents(&[]), Err(why.clone()));
        assert_eq!(store.try_again(), Err(why.clone()));
        assert_eq!(store.reason(), Some(why));
    }

    #[test]
    fn reason_is_given_while_the_store_is_being_opened() {
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let (begun, ends) = (Mutex::new(begun), Mutex::new(ends));
        let store = UnavailableStore::new(torn(), move || {
            begun.lock().unwrap().send(()).unwrap();
            let _ = ends.lock().unwrap().recv();
            Err(torn())
        });
        let store = Arc::new(store);
        let (opener, asker) = (Arc::clone(&store), Arc::clone(&store));
        let opener = thread::spawn(move || opener.try_again());
        begins.recv().unwrap();
        let (tell, told) = mpsc::channel();
        let asker = thread::spawn(move || tell.send((asker.reason(), asker.load("lea").err())));
        let told = told.recv_timeout(Duration::from_secs(10));
        end.send(()).unwrap();
        assert_eq!(opener.join().unwrap(), Err(torn()));
        asker.join().unwrap().unwrap();
        assert_eq!(told, Ok((Some(torn()), Some(torn()))));
    }

    #[test]
    fn unavailable_store_serves_once_it_is_open() {
        let path = std::env::temp_dir().join(format!("tfad-unopened-{}", std::process::id()));
        let state_dir = StateDir {
            path: path.clone(),
            credentials: None,
        };
        let mended = Arc::new(AtomicBool::new(false));
        let is_mended = Arc::clone(&mended);
        let open = move || -> Result<Arc<dyn DaemonStore>, StoreError> {
            if !is_mended.load(Ordering::Relaxed) {
                return Err(torn());
            }
            let Opened { store, .. } = open(&state_dir, |_| None)?;
            Ok(Arc::new(store))
        };
        let store = UnavailableStore::new(torn(), open);
        assert!(store.try_again().is_err());
        mended.store(true, Ordering::Relaxed);
        assert_eq!((store.try_again(), store.reason()), (Ok(()), None));
        // It is not opened twice.
        assert_eq!(store.try_again(), Ok(()));
        let stored = store.commit("lea", 1000, b"record", Revision::NONE);
        assert!(matches!(stored, Ok(Commit::Committed(_))));
        assert!(store.load("lea").unwrap().is_some());
        assert!(matches!(store.find(1000), Ok(ByUid::Found(..))));
        assert_eq!(store.list("", 9).unwrap().records.len(), 1);
        store.close();
        std::fs::remove_dir_all(path).unwrap();
    }
}
