//! What becomes of a login, and why, in the contract's words.

use tfa_core::{
    Account, AskCode, DenyReason, Exemption, LockScope, LockState, Message, PhaseAction,
    ThrottleScope, Time,
};
use tfa_proto::{Outcome, Reason};

use super::phases::Simulation;

impl Simulation {
    /// The lock that a question for a code would meet, and what its wrong codes count on.
    pub(super) fn lock(
        &self,
        account: Option<&Account>,
        scope: ThrottleScope,
        now: Time,
    ) -> (Option<LockState>, Option<LockScope>) {
        if self.stepped_over || self.action != PhaseAction::Ask || self.has_security_key {
            return (None, None);
        }
        let Some(account) = account else {
            return (None, None);
        };
        let counted_on = Some(account.lock_scope(scope, now));
        match AskCode::begin(account, scope, now).turn.says {
            Some(Message::Locked(lock_state, _)) => (Some(lock_state), counted_on),
            _ => (None, counted_on),
        }
    }

    /// What becomes of it, and why, in the contract's words.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.action {
            _ if self.stepped_over => (Outcome::Nothing, Some(Reason::NotAsked)),
            PhaseAction::Ask if self.has_security_key => {
                (Outcome::Nothing, Some(Reason::SecurityKey))
            }
            PhaseAction::SetUp(Some(_)) if self.uninvited => (Outcome::Notified, None),
            PhaseAction::Grace(_) if self.silent => (Outcome::Notified, Some(Reason::OnceASession)),
            PhaseAction::SetUp(None) if self.uninvited => {
                (Outcome::Refused, Some(Reason::NotInvited))
            }
            action => outcome(action),
        }
    }
}

/// A course in the contract's words.
#[must_use]
pub fn outcome(action: PhaseAction) -> (Outcome, Option<Reason>) {
    match action {
        PhaseAction::Ask => (Outcome::Code, None),
        PhaseAction::Exempt(Exemption::Off) => (Outcome::Nothing, Some(Reason::Off)),
        PhaseAction::Exempt(Exemption::NotSetUp) => (Outcome::Nothing, Some(Reason::NotSetUp)),
        PhaseAction::Exempt(Exemption::Paused) => (Outcome::Nothing, Some(Reason::Paused)),
        PhaseAction::Exempt(Exemption::ByAdministrator(_)) => {
            (Outcome::Nothing, Some(Reason::Exempt))
        }
        PhaseAction::NotGuarded
        | PhaseAction::Verified
        | PhaseAction::Replace
        | PhaseAction::Defer => (Outcome::Nothing, Some(Reason::NotGuarded)),
        PhaseAction::Grace(_) => (Outcome::Notified, None),
        PhaseAction::SetUp(Some(_)) => (Outcome::Offered, None),
        PhaseAction::SetUp(None) => (Outcome::SetUp, None),
        PhaseAction::Deny(DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin) => {
            (Outcome::Refused, Some(Reason::MustEnroll))
        }
        PhaseAction::Deny(DenyReason::FactorNotAccepted) => {
            (Outcome::Refused, Some(Reason::FactorNotAccepted))
        }
        PhaseAction::Deny(DenyReason::TooLate) => (Outcome::Refused, Some(Reason::TooLate)),
        PhaseAction::Deny(DenyReason::Undetermined) => {
            (Outcome::Refused, Some(Reason::Undetermined))
        }
        // No supposed login has this one.
        PhaseAction::Deny(DenyReason::NotVerified | DenyReason::AuthRefused) => {
            (Outcome::Refused, Some(Reason::NotVerified))
        }
    }
}
