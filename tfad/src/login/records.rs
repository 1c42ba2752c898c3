//! What the account keeps of the begin of a login.

use tfa_core::{Account, AuditOutcome, FailureReason, PhaseAction};
use tfa_proto::Context;

use super::Error;
use crate::account;
use crate::login::evaluation::Evaluation;

impl Evaluation<'_> {
    /// Stores why a login was refused without a question, for the administrator. That costs one write
    /// in a minute, and only where there is a record.
    pub(super) fn record_refusal(&self, reason: Option<FailureReason>) {
        let (attempt, now) = (self.attempt, self.now);
        let is_recorded = |reason: &FailureReason| {
            let records = |account: &Account| account.records_refusal(*reason, now);
            attempt.caller.is_root() && self.account.is_some_and(records)
        };
        let Some(reason) = reason.filter(is_recorded) else {
            return;
        };
        let client = attempt.client();
        let recorded = self.logins.accounts.change(&attempt.user, |account| {
            account.record_refusal(reason, client, now);
        });
        // The login is refused in any case.
        if let Err(error) = recorded {
            self.report(error);
        }
    }

    /// Stores that a grace begins with this login, and what audit mode would have done.
    pub(super) fn record_attempt(
        &self,
        action: PhaseAction,
        audit_outcome: Option<AuditOutcome>,
    ) -> Result<(), Error> {
        let (attempt, now) = (self.attempt, self.now);
        let begins = self.decision.records_first_login
            && matches!(action, PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)))
            && self
                .account
                .and_then(Account::first_required)
                // A time in the future comes from a clock that was ahead.
                .is_none_or(|first| now < first);
        // A program of the user's own asks for no login. A member could name any user: it makes no record.
        let makes_record = self.account.is_none() && !attempt.host.is_local();
        if !attempt.caller.is_root() || makes_record || (audit_outcome.is_none() && !begins) {
            return Ok(());
        }
        let Context { service, rhost, .. } = &attempt.context;
        let noted = self.logins.accounts.change(&attempt.user, |account| {
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
                self.report(error);
                Ok(())
            }
            noted => Ok(noted?),
        }
    }

    /// Logs an error that does not decide about the login.
    pub(super) fn report(&self, error: account::Error) {
        let (caller, name) = (&self.attempt.caller, &self.attempt.user.name);
        let _: account::Error = self.logins.state.journal.report(caller, name, error);
    }
}
