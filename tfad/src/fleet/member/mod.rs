//! The member's side: logins of this host, which a verifier answers.
//!
//! The verifier decides, and its text is shown. This side knows who calls, who logs in and what the host is like,
//! and tells that. Whatever is no valid reply denies. A verifier that is lost is replaced by another one, with the
//! same attempt: `remote.rs`.

mod attempt;
pub(in crate::fleet) mod bound;
mod calls;
mod dialogs;
mod owner_calls;
mod program;
mod remote;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tfa_proto::{Context, ContextError, Next, Turn, Verdict};

use crate::account;
use crate::caller::Caller;
use crate::config::Config;
use crate::host::users::{LookUpError, NameService};
use crate::log::Rarely;
use crate::login::password_prompts::PasswordPrompts;
use crate::login::{Error, LoginService, render, served};
use crate::semaphore::Semaphore;
use crate::state::DaemonState;
use attempt::Attempt;
pub use bound::BoundStore;
use bound::OfflineDialog;
use calls::{Begun, Fleet, not_understood};
use dialogs::{Dialogs, Open};
pub use owner_calls::Proved;
use program::{LookUpFleet, Program};
use remote::RemoteDialog;

/// The connections that have ended and whose dialogs are being cancelled.
static CANCELS: Semaphore = Semaphore::new(16);

/// How often the log says that the bound codes of a user cannot be reported.
const NOT_REPORTED_INTERVAL: Duration = Duration::from_secs(3600);

/// The time that a verifier has. The module waits for fifteen seconds, all in all.
#[derive(Debug, Clone, Copy)]
pub struct LoginTimes {
    /// For the begin of a login, with all that the verifier asks back.
    pub begin: Duration,
    /// For an answer, also where a verifier is lost meanwhile.
    pub answer: Duration,
    /// For the end of a dialog. It ends by itself otherwise.
    pub cancel: Duration,
    /// For a call of an owner.
    pub account: Duration,
}

impl Default for LoginTimes {
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(3),
            answer: Duration::from_secs(6),
            cancel: Duration::from_millis(200),
            account: Duration::from_secs(6),
        }
    }
}

/// Logins that a verifier answers.
pub struct Forwarder {
    state: Arc<DaemonState>,
    names: Arc<dyn NameService>,
    fleet: Arc<Fleet>,
    times: LoginTimes,
    dialogs: Mutex<Dialogs>,
    password_prompts: PasswordPrompts<Proved>,
    /// The codes that are bound to this host.
    bound: Option<BoundStore>,
    /// Held while a verifier is told of them.
    reports: Semaphore,
    /// The lines about users whose codes were not reported.
    not_reported: Rarely<String>,
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Forwarder")
    }
}

impl Forwarder {
    /// Forwards the logins of these users to the program with that uid at a socket, which is `tfa-fleet`.
    #[must_use]
    pub fn new(
        state: Arc<DaemonState>,
        names: Arc<dyn NameService>,
        socket: &Path,
        fleet: u32,
        times: LoginTimes,
    ) -> Self {
        Self::through(Program::of_user(socket, fleet), state, names, times)
    }

    /// The same, with a user of `tfa-fleet` that is looked up.
    #[must_use]
    pub(crate) fn looking_up(
        state: Arc<DaemonState>,
        names: Arc<dyn NameService>,
        socket: &Path,
        fleet: LookUpFleet,
        times: LoginTimes,
    ) -> Self {
        Self::through(Program::looked_up(socket, fleet), state, names, times)
    }

    fn through(
        program: Program,
        state: Arc<DaemonState>,
        names: Arc<dyn NameService>,
        times: LoginTimes,
    ) -> Self {
        Self {
            state,
            names,
            fleet: Arc::new(Fleet::new(program, times.cancel)),
            times,
            dialogs: Mutex::default(),
            password_prompts: PasswordPrompts::default(),
            bound: None,
            reports: Semaphore::new(1),
            not_reported: Rarely::new(NOT_REPORTED_INTERVAL),
        }
    }

    /// The same, with codes that are bound to this host.
    #[must_use]
    pub fn with_bound_codes(self, store: BoundStore) -> Self {
        let journal = Arc::clone(&self.state.journal);
        Self {
            bound: Some(store.logging_to(journal)),
            ..self
        }
    }

    /// The names of the verifiers, as far as `tfa-fleet` tells them.
    pub(crate) fn verifiers(&self) -> Vec<String> {
        self.fleet.verifiers()
    }

