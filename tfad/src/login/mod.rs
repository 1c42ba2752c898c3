//! The login dialog, whoever brings it: begun, answered, over.

pub mod enrollment;
mod log;
pub mod once;
pub mod pam_context;
pub mod password_prompts;
mod reminders;
pub mod render;
pub mod services;
pub mod sessions;
pub mod simulate;
mod unguarded;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tfa_core::{
    Account, Answered, AskCode, BackupCode, DenyReason, Dialog, Enroll, PhaseAction, Requirement,
};
use tfa_core::{Input, PhaseInput, PolicyDecision, Time};
use tfa_proto::{Context, Error, Turn, Verdict};
use zbus::wire::OwnedVariant;
use zeroize::Zeroizing;

use crate::account::{Found, Loaded};
use crate::config::Config;
use crate::dbus::caller::Caller;
use crate::host::clock;
use crate::host::groups;
use crate::host::random;
use crate::host::users::User;
use crate::login::enrollment::Enrollment;
use crate::login::reminders::Reminders;
use crate::login::render::Renderer;
use crate::login::sessions::{LoginAttempt, Session};
use crate::login::unguarded::Bypasses;
use crate::messages;
use crate::state::{DaemonState, host_name};

/// The logins of a host.
#[derive(Debug)]
pub struct Logins {
    state: Arc<DaemonState>,
    bypasses: Bypasses,
    reminders: Reminders,
}

impl Logins {
    /// The logins of that host.
    #[must_use]
    pub fn new(state: Arc<DaemonState>) -> Self {
        let bypasses = Bypasses::new();
        Self {
            state,
            bypasses,
            reminders: Reminders::new(),
        }
    }

    /// Begins the dialog for a user.
    ///
    /// # Errors
    /// Why there is no first turn.
    pub async fn begin(
        &self,
        caller: &Caller,
        user: &str,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let _permit = self.state.limiter.admit(caller)?;
        if let Some(why) = self.state.refusal() {
            return Err(Error::NotServing(why));
        }
        let found = self.look_up(caller, user, &context).await;
        self.begin_dialog(caller, found, context)
            .await
            .map_err(|error| self.state.report(caller, user, error))
    }

