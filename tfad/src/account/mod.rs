//! Accounts in the store: load, judge, commit; on a conflict load and judge again.
//!
//! That loop is what makes one code good for one login: whatever runs at the same time, here or on
//! another host, only one commit can follow a given revision. Which record is whose says `resolve`.

pub mod hashing;
mod rename;
pub(crate) mod resolve;

use std::fmt;
use std::sync::Arc;

use tfa_core::Account;
use tfa_proto::Error;

use crate::dbus::beside::{beside, blocking};
use crate::host::users::{self, NameService, Nss, User};
use crate::log::journal::{Journal, Level, quoted};
use tfa_store::{Commit, Listed, Move, Record, Revision, Store, StoreError};

/// How many conflicts in a row are taken before giving up. Each means that somebody else's change
/// went through, so this is never reached by chance.
const PATIENCE: u32 = 1000;

/// The accounts of this host's users.
pub struct Accounts {
    store: Arc<dyn Store>,
    names: Arc<dyn NameService>,
    journal: Option<Arc<Journal>>,
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
    former_name: Option<String>,
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

    /// The name that the record stands under, where that is not the user's.
    #[must_use]
    pub fn former_name(&self) -> Option<&str> {
        self.former_name.as_deref()
    }

    fn none() -> Self {
        Self {
            account: None,
            record: None,
            revision: Revision::NONE,
            former_name: None,
        }
    }
}

/// When a record that stands under a former name goes to the present one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Settle {
    /// With a right code.
    Proved,
    /// With the next change.
    AtOnce,
}

