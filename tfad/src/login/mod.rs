//! The login dialog: begun, answered, over. A call comes from the login socket or from the bus, and
//! runs on a thread that may block.
//!
//! `begin` finds the user, `evaluation` applies policy and account, `actions` does what they decide, and
//! `opening` makes the first turn. `answer` verifies what was typed. `sessions` holds the dialogs in
//! between. `render` and `enrollment` put the turns into text.

mod actions;
mod answer;
mod begin;
mod bypasses;
mod dialog_size;
pub mod enrollment;
mod error;
mod evaluation;
mod expiry;
mod facts;
pub mod forgotten_devices;
mod log;
mod login_sessions;
mod member_proofs;
mod on_member;
pub mod once;
mod opening;
pub mod pam_context;
pub mod password_prompts;
mod question;
mod records;
mod recovery;
mod recovery_prompt;
mod remember;
mod reminders;
pub mod render;
mod second_factor;
mod security_key;
mod service;
mod session_code;
pub(crate) mod session_gate;
pub mod sessions;
pub mod simulate;
pub mod ssh_keys;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::{AnswerId, AttemptId, BackupCode, Dialog, Time};
use tfa_proto::{Context, ContextError, Turn};

use crate::account::{Accounts, Loaded};
use crate::caller::Caller;
use crate::host::facts::{HostFacts, LocalHost};
use crate::host::time_limit::CallsFor;
use crate::login::bypasses::Bypasses;
use crate::login::login_sessions::LoginSessions;
use crate::login::member_proofs::MemberProofs;
use crate::login::password_prompts::PasswordPrompts;
use crate::login::reminders::Reminders;
use crate::login::render::Renderer;
use crate::login::sessions::{LoginAttempt, Session, Sessions};
use crate::state::DaemonState;

pub use begin::BeginRequest;
pub(crate) use begin::{PolicyHere, policy_here, untrusted};
pub use error::Error;
pub use service::LoginService;
pub(crate) use service::served;

/// The logins of a host.
#[derive(Debug)]
pub struct Logins {
    host: Arc<dyn HostFacts>,
    state: Arc<DaemonState>,
    accounts: Arc<Accounts>,
    sessions: Arc<Mutex<Sessions>>,
    password_prompts: PasswordPrompts,
    member_proofs: MemberProofs,
    bypasses: Bypasses,
    reminders: Reminders,
    login_sessions: LoginSessions,
}

impl Logins {
    /// The logins to these accounts.
    #[must_use]
    pub fn new(state: Arc<DaemonState>, accounts: Arc<Accounts>) -> Self {
        Self {
            host: Arc::new(LocalHost(CallsFor::Logins)),
            state,
            accounts,
            sessions: Arc::default(),
            password_prompts: PasswordPrompts::default(),
            member_proofs: MemberProofs::default(),
            bypasses: Bypasses::new(),
            reminders: Reminders::new(),
            login_sessions: LoginSessions::default(),
        }
    }

    /// As [`LoginService::begin`], for a user whom the host of the login has looked up. Called for members of
    /// a fleet alone.
    ///
    /// # Errors
    /// Why there is no first turn. After [`Error::NeedsFacts`] the caller may try again with more facts.
    pub fn begin_for(&self, request: BeginRequest<'_>) -> Result<(u32, Turn), Error> {
        if let Some(why) = self.state.refusal() {
            return Err(Error::NotServing(why));
        }
        let (caller, name) = (request.caller, request.user.name.clone());
        let begun = self.begin_on(request);
        begun.map_err(|error| self.state.journal.report(caller, &name, error))
    }

    /// As [`LoginService::answer`], for an answer that the host of the login has numbered.
    ///
    /// # Errors
    /// Why there is no further turn. The dialog is over then.
    pub fn answer_for(
        &self,
        sender: &str,
        dialog: u32,
        answer: AnswerId,
        reply: &str,
    ) -> Result<Turn, Error> {
        let taken = self
            .sessions()
            .take_for_numbered(dialog, sender, answer, Instant::now())?;
        self.answer_taken(dialog, taken, reply)
    }

    /// Judges an answer to a dialog that was taken up for it.
    fn answer_taken(
        &self,
        dialog: u32,
        (session, loaded): (Session, Option<Loaded>),
        reply: &str,
    ) -> Result<Turn, Error> {
        match self.judge(&session, loaded, reply) {
            Ok((turn, next)) => {
                match next {
                    Some(next) => self.sessions().resume(dialog, next, Instant::now()),
                    None => self.sessions().close(dialog),
                }
                let policy = &self.state.config().policy;
                let context = &session.attempt.context;
                Ok(session_gate::with_cover(turn, context, policy))
            }
            Err(error) => {
                self.sessions().close(dialog);
                let LoginAttempt { caller, user, .. } = &session.attempt;
                Err(self.state.journal.report(caller, &user.name, error))
            }
        }
    }

    /// The calls that wait for a password at polkit. A login for such a password tells them of its code.
    pub fn password_prompts(&self) -> &PasswordPrompts {
        &self.password_prompts
    }

    /// Whether a code of that user was verified in a login to polkit on a member. It counts for no other call then.
    pub(crate) fn take_proof(&self, attempt: AttemptId, user: &str) -> bool {
        self.member_proofs.take(attempt, user, Instant::now())
    }

    /// The dialogs, locked. The lock is held for moments only.
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a turn into text.
    fn render(
        &self,
        turn: &tfa_core::Turn,
        dialog: Option<&Dialog>,
        drawn: &[BackupCode],
        attempt: &LoginAttempt,
        now: Time,
    ) -> Turn {
        let config = self.state.config();
        let renderer = Renderer {
            dialog,
            drawn,
            host: &*attempt.host,
            issuer: config.issuer.as_deref(),
            user: &attempt.user.name,
            ssh: attempt.context.is_ssh(),
            style: config.qr,
            now,
        };
        session_gate::left_to_session(renderer.render(turn), attempt, &config.policy, now)
    }
}

impl LoginService for Logins {
    fn begin(
        &self,
        caller: &Caller,
        user: &str,
        context: Result<Context, ContextError>,
    ) -> Result<(u32, Turn), Error> {
        let context = service::served(&self.state, caller, user, context)?;
        self.begin_here(caller, user, context)
            .map_err(|error| self.state.journal.report(caller, user, error))
    }

    fn answer(&self, sender: &str, dialog: u32, reply: &str) -> Result<Turn, Error> {
        let taken = self
            .sessions()
            .take_for_answer(dialog, sender, Instant::now())?;
        self.answer_taken(dialog, taken, reply)
    }

    fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error> {
        let mut sessions = self.sessions();
        sessions.take_for_answer(dialog, sender, Instant::now())?;
        sessions.close(dialog);
        Ok(())
    }

    fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        self.sessions().idle_timeout(sender)
    }

    fn forget(&self, sender: &str) {
        self.sessions().forget(sender, Instant::now());
    }
}
