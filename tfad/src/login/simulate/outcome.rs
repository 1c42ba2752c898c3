//! What becomes of a login, and why, in the contract's words.

use tfa_core::{DenyReason, Device, Exemption, LockState, Message, PhaseAction, Requirement};
use tfa_proto::{Outcome, Reason};

use super::phases::Simulation;
use crate::login::second_factor::{Prompt, SecondFactor};

impl Simulation<'_> {
    /// The prompt for a code, where nothing replaces it for certain, and no lock ends it.
    pub(super) fn open_prompt(&self) -> Option<&Prompt<'_>> {
        self.prompt()
            .filter(|prompt| prompt.device.is_none() && prompt.begun.dialog.is_some())
    }

    /// Whether a code is asked for, or would be without a lock.
    pub(super) fn is_asked_for_code(&self) -> bool {
        self.open_prompt().is_some() || self.lock().is_some()
    }

    /// The remembered device that replaces the code.
    pub(super) fn device(&self) -> Option<&Device> {
        self.prompt()?.device
    }

    /// The lock that the login meets.
    pub(super) fn lock(&self) -> Option<LockState> {
        match self.prompt()?.begun.turn.says {
            Some(Message::Locked(lock_state, _)) => Some(lock_state),
            _ => None,
        }
    }

    /// How the login is asked for a code, if it is.
    pub(super) fn prompt(&self) -> Option<&Prompt<'_>> {
        match &self.step.second_factor {
            Some(SecondFactor::Prompt(prompt)) if !self.stepped_over => Some(prompt),
            _ => None,
        }
    }

    /// What becomes of it, and why, in the contract's words. Locks do not count: they end.
    #[must_use]
    pub fn outcome(&self) -> (Outcome, Option<Reason>) {
        match self.step.action {
            _ if self.stepped_over => (Outcome::Nothing, Some(Reason::NotAsked)),
            _ if self.step.confirmed.is_some() => {
                (Outcome::Nothing, Some(Reason::SecurityKeyConfirmed))
            }
            PhaseAction::Ask => self.asked(),
            // Not for want of a guard: it follows what is required.
            PhaseAction::NotGuarded if !self.step.whatever_the_policy => {
                (Outcome::Nothing, Some(Reason::NotRequired))
            }
            PhaseAction::Exempt(Exemption::Off) if !self.is_off => {
                (Outcome::Nothing, Some(Reason::RuleOff))
            }
            PhaseAction::Deny(DenyReason::NotVerified) if self.must_enroll() => {
                (Outcome::Refused, Some(Reason::MustEnroll))
            }
            PhaseAction::SetUp(Some(_)) if self.uninvited => (Outcome::Notified, None),
            PhaseAction::Grace(_) if self.silent => (Outcome::Notified, Some(Reason::OnceASession)),
            PhaseAction::SetUp(None) if self.uninvited => {
                (Outcome::Refused, Some(Reason::NotInvited))
            }
            action => outcome(action),
        }
    }

    /// Whether the grace period begins with this login.
    pub(super) fn records_first_login(&self) -> bool {
        self.step.decision.records_first_login
    }

    fn must_enroll(&self) -> bool {
        self.step.decision.requirement == Requirement::SetUp
    }

    fn asked(&self) -> (Outcome, Option<Reason>) {
        let Some(prompt) = self.prompt() else {
            return (Outcome::Nothing, Some(Reason::SecurityKey));
        };
        if prompt.device.is_some() {
            (Outcome::Nothing, Some(Reason::RememberedDevice))
        } else if prompt.accepts_nothing() {
            outcome(PhaseAction::Deny(DenyReason::FactorNotAccepted))
        } else {
            outcome(PhaseAction::Ask)
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
