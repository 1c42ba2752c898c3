//! The begin of a login: the user, the policy, the first turn.

use std::time::Instant;

use tfa_core::{
    Account, AskRecoveryCode, AuditOutcome, Authenticator, Begun, DenyReason, Dialog, Enroll,
    Exemption, FailureReason, Message, PhaseAction, PhaseInput, Picture, PolicyDecision,
    ThrottleScope, Time,
};
use tfa_proto::{Context, Turn, Verdict};

use super::{
    Error, Logins, log, pam_context, recovery, render, second_factor, security_key, session_gate,
};
use crate::account::{self, Loaded};
use crate::caller::Caller;
use crate::config::Config;
use crate::host::time_limit::CallsFor;
use crate::host::users::{self, LookUpError, User};
use crate::host::{clock, groups, host_name, random, subject};
use crate::login::enrollment::{DEFAULT_NAME, Enrollment};
use crate::login::recovery::Refusal;
use crate::login::second_factor::{Prompt, SecondFactor};
use crate::login::sessions::{LoginAttempt, Session};
use crate::messages::{self, DeniedLogin};

impl Logins {
    pub(super) fn begin_dialog(
        &self,
        caller: &Caller,
        user: &str,
        context: Context,
    ) -> Result<(u32, Turn), Error> {
        let root = caller.is_root();
        let context = if root { context } else { untrusted(context) };
        let found = users::look_up(self.accounts.names(), user);
        let found = if root { found } else { Ok(own(caller, found)?) };
        let user = match found {
            Ok(user) => user,
            Err(LookUpError::Unknown(_)) => {
                return Ok((0, render::end(Verdict::UnknownUser, None)));
            }
            Err(LookUpError::Failed(failed)) => return Err(account::Error::from(failed).into()),
        };
        let config = self.state.config();
        let context = Context {
            session_follows: session_gate::can_decide(&context, &config.policy),
            ..context
        };
        let phase = pam_context::phase(&context, &config.policy);
        // Neither the account nor the groups matter to a login that this phase does not judge.
        match phase.action_without_policy() {
            Some(PhaseAction::Verified) if context.session_follows => {
                return Ok((0, render::end(Verdict::LeftToSession, None)));
            }
            Some(PhaseAction::Verified) => {
                let met = context.auth_result.unwrap_or(Verdict::Verified);
                return Ok((0, render::end(met, None)));
            }
            Some(PhaseAction::Replace) => {
                let origin = pam_context::login_origin(&context, &config.consoles, false);
                let subject = groups::subject_without_groups(&user);
                let attempt = LoginAttempt {
                    caller: caller.clone(),
                    login: pam_context::login(&context, subject, origin),
                    user,
                    context,
                };
                return self.offer_replacement(&config, attempt);
            }
            Some(_) => {
                self.bypasses
                    .tell(&self.state, &self.accounts, caller, &user, &context);
                return Ok((0, render::end(Verdict::NotRequired, None)));
            }
            None => {}
        }
        // One moment for the whole decision: a rule that ends in between must not be judged by facts
        // that were not looked up, or without the record.
        let now = clock::now();
        // The name service is asked for groups only where they make a difference.
        let inside_session = pam_context::is_inside_session(root, &context.service);
        let origin = pam_context::login_origin(&context, &config.consoles, inside_session);
        let mut login = pam_context::login(&context, groups::subject_without_groups(&user), origin);
        let known = subject::of_login(&login, &user, &config.policy, inside_session, now);
        if let Some(subject) = known {
            login.subject = subject;
        }
        if context.session_follows
            && phase.can_be_left_to_session()
            && config.policy.depends_on_method(&login, now)
        {
            return Ok((0, render::end(Verdict::LeftToSession, None)));
        }
        let attempt = LoginAttempt {
            caller: caller.clone(),
            login,
            user,
            context,
        };
        self.follow(&config, phase, attempt, now)
    }

