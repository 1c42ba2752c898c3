//! `org.tfad.Tfa1.Admin`: any account, for root and for whom polkit lets in.

use std::sync::Arc;

use tfa_bus::{ACTION_MANAGE, Error, Status};
use tfa_core::Account;
use zbus::Connection;
use zbus::message::Header;

use super::status;
use crate::accounts::{open, refused};
use crate::caller::{Caller, identify, sender};
use crate::host::Host;
use crate::journal::Level;
use crate::store::Commit;
use crate::users::{self, User};
use crate::{clock, polkit};

/// The interface.
#[derive(Debug)]
pub struct Admin {
    host: Arc<Host>,
}

impl Admin {
    /// The interface over a host.
    #[must_use]
    pub fn new(host: Arc<Host>) -> Self {
        Self { host }
    }
}

#[zbus::interface(name = "org.tfad.Tfa1.Admin")]
impl Admin {
    /// Every account that has a record.
    #[zbus(out_args("accounts"))]
    async fn list(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<Vec<Status>, Error> {
        self.admit(&header, connection, "list").await?;
        let records = self.host.accounts.store().list().await.map_err(refused)?;
        let mut accounts = Vec::with_capacity(records.len());
        for (name, record) in records {
            accounts.push(match users::by_name(&name).await {
                Err(Error::UnknownUser(_)) => {
                    status::unusable(&name, u32::MAX, no_such_user(&name))
                }
                Err(error) => status::unusable(&name, u32::MAX, text_of(&error)),
                Ok(user) => {
                    let account = record
                        .map_err(refused)
                        .and_then(|(record, _)| open(&record, &user));
                    described(&user, account.map(Some))
                }
            });
        }
        Ok(accounts)
    }

    /// One account.
    #[zbus(out_args("account"))]
    async fn show(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: &str,
    ) -> Result<Status, Error> {
        self.admit(&header, connection, user).await?;
        let user = users::by_name(user).await?;
        let account = self.host.accounts.load(&user).await;
        Ok(described(&user, account))
    }

    /// Forgets everything about an account.
    async fn reset(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: &str,
    ) -> Result<(), Error> {
        let caller = self.admit(&header, connection, user).await?;
        // A record may have outlived its user: then it is found by the name as given.
        let name = users::by_name(user)
            .await
            .map_or_else(|_| user.to_owned(), |user| user.name);
        let store = self.host.accounts.store();
        if let Ok(None) = store.load(&name).await {
            return Err(Error::NotSetUp(format!(
                "{name} has no two-factor login to reset."
            )));
        }
        let _: Commit = store.remove(&name, None).await.map_err(refused)?;
        self.host
            .log_change(Level::Notice, &caller, &name, "reset by an administrator");
        Ok(())
    }

    /// Clears the wrong codes and the lock.
    async fn unlock(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        user: &str,
    ) -> Result<(), Error> {
        let caller = self.admit(&header, connection, user).await?;
        let user = users::by_name(user).await?;
        let report = |error| self.host.report(&caller, &user.name, error);
        if self
            .host
            .accounts
            .load(&user)
            .await
            .map_err(report)?
            .is_none()
        {
            let name = &user.name;
            return Err(Error::NotSetUp(format!(
                "{name} has no two-factor login to unlock."
            )));
        }
        self.host
            .accounts
            .change(&user, Account::unlock)
            .await
            .map_err(report)?;
        self.host.log_change(
            Level::Notice,
            &caller,
            &user.name,
            "unlocked by an administrator",
        );
        Ok(())
    }
}

impl Admin {
    /// Lets root in, and whom polkit lets in. Everybody else is logged.
    async fn admit(
        &self,
        header: &Header<'_>,
        connection: &Connection,
        about: &str,
    ) -> Result<Caller, Error> {
        let caller = identify(connection, sender(header)?).await?;
        let _visit = self.host.visitors.admit(&caller)?;
        match polkit::authorize(connection, header, &caller, ACTION_MANAGE).await {
            Ok(()) => Ok(caller),
            Err(error) => {
                let what = "an administrator's call was refused";
                self.host.log_change(Level::Warning, &caller, about, what);
                Err(error)
            }
        }
    }
}

fn described(user: &User, account: Result<Option<Account>, Error>) -> Status {
    match account {
        Ok(account) => status::of(user, account.as_ref(), clock::now()),
        Err(error) => status::unusable(&user.name, user.uid, text_of(&error)),
    }
}

fn text_of(error: &Error) -> String {
    use zbus::DBusError as _;
    error
        .description()
        .unwrap_or("the record cannot be read")
        .to_owned()
}

fn no_such_user(name: &str) -> String {
    format!(
        "this system knows no user {name} now. If the user is gone for good, and not only the \
         directory: tfactl reset {name}"
    )
}
