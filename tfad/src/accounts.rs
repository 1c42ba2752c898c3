//! Accounts in the store: load, judge, commit; on a conflict load and judge again.
//!
//! That loop is what makes one code good for one login: whatever runs at the same time, here or on
//! another host, only one commit can follow a given revision.

use std::fmt;
use std::sync::Arc;

use tfa_bus::Error;
use tfa_core::{Account, Undecodable};

use crate::store::{Commit, Record, Revision, Store, StoreError};
use crate::users::User;

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
struct Loaded {
    account: Option<Account>,
    record: Option<Record>,
    revision: Revision,
}

impl Accounts {
    /// Accounts over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The store, for what goes round the accounts: names, damaged records.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// A user's account; `None` where there is no record.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::KeyLost`], [`Error::UidChanged`], [`Error::Storage`].
    pub async fn load(&self, user: &User) -> Result<Option<Account>, Error> {
        Ok(self.load_record(user).await?.account)
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
        mut judge: impl FnMut(&mut Account) -> T,
    ) -> Result<T, Error> {
        for _ in 0..PATIENCE {
            let loaded = self.load_record(user).await?;
            let mut account = loaded.account.unwrap_or_else(|| Account::new(user.uid));
            let verdict = judge(&mut account);
            if self
                .store_if_changed(user, &account, loaded.record, loaded.revision)
                .await?
            {
                return Ok(verdict);
            }
        }
        Err(Error::Busy(
            "the account is being changed all the time; try again".to_owned(),
        ))
    }

    /// Whether the account is stored now, as opposed to a conflict.
    async fn store_if_changed(
        &self,
        user: &User,
        account: &Account,
        before: Option<Record>,
        revision: Revision,
    ) -> Result<bool, Error> {
        let bytes = account.encode();
        let as_before = match before {
            None => account.is_blank(),
            Some(record) => record.as_bytes() == bytes.as_slice(),
        };
        if as_before {
            return Ok(true);
        }
        let commit = if account.is_blank() {
            self.store.remove(&user.name, Some(revision)).await
        } else {
            self.store.commit(&user.name, &bytes, revision).await
        };
        match commit.map_err(refused)? {
            Commit::Committed(_) => Ok(true),
            Commit::Conflict => Ok(false),
        }
    }

    async fn load_record(&self, user: &User) -> Result<Loaded, Error> {
        match self.store.load(&user.name).await.map_err(refused)? {
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