    /// Offers a new authenticator after a login with the recovery code of the host.
    fn offer_replacement(
        &self,
        config: &Config,
        attempt: LoginAttempt,
    ) -> Result<(u32, Turn), Error> {
        let scope = pam_context::throttle_scope(attempt.caller.is_root(), &attempt.login);
        if scope != ThrottleScope::Console {
            return Ok((0, render::end(Verdict::Verified, None)));
        }
        let new = config.authenticator.usual(DEFAULT_NAME, random::secret()?);
        let Some(authenticator) = new else {
            // The policy allows none that a login can enroll.
            return Ok((0, render::end(Verdict::Verified, None)));
        };
        let picture = self.picture_of(config, &attempt, &authenticator);
        let now = clock::now();
        let begun = Enroll::begin_after_recovery(authenticator, picture, scope, now);
        self.open_dialog(begun, attempt, None, now)
    }

    fn picture_of(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        authenticator: &Authenticator,
    ) -> Picture {
        let enrollment = Enrollment {
            authenticator,
            issuer: &self.state.issuer(),
            user: &attempt.user.name,
            style: config.qr,
        };
        enrollment.picture()
    }

    /// Renders the first turn of a dialog, and keeps the dialog until it is answered.
    fn open_dialog(
        &self,
        begun: Begun,
        attempt: LoginAttempt,
        loaded: Option<Loaded>,
        now: Time,
    ) -> Result<(u32, Turn), Error> {
        log::turn(&self.state.journal, &attempt, &begun.turn, "");
        let turn = self.render(&begun.turn, begun.dialog.as_ref(), &[], &attempt, now);
        let number = match begun.dialog {
            None => 0,
            Some(dialog) => {
                let asks = matches!(dialog, Dialog::AskCode(_) | Dialog::AskRecoveryCode(_));
                let loaded = loaded.filter(|_| asks);
                let session = Session { attempt, dialog };
                self.sessions().open(session, loaded, Instant::now())?
            }
        };
        Ok((number, turn))
    }

