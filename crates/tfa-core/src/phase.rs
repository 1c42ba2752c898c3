//! What each PAM phase of a login does: the table of requirement, phase and result of the auth phase.
//!
//! The auth phase asks for codes. It never enrolls a user: in many stacks it continues after a wrong
//! password. The account phase runs only after the whole auth stack has succeeded. It enrolls users,
//! and refuses logins that bypassed the auth phase. The session phase decides where that depends on
//! a method of sshd's own, which the account phase does not know.

use crate::{
    AuditOutcome, AuthenticatorKind, Exemption, FactorKind, Factors, PolicyDecision, Requirement,
    Time,
};

/// The result of the auth phase of the same login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthPhaseResult {
    /// The second factor was verified, with one of this kind. Without a kind, a remembered device or an
    /// earlier code replaced it.
    Verified(Option<FactorKind>),
    /// The second factor was verified with the host's recovery code.
    Recovered,
    /// No second factor was asked for.
    NotRequired,
    /// The login was refused, and the stack continued.
    Denied,
    /// The phase did not run: an SSH key alone, root's `su`, a stack without the auth line.
    NotRun,
}

/// The phase, and what is known of the login in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseInput {
    /// The auth phase.
    Auth {
        /// An account phase follows that can enroll the user.
        account_follows: bool,
    },
    /// The account phase.
    Account {
        /// The result of the auth phase.
        auth_result: AuthPhaseResult,
        /// The policy guards this service.
        guarded: bool,
        /// The program wants no question that can be omitted.
        silent: bool,
    },
    /// The session phase. It cannot ask.
    Session {
        /// The result of the auth phase.
        auth_result: AuthPhaseResult,
        /// The policy guards this service.
        guarded: bool,
    },
}

/// What a phase does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhaseAction {
    /// Asks for a code.
    Ask,
    /// Lets the login proceed: the second factor was verified in the auth phase.
    Verified,
    /// Offers to enroll a new authenticator, after the use of the host's recovery code, and lets the
    /// login proceed.
    Replace,
    /// Lets the login proceed: no second factor is asked of it.
    Exempt(Exemption),
    /// Lets the login proceed until the end of the grace period, and states that end.
    Grace(Time),
    /// Enrolls the user. With a time, enrollment is optional until then.
    SetUp(Option<Time>),
    /// Leaves the decision to the account phase.
    Defer,
    /// Lets the login proceed: the service is not guarded.
    NotGuarded,
    /// Refuses the login.
    Deny(DenyReason),
}

/// Why a login is refused without a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DenyReason {
    /// The user must enroll, and this stack cannot do that.
    MustEnroll,
    /// The user must enroll, and what the policy accepts cannot be enrolled in a login.
    NoEnrollmentInLogin,
    /// The user has not enrolled before the end of the grace period.
    TooLate,
    /// The rule that applies could not be determined.
    Undetermined,
    /// A second factor is required, and the login bypassed the auth phase.
    NotVerified,
    /// The login can use, or has used, no second factor that the policy accepts. In the auth phase the
    /// prompt for a code finds it, and not [`PolicyDecision::action`].
    FactorNotAccepted,
    /// The auth phase refused the login, and the stack or the login program continued.
    AuthRefused,
}

impl PhaseInput {
    /// The action, where it depends neither on the policy nor on the account.
    #[must_use]
    pub fn action_without_policy(self) -> Option<PhaseAction> {
        match self {
            Self::Auth { .. } => None,
            Self::Account {
                auth_result: AuthPhaseResult::Recovered,
                silent: false,
                ..
            } => Some(PhaseAction::Replace),
            // The rule that applies here may accept other factors.
            Self::Session {
                auth_result: AuthPhaseResult::Verified(_),
                ..
            } => None,
            Self::Account {
                auth_result,
                guarded,
                ..
            }
            | Self::Session {
                auth_result,
                guarded,
            } => match auth_result {
                AuthPhaseResult::Verified(_) | AuthPhaseResult::Recovered => {
                    Some(PhaseAction::Verified)
                }
                AuthPhaseResult::NotRun if !guarded => Some(PhaseAction::NotGuarded),
                AuthPhaseResult::NotRun
                | AuthPhaseResult::NotRequired
                | AuthPhaseResult::Denied => None,
            },
        }
    }

    /// Whether this is an auth phase that an account phase follows. What both know, the later one says.
    #[must_use]
    pub fn is_before_account(self) -> bool {
        self == Self::Auth {
            account_follows: true,
        }
    }

    /// Whether this is an account phase that a session phase can decide for: no auth phase has run.
    #[must_use]
    pub fn can_be_left_to_session(self) -> bool {
        matches!(
            self,
            Self::Account {
                auth_result: AuthPhaseResult::NotRun,
                guarded: true,
                ..
            }
        )
    }
}

