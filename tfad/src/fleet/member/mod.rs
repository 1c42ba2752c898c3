//! The member's side: logins of this host, which a verifier answers.
//!
//! The verifier decides, and words every line. This side knows who calls, who logs in and what the host is like,
//! and tells that. Whatever is no valid reply denies.

mod dialogs;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_fleet_wire::{
    AttemptBytes, BeginLogin, Client, LoginCall, LoginFacts, LoginReply, NeededFact, Reply,
    Request, SecretText,
};
use tfa_proto::{Context, ContextError, Next, Turn, Verdict};

use crate::account;
use crate::caller::Caller;
use crate::fleet::translate;
use crate::host::facts::{HostFacts as _, LocalHost};
use crate::host::random;
use crate::host::time_limit::CallsFor;
use crate::host::users::{LookUpError, NameService, User};
use crate::login::{Error, LoginService, render, served};
use crate::messages;
use crate::state::DaemonState;
use dialogs::{Dialogs, RemoteDialog};

/// How much longer than `tfa-fleet` the daemon waits: what became of a call is known there.
const REPLY_TIME: Duration = Duration::from_millis(300);
/// How long the end of a dialog may take. It is not waited for any longer: the dialog ends by itself.
const CANCEL_TIME: Duration = Duration::from_millis(200);
/// How often a verifier may ask for a fact.
const MAX_ROUNDS: usize = 4;

/// The host of the logins.
const HERE: LocalHost = LocalHost(CallsFor::Logins);

/// The time that a verifier has. The module waits for fifteen seconds, all in all.
#[derive(Debug, Clone, Copy)]
pub struct LoginTimes {
    /// For the begin of a login, with all that the verifier asks back.
    pub begin: Duration,
    /// For an answer.
    pub answer: Duration,
}

impl Default for LoginTimes {
    fn default() -> Self {
        Self {
            begin: Duration::from_secs(3),
            answer: Duration::from_secs(6),
        }
    }
}

