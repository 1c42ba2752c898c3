//! Accounts in the store: load, judge, commit; on a conflict load and judge again.
//!
//! That loop is what makes one code good for one login: whatever runs at the same time, here or on
//! another host, only one commit can follow a given revision.

use std::fmt;
use std::sync::Arc;

use tfa_bus::Error;
use tfa_core::{Account, Undecodable};

use crate::beside::{beside, blocking};
use crate::store::{Commit, Listed, Record, Revision, Store, StoreError};
use crate::users::{self, User};

/// How many conflicts in a row are taken before giving up. Each means that somebody else's change
/// went through, so this is never reached by chance.
const PATIENCE: u32 = 1000;

/// The accounts of this host's users.
pub struct Accounts {
    store: Arc<dyn Store>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Accounts")
    }
}

/// A record as it was loaded.
pub struct Loaded {
    account: Option<Account>,
    record: Option<Record>,
    revision: Revision,
}

/// A user that was found by the name.
pub struct Found {
    /// The user.
    pub user: User,
    /// The record, or why it cannot be used; `None` where it was not wanted.
    pub loaded: Option<Result<Loaded, Error>>,
}

impl Loaded {
    /// The account; `None` where there is no record.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }
}

impl Accounts {
    /// Accounts over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// A user's account; `None` where there is no record.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::KeyLost`], [`Error::UidChanged`], [`Error::Storage`].
    pub async fn load(&self, user: &User) -> Result<Option<Account>, Error> {
        Ok(self.load_record(user).await?.account)
    }

    /// The user of that name and, if it is `wanted` of that user, its record, in one go.
    ///
    /// # Errors
    /// As [`users::by_name`]; the record's own as [`Self::load`].
    pub async fn look_up(
        &self,
        name: &str,
        wanted: impl FnOnce(&User) -> bool + Send + 'static,
    ) -> Result<Found, Error> {
        let (store, name) = (Arc::clone(&self.store), name.to_owned());
        let found = blocking(move || {
            let user = users::look_up(&name)?;
            let loaded = wanted(&user).then(|| read(&*store, &user));
            Ok(Found { user, loaded })
        });
        found.await?
    }

    /// Lets `judge` look at an account and change it. Its answer is returned only after the
    /// changed account was stored; an account that it left as it was is not stored again. On a
    /// conflict it is called again, with the account as it then is.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn change<T>(
        &self,
        user: &User,
        judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        self.change_from(None, user, judge).await
    }

    /// As [`Self::change`], with a record that was loaded some time ago: what is judged on it holds
    /// if it can still be stored in that record's place. Where there is nothing to store, the record
    /// is loaded anew and judged again.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn change_from<T>(
        &self,
        mut earlier: Option<Loaded>,
        user: &User,
        mut judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        for _ in 0..PATIENCE {
            let (loaded, fresh) = match earlier.take() {
                Some(loaded) => (loaded, false),
                None => (self.load_record(user).await?, true),
            };
            let mut account = loaded.account.unwrap_or_else(|| Account::new(user.uid));
            let verdict = judge(&mut account);
            let stored = self
                .store_if_changed(user, &account, loaded.record, loaded.revision)
                .await?;
            match stored {
                Stored::Committed => return Ok(verdict),
                Stored::Unchanged if fresh => return Ok(verdict),
                Stored::Unchanged | Stored::Conflict => {}
            }
        }
        Err(Error::Busy(
            "the account is being changed all the time; try again".to_owned(),
        ))
    }

    async fn store_if_changed(
        &self,
        user: &User,
        account: &Account,
        before: Option<Record>,
        revision: Revision,
    ) -> Result<Stored, Error> {
        let bytes = account.encode();
        let as_before = match before {
            None => account.is_blank(),
            Some(record) => record.as_bytes() == bytes.as_slice(),
        };
        if as_before {
            return Ok(Stored::Unchanged);
        }
        let commit = if account.is_blank() {
            self.store.remove(&user.name, Some(revision)).await
        } else {
            self.store.commit(&user.name, &bytes, revision).await
        };
        match commit.map_err(refused)? {
            Commit::Committed(_) => Ok(Stored::Committed),
            Commit::Conflict => Ok(Stored::Conflict),
        }
    }

    /// A user's record as it is now.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_record(&self, user: &User) -> Result<Loaded, Error> {
        let (store, user) = (Arc::clone(&self.store), user.clone());
        blocking(move || read(&*store, &user)).await?
    }

    /// Whether there certainly is no record under a name, whoever has it.
    pub async fn has_none(&self, name: &str) -> bool {
        let (store, name) = (Arc::clone(&self.store), name.to_owned());
        matches!(beside(move || store.load(&name)).await, Ok(Ok(None)))
    }

    /// Removes the record under a name, whoever has it, and a damaged one too.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Storage`].
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let removed = self.store.remove(name, None).await;
        removed.map(|_: Commit| ()).map_err(refused)
    }

    /// `None` where the store takes changes; else whether one that is opened anew would.
    pub fn writable_again(&self) -> Option<bool> {
        self.store.writable_again()
    }

    /// Every user with a record, in the order of their names.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Storage`], where even the names cannot be read.
    pub async fn list(&self) -> Result<Vec<Listed>, Error> {
        let store = Arc::clone(&self.store);
        beside(move || store.list()).await?.map_err(refused)
    }
}

/// What became of an account that was judged.
enum Stored {
    Committed,
    Unchanged,
    Conflict,
}

/// Reads a user's record. It blocks.
fn read(store: &dyn Store, user: &User) -> Result<Loaded, Error> {
    match store.load(&user.name).map_err(refused)? {
        None => Ok(Loaded {
            account: None,
            record: None,
            revision: Revision::NONE,
        }),
        Some((record, revision)) => {
            let account = open(&record, user)?;
            Ok(Loaded {
                account: Some(account),
                record: Some(record),
                revision,
            })
        }
    }
}

/// Reads a record and holds it against the user that it is for.
///
/// # Errors
/// [`Error::Damaged`], [`Error::UidChanged`].
pub fn open(record: &Record, user: &User) -> Result<Account, Error> {
    let account = Account::decode(record.as_bytes()).map_err(|undecodable: Undecodable| {
        Error::Damaged(format!(
            "the record of {}: {undecodable}. Restore the database, or reset the account: \
             tfactl reset {}",
            user.name, user.name
        ))
    })?;
    if account.uid() != user.uid {
        return Err(Error::UidChanged(format!(
            "{name} was set up with the uid {} and has the uid {} now. If this is another \
             person, reset the account: tfactl reset {name}",
            account.uid(),
            user.uid,
            name = user.name,
        )));
    }
    Ok(account)
}

/// A store's refusal in the contract's words.
pub fn refused(error: StoreError) -> Error {
    let text = error.to_string();
    match error {
        StoreError::RecordDamaged { .. } | StoreError::DatabaseDamaged { .. } => {
            Error::Damaged(text)
        }
        StoreError::KeyLost { .. } => Error::KeyLost(text),
        _ => Error::Storage(text),
    }
}