    /// Does what the policy decides about a login.
    fn follow(
        &self,
        config: &Config,
        phase: PhaseInput,
        attempt: LoginAttempt,
        now: Time,
    ) -> Result<(u32, Turn), Error> {
        let policy = &config.policy;
        // A login that needs no record must not depend on the store.
        let loaded = if policy.is_off_for(&attempt.login, now) {
            None
        } else {
            Some(self.accounts.load_record(&attempt.user)?)
        };
        if let Some(former) = loaded.as_ref().and_then(Loaded::former_name) {
            log::renamed(&self.state.journal, &attempt, former);
        }
        let account = loaded.as_ref().and_then(Loaded::account);
        let decision = policy.decide(&attempt.login, account, now);
        if !attempt.login.keys.is_empty()
            && let Some(turn) = self.confirm_by_key(&attempt, policy, phase, account, now)?
        {
            return Ok((0, turn));
        }
        let (factors, keys) = (decision.factors(), &attempt.login.keys);
        let phase = security_key::with_key_of_session(phase, factors, account, keys);
        let action = decision.action(phase);
        if matches!(action, PhaseAction::Exempt(_))
            && session_gate::may_decide_otherwise(&attempt, policy, now)
        {
            return Ok((0, render::end(Verdict::LeftToSession, None)));
        }
        let audit_outcome = decision.audit_outcome(phase, |factors| {
            let (rules, facts) = (&config.remember, attempt.facts(phase));
            let may_recover = || self.may_recover(config, &attempt);
            account.is_some_and(|account| {
                !second_factor::begin(rules, facts, account, factors, may_recover, now)
                    .accepts_nothing()
            })
        });
        log::action(
            &self.state.journal,
            policy,
            &attempt,
            phase,
            action,
            &decision,
            audit_outcome,
        );
        self.record_attempt(&attempt, action, &decision, audit_outcome, account, now)?;
        if let Some(asked) =
            self.ask_for_recovery_code(config, &attempt, phase, &decision, account, now)?
        {
            return Ok(asked);
        }
        let scope = pam_context::throttle_scope(attempt.caller.is_root(), &attempt.login);
        let begun = match action {
            PhaseAction::Exempt(Exemption::ByAdministrator(until))
                if !phase.is_before_account() =>
            {
                let reason = decision.terms.reason.as_deref().unwrap_or_default();
                let said = messages::exempt(&host_name(), until, reason, now);
                return Ok((0, render::end(Verdict::NotRequired, Some((false, said)))));
            }
            PhaseAction::Verified
            | PhaseAction::Replace
            | PhaseAction::Defer
            | PhaseAction::NotGuarded
            | PhaseAction::Exempt(_) => {
                return Ok((0, render::end(Verdict::NotRequired, None)));
            }
            PhaseAction::Grace(until) => {
                let (uid, context) = (attempt.user.uid, &attempt.context);
                let was_told = session_gate::account_phase_spoke(&attempt);
                let turn = if !was_told && self.reminders.is_due(uid, context, Instant::now()) {
                    let told = {
                        let host = host_name();
                        messages::grace_of_login(&host, until, now, decision.enrolls_in_login)
                    };
                    render::notice(Verdict::NotRequired, &told)
                } else {
                    render::end(Verdict::NotRequired, None)
                };
                return Ok((
                    0,
                    session_gate::left_to_session(turn, &attempt, policy, now),
                ));
            }
            PhaseAction::Deny(reason) => {
                self.record_refusal(&attempt, account, reason_of(reason), now);
                let verdict = match reason {
                    DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin => Verdict::MustEnroll,
                    DenyReason::TooLate
                    | DenyReason::Undetermined
                    | DenyReason::NotVerified
                    | DenyReason::FactorNotAccepted
                    | DenyReason::AuthRefused => Verdict::Denied,
                };
                let denied = DeniedLogin::of(attempt.context.is_ssh(), &attempt.login.methods);
                let said = messages::denial(reason, &host_name(), &attempt.user.name, denied);
                return Ok((0, render::end(verdict, Some((true, said)))));
            }
            PhaseAction::Ask => match account {
                Some(account) => {
                    let (rules, facts) = (&config.remember, attempt.facts(phase));
                    let factors = decision.factors();
                    let may_recover = || self.may_recover(config, &attempt);
                    let begun =
                        second_factor::begin(rules, facts, account, factors, may_recover, now);
                    let prompt = match begun {
                        SecondFactor::SecurityKey(key) => {
                            return Ok((0, self.served_by_key(&attempt, account, key, now)?));
                        }
                        SecondFactor::Prompt(prompt) => prompt,
                    };
                    if let Some(Message::Locked(lock, _)) = prompt.begun.turn.says {
                        let locked = Some(FailureReason::locked(lock));
                        self.record_refusal(&attempt, Some(account), locked, now);
                    }
                    if prompt.accepts_nothing() {
                        let not_accepted = Some(FailureReason::FactorNotAccepted);
                        self.record_refusal(&attempt, Some(account), not_accepted, now);
                        let denied = PhaseAction::Deny(DenyReason::FactorNotAccepted);
                        let journal = &self.state.journal;
                        log::action(journal, policy, &attempt, phase, denied, &decision, None);
                        if prompt.begun.dialog.is_none() {
                            let turn = &prompt.begun.turn;
                            return Ok((0, self.render(turn, None, &[], &attempt, now)));
                        }
                    }
                    if let Some(turn) =
                        self.served_without_code(config, &attempt, phase, account, &prompt, now)?
                    {
                        return Ok((0, turn));
                    }
                    prompt.begun
                }
                None => return Ok((0, render::end(Verdict::Denied, None))),
            },
            PhaseAction::SetUp(until) => {
                let new = config.authenticator.usual(DEFAULT_NAME, random::secret()?);
                let Some(authenticator) = new else {
                    return Ok((0, render::end(Verdict::MustEnroll, None)));
                };
                let picture = self.picture_of(config, &attempt, &authenticator);
                Enroll::begin(
                    account,
                    authenticator,
                    until,
                    policy.invitation,
                    picture,
                    scope,
                    now,
                )
            }
        };
        self.open_dialog(begun, attempt, loaded, now)
    }