/// Logins that a verifier answers.
pub struct Forwarder {
    state: Arc<DaemonState>,
    names: Arc<dyn NameService>,
    fleet: Client,
    times: LoginTimes,
    dialogs: Mutex<Dialogs>,
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
    ) -> Self {
        Self {
            state,
            names,
            fleet: Client::new(socket, fleet),
            times: LoginTimes::default(),
            dialogs: Mutex::default(),
        }
    }

    /// The same with other times.
    #[must_use]
    pub fn with_times(self, times: LoginTimes) -> Self {
        Self { times, ..self }
    }

    fn begin_dialog(
        &self,
        caller: &Caller,
        user: &str,
        context: &Context,
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
        let attempt = AttemptBytes(random::attempt_bytes()?);
        let until = Instant::now() + self.times.begin;
        let mut facts = self.facts(context);
        for _ in 0..MAX_ROUNDS {
            let begin = BeginLogin {
                attempt,
                user: translate::login_user(&user),
                context: translate::entries(context),
                caller_uid: caller.uid,
                facts: facts.clone(),
            };
            let left = until.saturating_duration_since(Instant::now());
            match self.call(LoginCall::Begin(begin), left)? {
                LoginReply::Begun { dialog, turn } => {
                    let turn = translate::proto_turn(turn).map_err(|_| not_understood())?;
                    return self.keep(caller, attempt, dialog, turn);
                }
                LoginReply::NeedFact(needed) => tell(needed, &mut facts, &user, context),
                LoginReply::Refused { error, text } => return Err(refused(&error, text)),
                LoginReply::Cancelled => return Err(not_understood()),
            }
        }
        Err(not_understood())
    }

    /// What a verifier is told with each begin, because it costs no call of the name service.
    fn facts(&self, context: &Context) -> LoginFacts {
        let consoles = &self.state.config().consoles;
        let follows = context.session_follows;
        LoginFacts {
            at_console: Some(context.at_console(consoles)),
            subject: None,
            session_phase_decides: follows
                .then(|| HERE.session_phase_decides(&context.service).ok())
                .flatten(),
            goes_on_after_wrong_password: Some(HERE.goes_on_after_wrong_password(&context.service)),
        }
    }

    /// Keeps a dialog until it is answered.
    fn keep(
        &self,
        caller: &Caller,
        attempt: AttemptBytes,
        dialog: u32,
        turn: Turn,
    ) -> Result<(u32, Turn), Error> {
        match &turn.next {
            Next::Verdict(_) => Ok((0, turn)),
            Next::Ask(_) if dialog == 0 => Err(not_understood()),
            Next::Ask(_) => {
                let remote = RemoteDialog {
                    attempt,
                    dialog,
                    answers: 0,
                };
                let number = self.dialogs().open(caller, remote, Instant::now())?;
                Ok((number, turn))
            }
        }
    }

    fn answer_remote(&self, remote: RemoteDialog, reply: &str) -> Result<Turn, Error> {
        let call = LoginCall::Answer {
            attempt: remote.attempt,
            dialog: remote.dialog,
            number: remote.answers,
            answer: SecretText::new(reply.to_owned()),
        };
        match self.call(call, self.times.answer)? {
            LoginReply::Begun { turn, .. } => {
                translate::proto_turn(turn).map_err(|_| not_understood())
            }
            LoginReply::Refused { error, text } => Err(refused(&error, text)),
            LoginReply::NeedFact(_) | LoginReply::Cancelled => Err(not_understood()),
        }
    }

    fn call(&self, call: LoginCall, limit: Duration) -> Result<LoginReply, Error> {
        let budget_ms = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
        let request = Request::Login { call, budget_ms };
        match self.fleet.call(&request, limit + REPLY_TIME) {
            Ok(Reply::Login(reply)) => Ok(reply),
            Ok(Reply::NoVerifier(why)) => Err(Error::NoVerifier(why)),
            Ok(_) => Err(not_understood()),
            Err(error) => Err(Error::NoVerifier(messages::fleet_unreachable(&error))),
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
        self.begin_dialog(caller, user, &context)
            .map_err(|error| self.state.journal.report(caller, user, error))
    }

    fn answer(&self, sender: &str, dialog: u32, reply: &str) -> Result<Turn, Error> {
        let remote = self.dialogs().take(dialog, sender, Instant::now())?;
        let answered = self.answer_remote(remote, reply);
        match &answered {
            Ok(turn) if matches!(turn.next, Next::Ask(_)) => {
                self.dialogs().resume(dialog, Instant::now());
            }
            Ok(_) | Err(_) => self.dialogs().close(dialog),
        }
        answered
    }

    fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error> {
        let remote = self.dialogs().take(dialog, sender, Instant::now())?;
        self.dialogs().close(dialog);
        let call = LoginCall::Cancel {
            attempt: remote.attempt,
            dialog: remote.dialog,
        };
        // The dialog of the verifier ends by itself.
        let _ = self.call(call, CANCEL_TIME);
        Ok(())
    }

    fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        self.dialogs().idle_timeout(sender)
    }

    fn forget(&self, sender: &str) {
        self.dialogs().forget(sender, Instant::now());
    }
}

/// Looks up a fact that the verifier needs.
fn tell(needed: NeededFact, facts: &mut LoginFacts, user: &User, context: &Context) {
    match needed {
        // It was told already, and is told again.
        NeededFact::Console => {}
        NeededFact::SessionPhase => {
            facts.session_phase_decides = HERE.session_phase_decides(&context.service).ok();
        }
        NeededFact::Subject(question) => {
            let query = translate::query(question.clone());
            let subject = HERE.subject(user, query).ok();
            facts.subject = subject.map(|found| translate::subject_answer(question, &found));
        }
    }
}

/// The refusal of a verifier, as this host's own would be.
fn refused(name: &str, text: String) -> Error {
    let known = tfa_proto::Error::from_name(name, text.clone());
    Error::Refused(known.unwrap_or(tfa_proto::Error::Storage(text)))
}

fn not_understood() -> Error {
    let text = messages::REPLY_NOT_UNDERSTOOD.to_owned();
    Error::Refused(tfa_proto::Error::Storage(text))
}
