//! What stands where the store could not be opened: it answers everything with the reason.

use std::future::ready;

use super::{Commit, Listed, Pending, Record, Revision, Store, StoreError};

/// Stands in for a store that cannot be used.
#[derive(Debug)]
pub struct Unopened(StoreError);

impl Unopened {
    /// A store that was not opened for that reason.
    pub fn new(why: StoreError) -> Self {
        Self(why)
    }

    fn refuse<'a, T: Send + 'a>(&self) -> Pending<'a, T> {
        Box::pin(ready(Err(self.0.clone())))
    }
}

impl Store for Unopened {
    fn load(&self, _: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        Err(self.0.clone())
    }

    fn commit<'a>(&'a self, _: &'a str, _: &'a [u8], _: Revision) -> Pending<'a, Commit> {
        self.refuse()
    }

    fn remove<'a>(&'a self, _: &'a str, _: Option<Revision>) -> Pending<'a, Commit> {
        self.refuse()
    }

    fn list(&self) -> Result<Vec<Listed>, StoreError> {
        Err(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_that_was_not_opened_never_says_that_there_is_no_record() {
        let why = StoreError::DatabaseDamaged {
            why: "a page is torn".into(),
        };
        let store = Unopened::new(why.clone());
        assert!(store.load("lea").is_err_and(|error| error == why));
        assert!(store.list().is_err_and(|error| error == why));
        let stored = store.commit("lea", b"record", Revision::NONE).await;
        assert_eq!(stored, Err(why.clone()));
        assert_eq!(store.remove("lea", None).await, Err(why));
    }
}