    /// Asks for the recovery code of the host in place of a refusal, where that is possible.
    fn ask_for_recovery_code(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        decision: &PolicyDecision,
        account: Option<&Account>,
        now: Time,
    ) -> Result<Option<(u32, Turn)>, Error> {
        let (facts, user) = (attempt.facts(phase), &attempt.user);
        let may_recover = || self.may_recover(config, attempt);
        let refusal =
            recovery::replaced_refusal(config, facts, decision, account, may_recover, now);
        let Some(refusal) = refusal else {
            return Ok(None);
        };
        let new = Account::new(user.uid);
        let Some(begun) = AskRecoveryCode::begin(account.unwrap_or(&new), now) else {
            return Ok(None);
        };
        self.record_refusal(attempt, account, Some(FailureReason::NotEnrolled), now);
        let said = match refusal {
            Refusal::Denied(reason) => {
                let denied = DeniedLogin::of(attempt.context.is_ssh(), &attempt.login.methods);
                (
                    true,
                    messages::denial(reason, &host_name(), &user.name, denied),
                )
            }
            Refusal::NoInvitation => {
                log::not_enrolled(&self.state.journal, attempt);
                messages::message(Message::NoInvitation, now)
            }
        };
        let (number, turn) = self.open_dialog(begun, attempt.clone(), None, now)?;
        let refused = render::end(Verdict::Denied, Some(said));
        let lines = refused.lines.into_iter().chain(turn.lines).collect();
        Ok(Some((number, Turn { lines, ..turn })))
    }

    /// Whether the user may use the recovery code of the host. It asks the name service, and blocks. If it
    /// cannot be determined whether there is a code, the error is logged, and there is none.
    fn may_recover(&self, config: &Config, attempt: &LoginAttempt) -> bool {
        let has_code = self.accounts.has_recovery_code().unwrap_or_else(|error| {
            let (caller, name) = (&attempt.caller, &attempt.user.name);
            let _: account::Error = self.state.journal.report(caller, name, error);
            false
        });
        has_code && recovery::is_administrator(config, &attempt.user, CallsFor::Logins)
    }

    /// The verdict for a login that need not give the code which the policy asks for.
    fn served_without_code(
        &self,
        config: &Config,
        attempt: &LoginAttempt,
        phase: PhaseInput,
        account: &Account,
        prompt: &Prompt<'_>,
        now: Time,
    ) -> Result<Option<Turn>, Error> {
        if let Some(device) = prompt.device
            && let Some(turn) =
                self.served_by_device(config, attempt, phase, account, device, now)?
        {
            return Ok(Some(turn));
        }
        let length = prompt.session_code;
        Ok(length.and_then(|length| self.served_by_session(attempt, length, account, now)))
    }

    /// Stores why a login was refused without a question, for the administrator. That costs one write
    /// in a minute, and only where there is a record.
    fn record_refusal(
        &self,
        attempt: &LoginAttempt,
        account: Option<&Account>,
        reason: Option<FailureReason>,
        now: Time,
    ) {
        let Some(reason) = reason.filter(|reason| {
            attempt.caller.is_root()
                && account.is_some_and(|account| account.records_refusal(*reason, now))
        }) else {
            return;
        };
        let client = pam_context::client(&attempt.caller, &attempt.context);
        let recorded = self.accounts.change(&attempt.user, |account| {
            account.record_refusal(reason, client, now);
        });
        // The login is refused in any case.
        if let Err(error) = recorded {
            let (caller, name) = (&attempt.caller, &attempt.user.name);
            let _: account::Error = self.state.journal.report(caller, name, error);
        }
    }

