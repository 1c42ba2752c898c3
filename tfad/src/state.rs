//! What the interfaces share: the accounts, the policy, the log, the dialogs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use tfa_core::{
    Account, Credential, Input, Login, Policy, RuleEffect, Subject, ThrottleScope, Time,
};
use tfa_proto::{Context, Error};

use crate::account::hashing::Hashing;
use crate::account::{Accounts, Loaded};
use crate::config::check;
use crate::config::{BadConfig, Config, Trust};
use crate::dbus::beside::beside;
use crate::dbus::caller::{Caller, Callers};
use crate::host::groups::{self, Names};
use crate::host::users::User;
use crate::log::journal::{Journal, Level, quoted};
use crate::login::password_prompts::PasswordPrompts;
use crate::login::sessions::Sessions;
use crate::messages;
use crate::socket::call_limiter::CallLimiter;
use tfa_store::Unopened;

/// How many calls a caller who is not root may have under way, and all of them together.
const MAX_CALLS_PER_UID: u32 = 8;
const MAX_UNPRIVILEGED_CALLS: u32 = 1024;
/// How often an entry is hashed again because the backup codes changed meanwhile.
const MAX_REHASHES: u32 = 8;

/// The daemon's things, one of each.
#[derive(Debug)]
pub struct DaemonState {
    /// The accounts in the store.
    pub accounts: Accounts,
    /// Argon2, a few at a time.
    pub hashing: Hashing,
    /// The callers on the bus.
    pub callers: Callers,
    /// The callers with calls under way.
    pub limiter: CallLimiter,
    /// The calls that wait for polkit.
    pub password_prompts: PasswordPrompts,
    /// The log.
    pub journal: Arc<Journal>,
    config_file: PathBuf,
    config: RwLock<Arc<Config>>,
    /// Why the configuration that this began with cannot be used.
    bad_config: RwLock<Option<String>>,
    /// The store, where it could not be opened at the start.
    unopened: Option<Arc<Unopened>>,
    /// Names of the policy are being looked up, for warnings.
    looks: Arc<AtomicBool>,
    sessions: Mutex<Sessions>,
}

impl DaemonState {
    /// A host with that configuration in force. With a `bad_config` it serves no login and says why.
    #[must_use]
    pub fn new(
        accounts: Accounts,
        journal: Arc<Journal>,
        file: PathBuf,
        config: Config,
        bad_config: Option<String>,
    ) -> Self {
        Self {
            accounts,
            hashing: Hashing::default(),
            callers: Callers::default(),
            limiter: CallLimiter::new(MAX_CALLS_PER_UID, MAX_UNPRIVILEGED_CALLS),
            password_prompts: PasswordPrompts::default(),
            journal,
            config_file: file,
            config: RwLock::new(Arc::new(config)),
            bad_config: RwLock::new(bad_config),
            unopened: None,
            looks: Arc::default(),
            sessions: Mutex::default(),
        }
    }

    /// The same with a store that could not be opened; it serves no login before that is.
    #[must_use]
    pub fn waiting_for(self, unopened: Option<Arc<Unopened>>) -> Self {
        Self { unopened, ..self }
    }

    /// Why no login is served, if none is.
    pub fn refusal(&self) -> Option<String> {
        let bad_config = self.bad_config.read();
        let bad_config = bad_config.unwrap_or_else(PoisonError::into_inner).clone();
        bad_config.or_else(|| Some(self.unopened.as_ref()?.why()?.to_string()))
    }

