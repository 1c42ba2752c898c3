//! What the interfaces share: the accounts, the policy, the log, the dialogs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tfa_bus::{Context, Error};
use tfa_core::Policy;

use crate::accounts::Accounts;
use crate::caller::Caller;
use crate::config::{BadConfig, Config};
use crate::dialogs::Dialogs;
use crate::hashing::Hashing;
use crate::journal::{Journal, Level, quoted};
use crate::users::User;

/// The daemon's things, one of each.
#[derive(Debug)]
pub struct Host {
    /// The accounts in the store.
    pub accounts: Accounts,
    /// Argon2, a few at a time.
    pub hashing: Hashing,
    /// The log.
    pub journal: Arc<Journal>,
    config_file: PathBuf,
    config: RwLock<Config>,
    dialogs: Mutex<Dialogs>,
}

impl Host {
    /// A host with that configuration in force.
    #[must_use]
    pub fn new(accounts: Accounts, journal: Arc<Journal>, file: PathBuf, config: Config) -> Self {
        Self {
            accounts,
            hashing: Hashing::default(),
            journal,
            config_file: file,
            config: RwLock::new(config),
            dialogs: Mutex::default(),
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .policy
            .clone()
    }

    /// Who issues the keys, as authenticators show it: the configured name, else the host's.
    pub fn issuer(&self) -> String {
        let configured = self
            .config
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .issuer
            .clone();
        configured.unwrap_or_else(|| {
            let name = nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok());
            name.unwrap_or_else(|| "localhost".to_owned())
        })
    }

    /// The dialogs, for a moment.
    pub fn dialogs(&self) -> MutexGuard<'_, Dialogs> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the configuration again; a bad one changes nothing.
    ///
    /// # Errors
    /// [`BadConfig`] with the line of the mistake.
    pub fn reload(&self) -> Result<(), BadConfig> {
        let config = Config::read(&self.config_file)?;
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// Logs something about a login.
    pub fn log_login(&self, level: Level, user: &User, context: &Context, what: &str) {
        let Context {
            service,
            rhost,
            tty,
            ..
        } = context;
        let from = if rhost.is_empty() { tty } else { rhost };
        let (name, service, from) = (quoted(&user.name), quoted(service), quoted(from));
        self.journal.write(
            level,
            &format!("{name}: {what} (service {service}, from {from})"),
        );
    }

    /// Logs what somebody did to an account.
    pub fn log_change(&self, level: Level, caller: &Caller, user: &str, what: &str) {
        self.journal.write(
            level,
            &format!("{}: {what} (by uid {})", quoted(user), caller.uid),
        );
    }

    /// Logs an error that somebody should act on, and passes it on.
    pub fn report(&self, user: &str, error: Error) -> Error {
        let (level, text) = match &error {
            Error::Damaged(text) | Error::KeyLost(text) | Error::Storage(text) => {
                (Level::Critical, text)
            }
            Error::UidChanged(text) => (Level::Error, text),
            Error::NotAuthorized(text) | Error::Busy(text) => (Level::Warning, text),
            _ => return error,
        };
        self.journal
            .write(level, &format!("{}: refused: {text}", quoted(user)));
        error
    }
}