    /// Answers the question that the dialog asked last.
    ///
    /// # Errors
    /// Why there is no further turn.
    pub async fn answer(&self, sender: &str, dialog: u32, reply: String) -> Result<Turn, Error> {
        let reply = Zeroizing::new(reply);
        let (open, loaded) =
            self.state
                .sessions()
                .take_for_answer(dialog, sender, Instant::now())?;
        // Counted by the uid: an answer is judged to its end, even where its connection has gone.
        let judged = match self.state.limiter.admit(&open.attempt.caller) {
            Ok(_permit) => self.judge(&open, loaded, &reply).await,
            Err(busy) => Err(busy),
        };
        let (turn, next) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                self.state.sessions().close(dialog);
                return Err(self.state.report(
                    &open.attempt.caller,
                    &open.attempt.user.name,
                    error,
                ));
            }
        };
        match next {
            Some(next) => self.state.sessions().resume(dialog, next, Instant::now()),
            None => self.state.sessions().close(dialog),
        }
        Ok(turn)
    }

    /// Ends the dialog without a verdict.
    ///
    /// # Errors
    /// [`Error::NoSuchDialog`].
    pub fn cancel(&self, sender: &str, dialog: u32) -> Result<(), Error> {
        let mut dialogs = self.state.sessions();
        dialogs.take_for_answer(dialog, sender, Instant::now())?;
        dialogs.close(dialog);
        Ok(())
    }

    /// How long a connection's dialogs wait for an answer; `None` where it has none.
    pub fn idle_timeout(&self, sender: &str) -> Option<Duration> {
        self.state.sessions().idle_timeout(sender)
    }

    /// A connection is gone, and its dialogs with it.
    pub fn forget(&self, sender: &str) {
        self.state.sessions().forget(sender, Instant::now());
    }

    /// Looks a user up, and reads the record for root and for the user alone: how long a refusal takes
    /// must tell nobody else whether there is one.
    async fn look_up(
        &self,
        caller: &Caller,
        user: &str,
        context: &Context,
    ) -> Result<Found, Error> {
        let needed = self.needs_record(context);
        let reader = (!caller.is_root()).then_some(caller.uid);
        let wanted = move |user: &User| needed && reader.is_none_or(|uid| uid == user.uid);
        self.state.accounts.look_up(user, wanted).await
    }

    /// Whether the record may matter to a login. One that it does not matter to must not depend on
    /// the store.
    fn needs_record(&self, context: &Context) -> bool {
        let policy = &self.state.config().policy;
        let phase = pam_context::phase(context, policy);
        !policy.is_off() && PolicyDecision::none_needed(phase).is_none()
    }

    async fn begin_dialog(
        &self,
        caller: &Caller,
        found: Result<Found, Error>,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let root = caller.is_root();
        let context = if root { context } else { untrusted(context) };
        let found = if root { found } else { Ok(own(caller, found)?) };
        let Found { user, mut loaded } = match found {
            Ok(found) => found,
            Err(Error::UnknownUser(_)) => return Ok((0, render::end(Verdict::UnknownUser, None))),
            Err(other) => return Err(other),
        };
        let config = self.state.config();
        let phase = pam_context::phase(&context, &config.policy);
        // Neither the account nor the groups matter to a login that this phase leaves alone.
        match PolicyDecision::none_needed(phase) {
            Some(PhaseAction::Verified) => {
                let verdict = context.auth_result.unwrap_or(Verdict::Verified);
                return Ok((0, render::end(verdict, None)));
            }
            Some(_) => {
                self.bypasses.tell(&self.state, caller, &user, &context);
                return Ok((0, render::end(Verdict::NotRequired, None)));
            }
            None => {}
        }
        // The name service is asked for groups only where they make a difference.
        let inside_session = pam_context::is_inside_session(root, &context.service);
        let origin = pam_context::login_origin(&context, &config.consoles, inside_session);
        let mut login = pam_context::login(&context, groups::subject_without_groups(&user), origin);
        let known = self
            .state
            .subject_of(&login, &user, &config.policy, inside_session);
        if let Some(subject) = known.await {
            login.subject = subject;
            // That may have taken a while, in which somebody has set up.
            loaded = None;
        }
        let attempt = LoginAttempt {
            caller: caller.clone(),
            login,
            user,
            context,
        };
        self.follow(&config, phase, attempt, loaded).await
    }

    /// Takes the course that the policy has for a login.
    async fn follow(
        &self,
        config: &Config,
        phase: PhaseInput,
        attempt: LoginAttempt,
        loaded: Option<Result<Loaded, Error>>,
    ) -> Result<(u32, Turn), Error> {
        let policy = &config.policy;
        // Where the mode is off, a record that cannot be read keeps nobody out.
        let loaded = match loaded {
            _ if policy.is_off_for(&attempt.login) => None,
            Some(loaded) => Some(loaded?),
            None => Some(self.state.accounts.load_record(&attempt.user).await?),
        };
        let now = clock::now();
        if let Some(former) = loaded.as_ref().and_then(Loaded::former_name) {
            log::renamed(&self.state, &attempt, former);
        }
        let account = loaded.as_ref().and_then(Loaded::account);
        let decision = policy.decide(&attempt.login, account, now);
        let action = decision.action(phase);
        log::action(&self.state, policy, &attempt, phase, action, &decision);
        self.take_note(&attempt, phase, action, &decision, account, now)
            .await?;
        let origin =
            pam_context::throttle_scope(&attempt.caller, &attempt.context, &config.consoles);
        let begun = match action {
            PhaseAction::Verified
            | PhaseAction::Defer
            | PhaseAction::NotGuarded
            | PhaseAction::Exempt(_) => {
                return Ok((0, render::end(Verdict::NotRequired, None)));
            }
            PhaseAction::Grace(until) => {
                let (uid, context) = (attempt.user.uid, &attempt.context);
                if !self.reminders.is_due(uid, context, Instant::now()) {
                    return Ok((0, render::end(Verdict::NotRequired, None)));
                }
                let told = messages::grace_told(&host_name(), until, now);
                return Ok((0, render::notice(Verdict::NotRequired, told)));
            }
            PhaseAction::Deny(reason) => {
                let verdict = match reason {
                    DenyReason::MustEnroll => Verdict::MustEnroll,
                    DenyReason::TooLate
                    | DenyReason::Undetermined
                    | DenyReason::NotVerified
                    | DenyReason::AuthRefused => Verdict::Denied,
                };
                let by_ssh = attempt.context.is_ssh();
                let said = messages::reason(reason, &host_name(), &attempt.user.name, by_ssh);
                return Ok((0, render::end(verdict, Some((true, said)))));
            }
            PhaseAction::Ask => match account {
                Some(account) => AskCode::begin(account, origin, now),
                None => return Ok((0, render::end(Verdict::Denied, None))),
            },
            PhaseAction::SetUp(until) => {
                let authenticator = random::authenticator()?;
                let picture = Enrollment {
                    authenticator: &authenticator,
                    issuer: &self.state.issuer(),
                    user: &attempt.user.name,
                    style: config.qr,
                }
                .picture();
                Enroll::begin(
                    account,
                    authenticator,
                    until,
                    policy.invitation,
                    picture,
                    origin,
                    now,
                )
            }
        };
        log::turn(&self.state, &attempt, &begun.turn);
        let turn = self.worded(&begun.turn, begun.dialog.as_ref(), &[], &attempt, now);
        let number = match begun.dialog {
            None => 0,
            Some(dialog) => {
                let asks = matches!(dialog, Dialog::AskCode(_));
                let loaded = loaded.filter(|_| asks);
                let open = Session { attempt, dialog };
                self.state.sessions().open(open, loaded, Instant::now())?
            }
        };
        Ok((number, turn))
    }

    /// Stores what the account has to remember of a login: that a grace begins with it, and what
    /// audit mode saw.
    async fn take_note(
        &self,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        action: PhaseAction,
        decision: &PolicyDecision,
        account: Option<&Account>,
        now: Time,
    ) -> Result<(), Error> {
        let audit_outcome = decision.audit_outcome(phase);
        let begins = decision.notes_first_login
            && matches!(action, PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)))
            && account
                .and_then(Account::first_required)
                // One that is yet to come was noted by a clock that was ahead.
                .is_none_or(|first| now < first);
        // What a program of the user's own asks is no login.
        if !attempt.caller.is_root() || (audit_outcome.is_none() && !begins) {
            return Ok(());
        }
        let Context { service, rhost, .. } = &attempt.context;
        let noted = self
            .state
            .accounts
            .change(&attempt.user, |account| {
                if begins {
                    account.require(now);
                }
                if let Some(audit_outcome) = audit_outcome {
                    account.record_audit(audit_outcome, service, rhost, now);
                }
            })
            .await;
        match noted {
            // What would have been is no reason to refuse what is.
            Err(error) if !begins => {
                let (caller, name) = (&attempt.caller, &attempt.user.name);
                let _: Error = self.state.report(caller, name, error);
                Ok(())
            }
            noted => noted,
        }
    }

    /// Judges an answer. The account is stored before the turn is returned.
    async fn judge(
        &self,
        open: &Session,
        loaded: Option<Loaded>,
        typed: &str,
    ) -> Result<(Turn, Option<Dialog>), Error> {
        let now = clock::now();
        let (turn, next, drawn) = match &open.dialog {
            Dialog::AskCode(question) => {
                let judged = self.judge_code(open, loaded, question, typed, now).await;
                let (turn, next) = judged?;
                (turn, next, Vec::new())
            }
            Dialog::Enroll(enroll) => self.judge_set_up(open, enroll, typed, now).await?,
        };
        log::turn(&self.state, &open.attempt, &turn);
        let turn = self.worded(&turn, next.as_ref(), &drawn, &open.attempt, now);
        Ok((turn, next))
    }

    async fn judge_code(
        &self,
        open: &Session,
        loaded: Option<Loaded>,
        question: &AskCode,
        typed: &str,
        now: Time,
    ) -> Result<(tfa_core::Turn, Option<Dialog>), Error> {
        let config = self.state.config();
        let LoginAttempt {
            user,
            login,
            caller,
            context,
        } = &open.attempt;
        let client = pam_context::client(caller, context);
        let judged = self
            .state
            .judge(
                user,
                &Input::parse(typed),
                question.scope(),
                now,
                loaded,
                |account, credential| {
                    let decision = config.policy.decide(login, Some(account), now);
                    match question.answer(decision.requirement, account, credential, client, now) {
                        Answered::Rehash | Answered::DrawCodes => None,
                        Answered::Turn(turn, next) => Some((turn, next)),
                    }
                },
            )
            .await?;
        if let tfa_core::Next::End(tfa_core::Verdict::Verified(_)) = judged.0.next
            && open.attempt.caller.is_root()
            && open.attempt.context.service == password_prompts::POLKIT
        {
            self.state.password_prompts.code_was_used(user.uid);
        }
        Ok(judged)
    }

    async fn judge_set_up(
        &self,
        open: &Session,
        enroll: &Enroll,
        typed: &str,
        now: Time,
    ) -> Result<(tfa_core::Turn, Option<Dialog>, Vec<BackupCode>), Error> {
        let config = self.state.config();
        let LoginAttempt { user, login, .. } = &open.attempt;
        // Ten hashes are computed for a right code alone.
        let mut drawn = None;
        loop {
            let set = drawn.as_ref().map(|(set, _)| set);
            let answered = self
                .state
                .accounts
                .change(user, |account| {
                    let mut requirement =
                        config.policy.decide(login, Some(account), now).requirement;
                    if config.policy.invitation && !enroll.is_by_invitation() {
                        // Wanted since the dialog began.
                        requirement = Requirement::Undetermined;
                    }
                    enroll.clone().answer(requirement, account, typed, set, now)
                })
                .await?;
            match answered {
                Answered::DrawCodes | Answered::Rehash => {
                    drawn = Some(self.state.hashing.draw().await?);
                }
                Answered::Turn(turn, next) => {
                    let codes = drawn.map(|(_, codes)| codes.to_vec()).unwrap_or_default();
                    return Ok((turn, next, codes));
                }
            }
        }
    }

    fn worded(
        &self,
        turn: &tfa_core::Turn,
        dialog: Option<&Dialog>,
        drawn: &[BackupCode],
        attempt: &LoginAttempt,
        now: Time,
    ) -> Turn {
        let wording = Renderer {
            dialog,
            drawn,
            host: &host_name(),
            issuer: &self.state.issuer(),
            user: &attempt.user.name,
            ssh: attempt.context.is_ssh(),
            style: self.state.config().qr,
            now,
        };
        wording.of(turn)
    }
}

/// The user that a caller who is not root asks about: it must be itself. The answer for anybody
/// else says nothing about them, and nothing of theirs was read for it.
fn own(caller: &Caller, found: Result<Found, Error>) -> Result<Found, Error> {
    let own = found.ok().filter(|found| found.user.uid == caller.uid);
    own.ok_or_else(|| {
        let uid = caller.uid;
        Error::NotAuthorized(format!("uid {uid} may begin a login for itself alone"))
    })
}

/// What is left of a context that root does not vouch for.
fn untrusted(context: Context) -> Context {
    Context {
        phase: context.phase,
        service: context.service,
        ..Context::default()
    }
}

/// What PAM knows about a login, out of the call that says so.
///
/// # Errors
/// [`Error::InvalidArgument`].
pub fn context(dict: &HashMap<String, OwnedVariant>) -> Result<Context, Error> {
    Context::from_dict(dict)
        .map_err(|key| Error::InvalidArgument(format!("invalid value of {key} in the context")))
}
