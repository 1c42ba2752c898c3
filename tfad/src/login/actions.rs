//! What each action of a phase does.

use std::time::Instant;

use tfa_core::{DenyReason, Enroll, FailureReason, Message, PhaseAction, Time};
use tfa_proto::Verdict;

use super::{Error, pam_context, render, second_factor, session_gate};
use crate::host::random;
use crate::login::enrollment::DEFAULT_NAME;
use crate::login::evaluation::{Evaluation, Reply};
use crate::login::second_factor::{Prompt, SecondFactor};
use crate::messages::{self, DeniedLogin};

impl Evaluation<'_> {
    /// Lets the login go on, with the end of the exemption that an administrator has made.
    pub(super) fn tell_exemption(&self, until: Time) -> Reply {
        let reason = self.decision.terms.reason.as_deref().unwrap_or_default();
        let said = messages::exempt(&self.attempt.host.name(), until, reason, self.now);
        Reply::End(render::end(Verdict::NotRequired, Some((false, said))))
    }

    /// Lets the login go on, with the end of the grace period where it is due.
    pub(super) fn tell_grace(&self, until: Time) -> Reply {
        let (uid, context) = (self.attempt.user.uid, &self.attempt.context);
        let was_told = session_gate::account_phase_spoke(self.attempt);
        let (reminders, host) = (&self.logins.reminders, self.attempt.caller.host.as_ref());
        let turn = if !was_told && reminders.is_due(host, uid, context, Instant::now()) {
            let enrolls = self.decision.enrolls_in_login;
            let said =
                messages::grace_of_login(&self.attempt.host.name(), until, self.now, enrolls);
            render::notice(Verdict::NotRequired, &said)
        } else {
            render::end(Verdict::NotRequired, None)
        };
        let policy = &self.config.policy;
        Reply::End(session_gate::left_to_session(
            turn,
            self.attempt,
            policy,
            self.now,
        ))
    }

    /// Refuses the login.
    pub(super) fn deny(&self, reason: DenyReason) -> Reply {
        self.record_refusal(reason_to_record(reason));
        let verdict = match reason {
            DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin => Verdict::MustEnroll,
            DenyReason::TooLate
            | DenyReason::Undetermined
            | DenyReason::NotVerified
            | DenyReason::FactorNotAccepted
            | DenyReason::AuthRefused => Verdict::Denied,
        };
        Reply::End(render::end(verdict, Some((true, self.denial(reason)))))
    }

    /// The text of a refusal.
    pub(super) fn denial(&self, reason: DenyReason) -> String {
        let (user, is_ssh) = (&self.attempt.user.name, self.attempt.context.is_ssh());
        if self.attempt.user.uid == 0
            && !self.attempt.host.is_local()
            && matches!(
                reason,
                DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin
            )
        {
            return messages::root_must_enroll(&self.attempt.host.name());
        }
        let denied = DeniedLogin::of(is_ssh, &self.attempt.login.methods);
        messages::denial(reason, &self.attempt.host.name(), user, denied)
    }

    /// Asks for a code, unless something replaces it.
    pub(super) fn ask(&self) -> Result<Reply, Error> {
        let Some(account) = self.account else {
            return Ok(Reply::end(Verdict::Denied));
        };
        let (rules, facts) = (&self.config.remember, self.attempt.facts(self.phase));
        let (factors, may_recover) = (self.decision.factors(), || self.may_recover());
        let begun = second_factor::begin(rules, facts, account, factors, may_recover, self.now);
        let prompt = match begun {
            SecondFactor::SecurityKey(key) => {
                let (logins, attempt) = (self.logins, self.attempt);
                let turn = logins.served_by_key(attempt, account, key, self.now)?;
                return Ok(Reply::End(turn));
            }
            SecondFactor::Prompt(prompt) => prompt,
        };
        if let Some(Message::Locked(lock, _)) = prompt.begun.turn.says {
            self.record_refusal(Some(FailureReason::locked(lock)));
        }
        if prompt.accepts_nothing() {
            self.record_refusal(Some(FailureReason::FactorNotAccepted));
            self.log_action(PhaseAction::Deny(DenyReason::FactorNotAccepted), None);
            if prompt.begun.dialog.is_none() {
                let turn = &prompt.begun.turn;
                let (logins, attempt) = (self.logins, self.attempt);
                let turn = logins.render(turn, None, &[], attempt, self.now);
                return Ok(Reply::End(turn));
            }
        }
        match self.replaced(&prompt)? {
            Some(replaced) => Ok(replaced),
            None => Ok(Reply::Dialog(Vec::new(), prompt.begun)),
        }
    }

    /// The end of a login that need not give the code which the policy asks for.
    fn replaced(&self, prompt: &Prompt<'_>) -> Result<Option<Reply>, Error> {
        let Some(account) = self.account else {
            return Ok(None);
        };
        let (logins, attempt, now) = (self.logins, self.attempt, self.now);
        if let Some(device) = prompt.device {
            let (config, phase) = (self.config, self.phase);
            let turn = logins.served_by_device(config, attempt, phase, account, device, now)?;
            if let Some(turn) = turn {
                return Ok(Some(Reply::End(turn)));
            }
        }
        let turn = prompt
            .session_code
            .and_then(|length| logins.served_by_session(attempt, length, account, now));
        Ok(turn.map(Reply::End))
    }

    /// Enrolls the user. With a time, enrollment is optional until then.
    pub(super) fn set_up(&self, until: Option<Time>) -> Result<Reply, Error> {
        let new = self
            .config
            .authenticator
            .usual(DEFAULT_NAME, random::secret()?);
        let Some(authenticator) = new else {
            return Ok(Reply::end(Verdict::MustEnroll));
        };
        let (logins, config, attempt) = (self.logins, self.config, self.attempt);
        let picture = logins.picture_of(config, attempt, &authenticator);
        let scope = pam_context::throttle_scope(attempt.caller.is_root(), &attempt.login);
        let scope = attempt.host.throttle_scope(scope);
        let begun = Enroll::begin(
            self.account,
            authenticator,
            until,
            config.policy.invitation,
            picture,
            scope,
            self.now,
        );
        Ok(Reply::Dialog(Vec::new(), begun))
    }
}

/// The reason that the record keeps of a denial; `None` where another phase has recorded one, or where
/// the user is not the cause.
fn reason_to_record(denial: DenyReason) -> Option<FailureReason> {
    match denial {
        DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin | DenyReason::TooLate => {
            Some(FailureReason::NotEnrolled)
        }
        DenyReason::NotVerified => Some(FailureReason::NotAsked),
        DenyReason::FactorNotAccepted => Some(FailureReason::FactorNotAccepted),
        DenyReason::Undetermined | DenyReason::AuthRefused => None,
    }
}