    /// Whether the configuration that this began with could not be used, and none could since.
    pub fn has_bad_config(&self) -> bool {
        let bad_config = self.bad_config.read();
        bad_config.unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// That logins are served: else neither policy nor accounts are what they should be, and nothing
    /// may be changed, or told, by them.
    ///
    /// # Errors
    /// [`Error::NotServing`].
    pub fn serves(&self) -> Result<(), Error> {
        match self.refusal() {
            None => Ok(()),
            Some(why) => Err(Error::NotServing(messages::refuses(&why))),
        }
    }

    /// The configuration in force. Whoever judges holds on to one for the whole judgement.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What a login's rules ask of the name service about its user: the groups under the names in
    /// use, and for a login inside a session under every name of the uid. `None` where the answer
    /// makes no difference: nobody is asked then.
    pub async fn subject_of(
        &self,
        login: &Login,
        user: &User,
        policy: &Policy,
        inside_session: bool,
    ) -> Option<Subject> {
        if inside_session && policy.depends_on_names(login) {
            return Some(self.subject_by_any_name(user, policy).await);
        }
        if policy.is_settled(login) {
            return None;
        }
        Some(self.subject(user, policy).await)
    }

    /// A user under the names in use, with the groups that a policy asks about.
    pub async fn subject(&self, user: &User, policy: &Policy) -> Subject {
        let asked = policy.groups().into_iter().cloned().collect();
        groups::of(user, Names::InUse, asked, Vec::new()).await
    }

    /// A user under every name of the uid, with the groups that a policy asks about.
    pub async fn subject_by_any_name(&self, user: &User, policy: &Policy) -> Subject {
        let asked = policy.groups().into_iter().cloned().collect();
        let in_rules = policy.users().map(str::to_owned).collect();
        groups::of(user, Names::All, asked, in_rules).await
    }

    /// The terms under which two-factor login is required of a user, if it is.
    pub async fn required_of(&self, user: &User, now: Time) -> Option<RuleEffect> {
        let config = self.config();
        let subject = self.subject_by_any_name(user, &config.policy).await;
        config.policy.requires_of(&subject, now).cloned()
    }

    /// Who issues the keys, as authenticators show it: the configured name, else the host's.
    pub fn issuer(&self) -> String {
        self.config().issuer.clone().unwrap_or_else(host_name)
    }

    /// The dialogs, for a moment.
    pub fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `wish` judge what was typed against a user's account, and stores what it changed before
    /// its answer is returned. The account may have been loaded `earlier`. A backup code is hashed
    /// first; where `wish` answers `None`, the backup codes were changed meanwhile, and it is hashed
    /// and asked again.
    ///
    /// # Errors
    /// What the store says; [`Error::Busy`] where the codes are changed all the time.
    pub async fn judge<T>(
        &self,
        user: &User,
        input: &Input,
        origin: ThrottleScope,
        now: Time,
        mut earlier: Option<Loaded>,
        mut wish: impl FnMut(&mut Account, &Credential) -> Option<T>,
    ) -> Result<T, Error> {
        for _ in 0..MAX_REHASHES {
            let loaded = match (earlier.take(), input) {
                (None, Input::Backup(_)) => Some(self.accounts.load_record(user).await?),
                (loaded, _) => loaded,
            };
            let account = loaded.as_ref().and_then(Loaded::account);
            let credential = self.hashing.credential(input, account, origin, now).await?;
            let mut ahead = None;
            let judged = self
                .accounts
                .change_from(loaded, user, |account| {
                    ahead = account.used_ahead(now);
                    let answer = wish(account, &credential);
                    ahead = ahead.filter(|_| account.used_ahead(now).is_none());
                    answer
                })
                .await?;
            if let Some(moment) = ahead {
                let line = format!(
                    "{}: {}",
                    quoted(&user.name),
                    messages::clock_was_ahead(moment)
                );
                self.journal.write(Level::Warning, &line);
            }
            if let Some(answer) = judged {
                return Ok(answer);
            }
        }
        Err(Error::Busy(
            "the backup codes are being changed all the time; try again".to_owned(),
        ))
    }

    /// Reads the configuration again; a bad one changes nothing.
    ///
    /// # Errors
    /// [`BadConfig`] with the places of the mistakes.
    pub fn reload(&self) -> Result<(), BadConfig> {
        let read = Config::read(&self.config_file, &Trust::own());
        let why = || {
            self.bad_config
                .write()
                .unwrap_or_else(PoisonError::into_inner)
        };
        match read {
            Ok(config) => {
                let config = Arc::new(config);
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
                // Only now: no login may go by the configuration that stood in for it.
                *why() = None;
                Ok(())
            }
            Err(bad) => {
                if let Some(why) = why().as_mut() {
                    *why = bad.summary();
                }
                Err(bad)
            }
        }
    }

    /// Tries to open the store again, where it could not be opened.
    ///
    /// # Errors
    /// Why it still cannot.
    pub async fn reopen(&self) -> Result<(), Error> {
        let Some(unopened) = self.unopened.clone() else {
            return Ok(());
        };
        beside(move || unopened.try_again())
            .await?
            .map_err(|error| Error::Storage(error.to_string()))
    }

    /// Logs what an administrator should look at in the configuration in force. A directory that
    /// hangs holds up nobody; one look at a time.
    pub fn log_warnings(&self) {
        if self.looks.swap(true, Ordering::AcqRel) {
            let still =
                "names of the policy are still being looked up; tfad --check tells the warnings";
            self.journal.write(Level::Notice, still);
            return;
        }
        let (config, journal) = (self.config(), Arc::clone(&self.journal));
        let looks = Arc::clone(&self.looks);
        let look = move || {
            for warning in check::findings(&config).warnings {
                journal.write(Level::Warning, &warning);
            }
            looks.store(false, Ordering::Release);
        };
        let thread = thread::Builder::new().name("warnings".to_owned());
        if let Err(error) = thread.spawn(look) {
            self.looks.store(false, Ordering::Release);
            let why = format!("names of the policy cannot be looked up: {error}");
            self.journal.write(Level::Error, &why);
        }
    }

    /// Logs something about a login.
    pub fn log_login(
        &self,
        level: Level,
        caller: &Caller,
        user: &User,
        context: &Context,
        what: &str,
    ) {
        let Context {
            service,
            rhost,
            tty,
            ..
        } = context;
        let from = match (rhost.as_str(), tty.as_str()) {
            ("", "") => format!("a program of uid {}", caller.uid),
            ("", tty) => quoted(tty),
            (rhost, _) => quoted(rhost),
        };
        let (name, service) = (quoted(&user.name), quoted(service));
        self.journal.write_for(
            caller.uid,
            level,
            &format!("{name}: {what} (service {service}, from {from})"),
        );
    }

    /// Logs a change of an account that took effect. It took a password, a code or an administrator, so
    /// there are few, and no number of other lines keeps it out of the log.
    pub fn log_done(&self, caller: &Caller, user: &str, what: &str) {
        let line = format!("{}: {what} (by uid {})", quoted(user), caller.uid);
        self.journal.write(Level::Notice, &line);
    }

    /// Logs what somebody tried with an account.
    pub fn log_change(&self, level: Level, caller: &Caller, user: &str, what: &str) {
        self.journal.write_for(
            caller.uid,
            level,
            &format!("{}: {what} (by uid {})", quoted(user), caller.uid),
        );
    }

    /// Logs an error that somebody should act on, and passes it on.
    pub fn report(&self, caller: &Caller, user: &str, error: Error) -> Error {
        if let Some((level, text)) = logged(&error) {
            let line = format!("{}: refused: {text} (by uid {})", quoted(user), caller.uid);
            self.journal.write_for(caller.uid, level, &line);
        }
        error
    }
}

/// What the log says of an error, if somebody should act on it.
fn logged(error: &Error) -> Option<(Level, &str)> {
    Some(match error {
        // The whole way on stands in the log once, where the daemon started.
        Error::KeyLost(_) => (Level::Critical, messages::KEY_LOST),
        Error::Damaged(text) | Error::Storage(text) => (Level::Critical, text),
        Error::UidChanged(text) => (Level::Error, text),
        Error::NotAuthorized(text)
        | Error::AuthenticationFailed(text)
        | Error::NoAuthenticationAgent(text)
        | Error::Busy(text) => (Level::Warning, text),
        _ => return None,
    })
}

/// The host's name, as its people know it.
pub fn host_name() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_key_takes_one_short_line_for_each_user() {
        let remedy = "put the right key back ".repeat(20);
        let error = Error::KeyLost(remedy);
        let (level, text) = logged(&error).unwrap();
        assert_eq!(level, Level::Critical);
        assert!(text.len() < 100 && text.contains("key"), "{text}");
    }
}