    fn begin_dialog(
        &self,
        caller: &Caller,
        user: &str,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let not_own = Error::NotOwnUser { uid: caller.uid };
        let user = match self.names.look_up(user) {
            Ok(user) => user,
            // As for a user who exists.
            Err(_) if !caller.is_root() => return Err(not_own),
            Err(LookUpError::Unknown(_)) => {
                return Ok((0, render::end(Verdict::UnknownUser, None)));
            }
            Err(LookUpError::Failed(failed)) => return Err(account::Error::from(failed).into()),
        };
        if !caller.is_root() && user.uid != caller.uid {
            return Err(not_own);
        }
        let config = self.state.config();
        let mut attempt = Attempt::new(caller, user, context, &config)?;
        let until = Instant::now() + self.times.begin;
        let Begun {
            verifier,
            dialog,
            turn,
        } = match self.fleet.begin(&mut attempt, until) {
            Ok(begun) => begun,
            Err(error) => return self.begin_offline(caller, &attempt, &config, error),
        };
        let turn = attempt.with_later_phases(turn).ok_or_else(not_understood)?;
        let number = match &turn.next {
            Next::Verdict(_) => 0,
            Next::Ask(asked) => {
                let remote = RemoteDialog::new(attempt, verifier, dialog, asked.clone());
                let open = Open::Remote(remote.clone());
                let opened = self.dialogs().open(caller, open, Instant::now());
                opened.inspect_err(|_| remote.cancel(&self.fleet))?
            }
        };
        Ok((number, turn))
    }

    /// Begins a login after this error, with a bound code if there was no verifier and the policy permits that.
    fn begin_offline(
        &self,
        caller: &Caller,
        attempt: &Attempt,
        config: &Config,
        error: Error,
    ) -> Result<(u32, Turn), Error> {
        let offline = match &error {
            Error::NoVerifier(_) => OfflineDialog::of(attempt, config),
            _ => None,
        };
        let is_cut_off = || self.fleet.is_cut_off();
        let offline = offline.filter(|_| is_cut_off());
        let (Some(store), Some(offline)) = (self.bound.as_ref(), offline) else {
            return Err(attempt.without_verifier(error, is_cut_off));
        };
        let turn = offline.begin(store, &self.state.journal, caller)?;
        let number = match &turn.next {
            Next::Verdict(_) => 0,
            Next::Ask(_) => {
                let open = Open::Offline(offline);
                self.dialogs().open(caller, open, Instant::now())?
            }
        };
        Ok((number, turn))
    }

    /// Answers the question of a dialog, here or at its verifier.
    fn answer_open(&self, caller: &Caller, open: &mut Open, reply: &str) -> Result<Turn, Error> {
        match open {
            Open::Remote(remote) => {
                let until = Instant::now() + self.times.answer;
                let turn = remote.answer(&self.fleet, reply, until)?;
                let is_verified =
                    matches!(turn.next, Next::Verdict(verdict) if verdict.is_verified());
                if caller.is_root() && is_verified {
                    self.note_proof(remote);
                }
                Ok(turn)
            }
            Open::Offline(offline) => {
                let store = self.bound.as_ref().ok_or(Error::NoSuchDialog)?;
                offline.answer(store, &self.state, caller, reply)
            }
        }
    }

    fn dialogs(&self) -> MutexGuard<'_, Dialogs> {
        self.dialogs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoginService for Forwarder {
    fn begin(
        &self,
        caller: &Caller,
        user: &str,
        context: Result<Context, ContextError>,
    ) -> Result<(u32, Turn), Error> {
        let context = served(&self.state, caller, user, context)?;
        self.begin_dialog(caller, user, context)
            .map_err(|error| self.state.journal.report(caller, user, error))
    }

    fn answer(&self, sender: &str, dialog: u32, reply: &str) -> Result<Turn, Error> {
        let (caller, mut open) = self.dialogs().take(dialog, sender, Instant::now())?;
        match self.answer_open(&caller, &mut open, reply) {
            Ok(turn) if matches!(turn.next, Next::Ask(_)) => {
                let gone = self.dialogs().resume(dialog, open, Instant::now());
                if let Some(open) = gone {
                    open.cancel(&self.fleet);
                }
                Ok(turn)
            }
            Ok(turn) => {
                self.dialogs().close(dialog);
                Ok(turn)
            }
            Err(error) => {
                self.dialogs().close(dialog);
                Err(self.state.journal.report(&caller, open.user(), error))
            }
        }
    }

    fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error> {
        let (_, remote) = self.dialogs().take(dialog, sender, Instant::now())?;
        self.dialogs().close(dialog);
        remote.cancel(&self.fleet);
        Ok(())
    }

    fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        self.dialogs().idle_timeout(sender)
    }

    fn forget(&self, sender: &str) {
        let forgotten = self.dialogs().forget(sender, Instant::now());
        if forgotten.is_empty() {
            return;
        }
        // They have places at their verifiers. The connection has ended: nothing waits for this, or may. Past
        // the limit they end by themselves.
        let Some(permit) = CANCELS.try_acquire() else {
            return;
        };
        let fleet = Arc::clone(&self.fleet);
        let cancel = move || {
            let _permit = permit;
            forgotten.iter().for_each(|remote| remote.cancel(&fleet));
        };
        drop(
            thread::Builder::new()
                .name("cancel".to_owned())
                .spawn(cancel),
        );
    }
}
