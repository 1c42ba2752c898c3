//! What a phase of a login does under the policy's ruling: the one table of decision, phase, and
//! what the auth phase came to.
//!
//! The auth phase asks for codes. Nothing is set up there: in many stacks it runs on after a wrong
//! password. The account phase runs only after the whole auth stack has succeeded. It takes people
//! through the set-up, and keeps out who came round the auth phase.

use crate::{AuditOutcome, Exemption, PolicyDecision, Requirement, Time};

/// What the auth phase of the same login came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPhaseResult {
    /// The second factor.
    Verified,
    /// Nothing was asked for.
    NotRequired,
    /// What was asked for was not given, and the stack went on all the same.
    Denied,
    /// It never ran: an SSH key alone, root's `su`, a stack without the auth line.
    NotRun,
}

/// The phase, and what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseInput {
    /// The auth phase.
    Auth {
        /// An account phase follows, which takes people through the set-up.
        account_follows: bool,
    },
    /// The account phase.
    Account {
        /// What the auth phase came to.
        auth_result: AuthPhaseResult,
        /// The policy guards this service.
        guarded: bool,
        /// Nobody is asked what need not be asked.
        silent: bool,
    },
}

/// What a phase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseAction {
    /// It asks for a code.
    Ask,
    /// It lets the login go on: the second factor was met.
    Verified,
    /// It lets the login go on, for nothing is asked of it.
    Exempt(Exemption),
    /// It lets the login go on, and says until when that is.
    Grace(Time),
    /// It takes the person through the set-up; until that moment the login goes on without, too.
    SetUp(Option<Time>),
    /// It leaves all to the account phase.
    Defer,
    /// It lets the login go on: this service is not guarded.
    NotGuarded,
    /// It refuses.
    Deny(DenyReason),
}

/// Why a login is refused without a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenyReason {
    /// It has to be set up, and not by this stack.
    MustEnroll,
    /// It should have been set up in time.
    TooLate,
    /// Which rule holds could not be found out.
    Undetermined,
    /// The second factor is required, and the login came round it.
    NotVerified,
    /// The auth phase refused, and the stack or the login program went on.
    AuthRefused,
}

impl PolicyDecision {
    /// What a phase does whatever the policy asks of this user.
    #[must_use]
    pub fn none_needed(phase: PhaseInput) -> Option<PhaseAction> {
        match phase {
            PhaseInput::Account {
                auth_result: AuthPhaseResult::Verified,
                ..
            } => Some(PhaseAction::Verified),
            PhaseInput::Account {
                auth_result: AuthPhaseResult::NotRun,
                guarded: false,
                ..
            } => Some(PhaseAction::NotGuarded),
            PhaseInput::Auth { .. } | PhaseInput::Account { .. } => None,
        }
    }

    /// In audit mode, what would have become of the login in this phase, where that is something
    /// else. Of two phases the later one says it.
    #[must_use]
    pub fn audit_outcome(&self, phase: PhaseInput) -> Option<AuditOutcome> {
        let requirement = self.audited?;
        let strict = Self {
            requirement,
            required: true,
            audited: None,
            ..self.clone()
        };
        let action = strict.action(phase);
        if action == self.action(phase) {
            return None;
        }
        if let PhaseInput::Auth {
            account_follows: true,
        } = phase
        {
            return None;
        }
        match action {
            PhaseAction::Ask => Some(AuditOutcome::Asked),
            PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)) => Some(AuditOutcome::Notified),
            PhaseAction::SetUp(None) | PhaseAction::Deny(DenyReason::MustEnroll) => {
                Some(AuditOutcome::SetUp)
            }
            PhaseAction::Deny(DenyReason::TooLate) => Some(AuditOutcome::TooLate),
            // The same without audit mode, so there is nothing to note.
            PhaseAction::Deny(DenyReason::AuthRefused) => None,
            PhaseAction::Deny(DenyReason::NotVerified) => Some(AuditOutcome::NotVerified),
            PhaseAction::Deny(DenyReason::Undetermined) => Some(AuditOutcome::Undetermined),
            PhaseAction::Verified
            | PhaseAction::Exempt(_)
            | PhaseAction::Defer
            | PhaseAction::NotGuarded => None,
        }
    }

    /// What a phase does under this ruling.
    #[must_use]
    pub fn action(&self, phase: PhaseInput) -> PhaseAction {
        match phase {
            PhaseInput::Auth { account_follows } => auth(self.requirement, account_follows),
            PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            } => account(self, auth_result, guarded, silent),
        }
    }
}

fn auth(requirement: Requirement, account_follows: bool) -> PhaseAction {
    match requirement {
        Requirement::Ask => PhaseAction::Ask,
        Requirement::Exempt(why) => PhaseAction::Exempt(why),
        Requirement::Grace(_) | Requirement::SetUp if account_follows => PhaseAction::Defer,
        Requirement::Grace(until) => PhaseAction::Grace(until),
        Requirement::SetUp => PhaseAction::Deny(DenyReason::MustEnroll),
        Requirement::TooLate => PhaseAction::Deny(DenyReason::TooLate),
        Requirement::Undetermined => PhaseAction::Deny(DenyReason::Undetermined),
    }
}

fn account(
    decision: &PolicyDecision,
    auth_result: AuthPhaseResult,
    guarded: bool,
    silent: bool,
) -> PhaseAction {
    match (auth_result, decision.requirement) {
        (AuthPhaseResult::Verified, _) => PhaseAction::Verified,
        (_, Requirement::Exempt(why)) => PhaseAction::Exempt(why),
        // A stack has ignored the refusal, or sshd went on from its method `password` to a key. The
        // two look alike, and in the first case a wrong code must not do.
        (AuthPhaseResult::Denied, _) => PhaseAction::Deny(DenyReason::AuthRefused),
        (AuthPhaseResult::NotRequired, Requirement::Ask) => PhaseAction::Ask,
        (AuthPhaseResult::NotRequired, Requirement::Grace(until)) if silent => {
            PhaseAction::Grace(until)
        }
        (AuthPhaseResult::NotRequired, Requirement::Grace(until)) => {
            PhaseAction::SetUp(Some(until))
        }
        (AuthPhaseResult::NotRequired, Requirement::SetUp) => PhaseAction::SetUp(None),
        (AuthPhaseResult::NotRun, _) if !guarded => PhaseAction::NotGuarded,
        (AuthPhaseResult::NotRun, Requirement::Grace(until)) => PhaseAction::Grace(until),
        (AuthPhaseResult::NotRun, Requirement::Ask | Requirement::SetUp) if decision.required => {
            PhaseAction::Deny(DenyReason::NotVerified)
        }
        (AuthPhaseResult::NotRun, Requirement::Ask | Requirement::SetUp) => PhaseAction::NotGuarded,
        (_, Requirement::TooLate) => PhaseAction::Deny(DenyReason::TooLate),
        (_, Requirement::Undetermined) => PhaseAction::Deny(DenyReason::Undetermined),
    }
}