impl PolicyDecision {
    /// The action of a phase under this decision.
    #[must_use]
    pub fn action(&self, phase: PhaseInput) -> PhaseAction {
        match phase {
            PhaseInput::Auth { account_follows } => auth(self, account_follows),
            PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            } => account(self, auth_result, guarded, silent),
            PhaseInput::Session {
                auth_result,
                guarded,
            } => session(self, auth_result, guarded),
        }
    }

    /// Whether a login in this phase may confirm a first security key that it has used: the whole auth
    /// stack has succeeded, so the password was right, and the user may enroll now.
    #[must_use]
    pub fn confirms_key(&self, phase: PhaseInput) -> bool {
        let password_was_right = matches!(
            phase,
            PhaseInput::Account {
                auth_result: AuthPhaseResult::NotRequired,
                ..
            }
        );
        password_was_right
            && match self.requirement {
                Requirement::Exempt(Exemption::NotSetUp | Exemption::ByAdministrator(_))
                | Requirement::Grace(_) => true,
                Requirement::SetUp => self.factors().contains(AuthenticatorKind::SecurityKey),
                Requirement::Exempt(Exemption::Off | Exemption::Paused)
                | Requirement::Ask
                | Requirement::TooLate
                | Requirement::Undetermined => false,
            }
    }

    /// In audit mode, the outcome of the phase without it, where that differs. `can_meet` tells whether
    /// the login can meet a requirement with one of these second factors. Where an account phase
    /// follows, the auth phase has an outcome only if the login cannot.
    #[must_use]
    pub fn audit_outcome(
        &self,
        phase: PhaseInput,
        can_meet: impl FnOnce(Factors) -> bool,
    ) -> Option<AuditOutcome> {
        let requirement = self.audited?;
        let strict = Self {
            requirement,
            required: true,
            audited: None,
            ..self.clone()
        };
        let action = strict.action(phase);
        if action == PhaseAction::Ask && !can_meet(self.strict_factors) {
            return Some(AuditOutcome::FactorNotAccepted);
        }
        if action == self.action(phase) || phase.is_before_account() {
            return None;
        }
        AuditOutcome::of(action)
    }
}

fn auth(decision: &PolicyDecision, account_follows: bool) -> PhaseAction {
    match decision.requirement {
        Requirement::Ask => PhaseAction::Ask,
        Requirement::Exempt(why) => PhaseAction::Exempt(why),
        Requirement::Grace(_) | Requirement::SetUp if account_follows => PhaseAction::Defer,
        Requirement::Grace(until) => PhaseAction::Grace(until),
        Requirement::SetUp if !decision.enrolls_in_login => {
            PhaseAction::Deny(DenyReason::NoEnrollmentInLogin)
        }
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
    use AuthPhaseResult::{Denied, NotRequired, NotRun, Recovered, Verified};
    match (auth_result, decision.requirement) {
        (Recovered, _) if !silent => PhaseAction::Replace,
        (Verified(_) | Recovered, _) => PhaseAction::Verified,
        (_, Requirement::Exempt(why)) => PhaseAction::Exempt(why),
        // Either a stack ignored the refusal, or sshd continued from its method `password` to a key.
        // The two look alike, and in the first case a wrong code must not be enough.
        (Denied, _) => PhaseAction::Deny(DenyReason::AuthRefused),
        (NotRequired, Requirement::Ask) => PhaseAction::Ask,
        (NotRequired, Requirement::Grace(until)) if silent || !decision.enrolls_in_login => {
            PhaseAction::Grace(until)
        }
        (NotRequired, Requirement::Grace(until)) => PhaseAction::SetUp(Some(until)),
        (NotRequired, Requirement::SetUp) if !decision.enrolls_in_login => {
            PhaseAction::Deny(DenyReason::NoEnrollmentInLogin)
        }
        (NotRequired, Requirement::SetUp) => PhaseAction::SetUp(None),
        (NotRun, _) if !guarded => PhaseAction::NotGuarded,
        (NotRun, Requirement::Grace(until)) => PhaseAction::Grace(until),
        (NotRun, Requirement::Ask | Requirement::SetUp) if decision.required => {
            PhaseAction::Deny(DenyReason::NotVerified)
        }
        (NotRun, Requirement::Ask | Requirement::SetUp) => PhaseAction::NotGuarded,
        (_, Requirement::TooLate) => PhaseAction::Deny(DenyReason::TooLate),
        (_, Requirement::Undetermined) => PhaseAction::Deny(DenyReason::Undetermined),
    }
}

/// As the account phase of a silent program, but without a question and without enrollment. The auth
/// phase may have accepted a factor under another rule than the one that applies to the exact methods.
fn session(decision: &PolicyDecision, auth_result: AuthPhaseResult, guarded: bool) -> PhaseAction {
    if let AuthPhaseResult::Verified(kind) = auth_result
        && let Some(factors) = decision.asks_for()
        && !factors.accept(kind)
    {
        return PhaseAction::Deny(DenyReason::FactorNotAccepted);
    }
    match account(decision, auth_result, guarded, true) {
        PhaseAction::Ask => PhaseAction::Deny(DenyReason::NotVerified),
        PhaseAction::SetUp(_) => PhaseAction::Deny(DenyReason::MustEnroll),
        action => action,
    }
}