impl Accounts {
    /// Accounts over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            names: Arc::new(Nss),
            journal: None,
        }
    }

    /// The same, with a line in this log for each record that goes to another name.
    #[must_use]
    pub fn logging_to(self, journal: Arc<Journal>) -> Self {
        Self {
            journal: Some(journal),
            ..self
        }
    }

    /// The same, with users as this name service knows them.
    #[must_use]
    pub fn with_names(self, names: Arc<dyn NameService>) -> Self {
        Self { names, ..self }
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
        let (store, names, name) = (self.store(), self.names(), name.to_owned());
        let found = blocking(move || {
            let user = users::look_up(&*names, &name)?;
            let loaded = wanted(&user).then(|| resolve::read(&*store, &*names, &user));
            Ok(Found { user, loaded })
        });
        found.await?
    }

    /// The user of a name, also of a former one that a record still stands under.
    ///
    /// # Errors
    /// As [`users::by_name`].
    pub async fn user(&self, name: &str) -> Result<User, Error> {
        let (store, names, name) = (self.store(), self.names(), name.to_owned());
        let found = beside(move || {
            let user = users::look_up(&*names, &name);
            let Err(Error::UnknownUser(_)) = user else {
                return user;
            };
            let former = store.load(&name).ok().flatten();
            let former = former.and_then(|(record, _)| resolve::decode(&record, &name).ok());
            match former.map(|account| names.by_uid(account.uid())) {
                Some(Ok(Some(renamed))) => Ok(renamed),
                _ => user,
            }
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
        earlier: Option<Loaded>,
        user: &User,
        judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        self.settle(Settle::Proved, earlier, user, judge).await
    }

    /// As [`Self::change`], for the administrator, who says whose record it is: one that stands under
    /// a former name goes to the present one.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn change_and_move<T>(
        &self,
        user: &User,
        judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        self.settle(Settle::AtOnce, None, user, judge).await
    }

    async fn settle<T>(
        &self,
        settle: Settle,
        mut earlier: Option<Loaded>,
        user: &User,
        mut judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        for _ in 0..PATIENCE {
            let (mut loaded, fresh) = match earlier.take() {
                Some(loaded) => (loaded, false),
                None => (self.load_record(user).await?, true),
            };
            let account = loaded.account.take();
            let mut account = account.unwrap_or_else(|| Account::new(user.uid));
            let verdict = judge(&mut account);
            match self
                .store_if_changed(settle, user, &account, loaded)
                .await?
            {
                Stored::Committed => return Ok(verdict),
                Stored::Unchanged if fresh => return Ok(verdict),
                Stored::Unchanged | Stored::Conflict => {}
            }
        }
        Err(busy())
    }

    async fn store_if_changed(
        &self,
        settle: Settle,
        user: &User,
        account: &Account,
        before: Loaded,
    ) -> Result<Stored, Error> {
        let bytes = account.encode();
        let as_before = match before.record {
            None => account.is_blank(),
            Some(record) => record.as_bytes() == bytes.as_slice(),
        };
        if as_before {
            return Ok(Stored::Unchanged);
        }
        let (former, expected) = (before.former_name, before.revision);
        let is_blank = account.is_blank();
        // A user who has not proved to own the record does not take it along.
        let moves = !is_blank && (settle == Settle::AtOnce || account.is_proved());
        let moved_from = former.clone().filter(|_| moves);
        let (store, name, uid) = (self.store(), user.name.clone(), user.uid);
        let commit = blocking(move || match former {
            Some(former) if moves => store.rename(&[Move {
                from: &former,
                to: &name,
                uid,
                record: &bytes,
                expected,
            }]),
            former => {
                let name = former.unwrap_or(name);
                if is_blank {
                    store.remove(&name, Some(expected))
                } else {
                    store.commit(&name, uid, &bytes, expected)
                }
            }
        });
        match commit.await?.map_err(refused)? {
            Commit::Committed(_) => {
                if let Some(former) = moved_from {
                    self.log_move(&former, user);
                }
                Ok(Stored::Committed)
            }
            Commit::Conflict => Ok(Stored::Conflict),
        }
    }

    fn log_move(&self, former: &str, user: &User) {
        let (former, name, uid) = (quoted(former), quoted(&user.name), user.uid);
        if let Some(journal) = &self.journal {
            let line = format!(
                "{name}: the record of uid {uid} stands under this name from now on, and no longer under {former}"
            );
            journal.write(Level::Notice, &line);
        }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    fn names(&self) -> Arc<dyn NameService> {
        Arc::clone(&self.names)
    }

    /// A user's record as it is now.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub async fn load_record(&self, user: &User) -> Result<Loaded, Error> {
        let (store, names, user) = (self.store(), self.names(), user.clone());
        blocking(move || resolve::read(&*store, &*names, &user)).await?
    }

    /// Whether there certainly is no record under a name, whoever has it.
    pub async fn has_none(&self, name: &str) -> bool {
        let (store, name) = (self.store(), name.to_owned());
        matches!(beside(move || store.load(&name)).await, Ok(Ok(None)))
    }

    /// Removes a user's record, under whichever name it stands; a damaged one is the one of the
    /// user's own name.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::UidChanged`], [`Error::Storage`].
    pub async fn forget(&self, user: &User) -> Result<(), Error> {
        let name = match self.has_none(&user.name).await {
            false => user.name.clone(),
            true => {
                let loaded = self.load_record(user).await?;
                loaded.former_name.unwrap_or_else(|| user.name.clone())
            }
        };
        self.remove(&name).await
    }

    /// Whether the record under a name may be somebody else's: it was set up for a uid that is not this
    /// user's, and that another user has now.
    ///
    /// # Errors
    /// What the store and the name service say. A damaged record tells no uid, and is nobody else's.
    pub async fn other_owner(&self, name: &str, user: &User) -> Result<Option<User>, Error> {
        let (store, names) = (self.store(), self.names());
        let (name, own) = (name.to_owned(), user.uid);
        let found = beside(move || {
            let record = match store.load(&name) {
                Err(StoreError::RecordDamaged { .. } | StoreError::KeyLost { .. }) => None,
                loaded => loaded.map_err(refused)?,
            };
            let account = record.and_then(|(record, _)| resolve::decode(&record, &name).ok());
            match account.map(|account| account.uid()) {
                Some(uid) if uid != own => names.by_uid(uid),
                _ => Ok(None),
            }
        });
        found.await?
    }

    /// Removes the record under a name, whoever has it, and a damaged one too.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Storage`].
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let (store, name) = (self.store(), name.to_owned());
        let removed = blocking(move || store.remove(&name, None)).await?;
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

fn busy() -> Error {
    Error::Busy("the account is being changed all the time; try again".to_owned())
}

/// A store's refusal in the contract's words.
pub fn refused(error: StoreError) -> Error {
    let text = error.to_string();
    match error {
        StoreError::RecordDamaged { .. }
        | StoreError::DatabaseDamaged { .. }
        | StoreError::UidTwice { .. } => Error::Damaged(text),
        StoreError::KeyLost { .. } => Error::KeyLost(text),
        _ => Error::Storage(text),
    }
}
