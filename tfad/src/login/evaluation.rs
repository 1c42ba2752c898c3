//! A login in one of its phases, judged by the policy and the account.
//!
//! `actions` has what each action of the phase does.

use std::sync::Arc;

use tfa_core::{
    Account, AuditOutcome, Begun, Exemption, PhaseAction, PhaseInput, PolicyDecision, Time,
};
use tfa_proto::{Line, Turn, Verdict};
use tfa_store::RecordRead;

use super::{Error, Logins, log, render, second_factor, security_key, session_gate};
use crate::account::Loaded;
use crate::config::Config;
use crate::login::sessions::LoginAttempt;

/// A login in one of its phases, with what decides about it.
pub(super) struct Evaluation<'a> {
    pub(super) logins: &'a Logins,
    pub(super) config: &'a Config,
    pub(super) attempt: &'a LoginAttempt,
    pub(super) phase: PhaseInput,
    pub(super) account: Option<&'a Account>,
    pub(super) decision: PolicyDecision,
    pub(super) now: Time,
}

/// What a phase replies to the module.
#[expect(
    clippy::large_enum_variant,
    reason = "it is returned by value once, and is mostly a dialog"
)]
pub(super) enum Reply {
    /// The login ends.
    End(Turn),
    /// A dialog begins, after these lines. It may end at once.
    Dialog(Vec<Line>, Begun),
}

impl Reply {
    /// The login ends, without a message.
    pub(super) fn end(verdict: Verdict) -> Self {
        Self::End(render::end(verdict, None))
    }
}

impl Logins {
    /// Does what policy and account decide about a login.
    pub(super) fn evaluate(
        &self,
        config: &Arc<Config>,
        phase: PhaseInput,
        attempt: LoginAttempt,
        record: Option<RecordRead>,
        now: Time,
    ) -> Result<(u32, Turn), Error> {
        let policy = &config.policy;
        // A login that needs no record must not depend on the store.
        let loaded = if policy.is_off_for(&attempt.login, now) {
            match attempt.is_of_root_at_console() {
                true => self.must_be_newest_known(config)?,
                false => self.must_be_newest(config)?,
            }
            None
        } else {
            let publication = self.state.publication();
            let record = record.filter(|record| publication.is_newest_met(record.policy()));
            let loaded = self.accounts.load_record_or(record, &attempt.user);
            // Also where the record cannot be used: a newer policy may need none.
            self.must_be_newest_met(config)?;
            Some(loaded?)
        };
        if let Some(former) = loaded.as_ref().and_then(Loaded::former_name) {
            log::renamed(&self.state.journal, &attempt, former);
        }
        let account = loaded.as_ref().and_then(Loaded::account);
        let keys = &attempt.login.keys;
        if !keys.is_empty()
            && let Some(turn) = self.confirm_by_key(&attempt, policy, phase, account, now)?
        {
            return Ok((0, turn));
        }
        let decision = attempt.decide(policy, account, now);
        let evaluation = Evaluation {
            logins: self,
            config,
            attempt: &attempt,
            phase: security_key::with_key_of_session(phase, decision.factors(), account, keys),
            account,
            decision,
            now,
        };
        match evaluation.reply()? {
            Reply::End(turn) => {
                let turn = session_gate::with_cover(turn, &attempt.context, policy);
                Ok((0, turn))
            }
            Reply::Dialog(lines, begun) => self.open_dialog(lines, begun, attempt, loaded, now),
        }
    }
}

impl Evaluation<'_> {
    fn reply(&self) -> Result<Reply, Error> {
        let action = self.decision.action(self.phase);
        if matches!(action, PhaseAction::Exempt(_))
            && session_gate::may_decide_otherwise(self.attempt, &self.config.policy, self.now)
        {
            return Ok(Reply::end(Verdict::LeftToSession));
        }
        let audit_outcome = self.audit_outcome();
        self.log_action(action, audit_outcome);
        self.record_attempt(action, audit_outcome)?;
        if let Some(reply) = self.ask_for_recovery_code() {
            return Ok(reply);
        }
        match action {
            PhaseAction::Exempt(Exemption::ByAdministrator(until))
                if !self.phase.is_before_account() =>
            {
                Ok(self.tell_exemption(until))
            }
            PhaseAction::Verified
            | PhaseAction::Replace
            | PhaseAction::Defer
            | PhaseAction::NotGuarded
            | PhaseAction::Exempt(_) => Ok(Reply::end(Verdict::NotRequired)),
            PhaseAction::Grace(until) => Ok(self.tell_grace(until)),
            PhaseAction::Deny(reason) => Ok(self.deny(reason)),
            PhaseAction::Ask => self.ask(),
            PhaseAction::SetUp(until) => self.set_up(until),
        }
    }

    /// What audit mode records of this phase.
    fn audit_outcome(&self) -> Option<AuditOutcome> {
        self.decision.audit_outcome(self.phase, |factors| {
            let (rules, facts) = (&self.config.remember, self.attempt.facts(self.phase));
            let may_recover = || self.may_recover();
            self.account.is_some_and(|account| {
                !second_factor::begin(rules, facts, account, factors, may_recover, self.now)
                    .accepts_nothing()
            })
        })
    }

    pub(super) fn log_action(&self, action: PhaseAction, audit_outcome: Option<AuditOutcome>) {
        let (journal, policy) = (&self.logins.state.journal, &self.config.policy);
        let (attempt, phase, decision) = (self.attempt, self.phase, &self.decision);
        log::action(
            journal,
            policy,
            attempt,
            phase,
            action,
            decision,
            audit_outcome,
        );
    }
}