    /// Stores what the account keeps of a login: that a grace begins with it, and what audit mode
    /// would have done.
    fn record_attempt(
        &self,
        attempt: &LoginAttempt,
        action: PhaseAction,
        decision: &PolicyDecision,
        audit_outcome: Option<AuditOutcome>,
        account: Option<&Account>,
        now: Time,
    ) -> Result<(), Error> {
        let begins = decision.records_first_login
            && matches!(action, PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)))
            && account
                .and_then(Account::first_required)
                // A time in the future comes from a clock that was ahead.
                .is_none_or(|first| now < first);
        // A program of the user's own asks for no login.
        if !attempt.caller.is_root() || (audit_outcome.is_none() && !begins) {
            return Ok(());
        }
        let Context { service, rhost, .. } = &attempt.context;
        let noted = self.accounts.change(&attempt.user, |account| {
            if begins {
                account.require(now);
            }
            if let Some(audit_outcome) = audit_outcome {
                account.record_audit(audit_outcome, service, rhost, now);
            }
        });
        match noted {
            // A lost entry of audit mode does not refuse the login.
            Err(error) if !begins => {
                let (caller, name) = (&attempt.caller, &attempt.user.name);
                let _: account::Error = self.state.journal.report(caller, name, error);
                Ok(())
            }
            noted => Ok(noted?),
        }
    }
}

/// The reason that the record keeps of a denial; `None` where another phase has recorded one, or where
/// the user is not the cause.
fn reason_of(denial: DenyReason) -> Option<FailureReason> {
    match denial {
        DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin | DenyReason::TooLate => {
            Some(FailureReason::NotEnrolled)
        }
        DenyReason::NotVerified => Some(FailureReason::NotAsked),
        DenyReason::FactorNotAccepted => Some(FailureReason::FactorNotAccepted),
        DenyReason::Undetermined | DenyReason::AuthRefused => None,
    }
}

/// The user that a caller who is not root asks about: it must be itself. The refusal is the same for
/// every other user, also for one who does not exist, and it comes before a record is read: the time
/// that it takes does not tell whether there is one.
fn own(caller: &Caller, found: Result<User, LookUpError>) -> Result<User, Error> {
    let own = found.ok().filter(|user| user.uid == caller.uid);
    own.ok_or(Error::NotOwnUser { uid: caller.uid })
}

/// The part of a context that is used where the caller is not root. A program of the user may say that
/// the auth phase refused: it makes the answer stricter only.
pub(super) fn untrusted(context: Context) -> Context {
    let auth_result = context.auth_result.filter(|verdict| match verdict {
        Verdict::Denied | Verdict::MustEnroll | Verdict::Locked | Verdict::UnknownUser => true,
        Verdict::Verified
        | Verdict::VerifiedByTotp
        | Verdict::VerifiedByHotp
        | Verdict::VerifiedBySecurityKey
        | Verdict::VerifiedByBackupCode
        | Verdict::Remembered
        | Verdict::Recovered
        | Verdict::CodeOfSession
        | Verdict::NotRequired
        | Verdict::LeftToSession => false,
    });
    Context {
        phase: context.phase,
        service: context.service,
        auth_result,
        ..Context::default()
    }
}

#[cfg(test)]
mod tests {
    use tfa_proto::Phase;

    use super::*;

    #[test]
    fn an_untrusted_context_keeps_refusals_only() {
        for verdict in Verdict::ALL.iter().copied() {
            let context = Context {
                phase: Phase::Account,
                service: "i3lock".to_owned(),
                rhost: "192.0.2.7".to_owned(),
                tty: "tty1".to_owned(),
                seat: "seat0".to_owned(),
                auth_result: Some(verdict),
                ..Context::default()
            };
            let is_let_in = matches!(verdict, Verdict::NotRequired | Verdict::LeftToSession);
            let is_refusal = !verdict.is_verified() && !is_let_in;
            let expected = Context {
                phase: Phase::Account,
                service: "i3lock".to_owned(),
                auth_result: is_refusal.then_some(verdict),
                ..Context::default()
            };
            assert_eq!(untrusted(context), expected, "{verdict:?}");
        }
    }
}
