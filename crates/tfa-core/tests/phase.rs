//! The action of each phase of a login: the whole table, and properties of all its rows.

use std::cmp::Reverse;

use proptest::prelude::*;
use tfa_core::{
    AuditOutcome, AuthPhaseResult, DenyReason, Exemption, FactorKind, Factors, PhaseAction,
    PhaseInput, PolicyDecision, Requirement, Source, Terms, Time,
};

use crate::cases;
use crate::host::any_case;
use crate::phone::NOON;

const UNTIL: Time = NOON;
const OFF: Exemption = Exemption::Off;
const PAUSED: Exemption = Exemption::Paused;
const NOT_SET_UP: Exemption = Exemption::NotSetUp;

const ASK: PhaseAction = PhaseAction::Ask;
const DEFER: PhaseAction = PhaseAction::Defer;
const NOT_GUARDED: PhaseAction = PhaseAction::NotGuarded;
const GRANTED: Exemption = Exemption::ByAdministrator(UNTIL);
const EXEMPT_GRANTED: PhaseAction = PhaseAction::Exempt(GRANTED);
const EXEMPT_OFF: PhaseAction = PhaseAction::Exempt(OFF);
const EXEMPT_PAUSED: PhaseAction = PhaseAction::Exempt(PAUSED);
const EXEMPT_NOT_SET_UP: PhaseAction = PhaseAction::Exempt(NOT_SET_UP);
const GRACE: PhaseAction = PhaseAction::Grace(UNTIL);
const OFFER: PhaseAction = PhaseAction::SetUp(Some(UNTIL));
const SET_UP: PhaseAction = PhaseAction::SetUp(None);
const LATE: PhaseAction = PhaseAction::Deny(DenyReason::TooLate);
const ENROLL: PhaseAction = PhaseAction::Deny(DenyReason::MustEnroll);
const UNDETERMINED: PhaseAction = PhaseAction::Deny(DenyReason::Undetermined);
const NOT_VERIFIED: PhaseAction = PhaseAction::Deny(DenyReason::NotVerified);
const FAILED: PhaseAction = PhaseAction::Deny(DenyReason::AuthRefused);

fn decision(requirement: Requirement, required: bool) -> PolicyDecision {
    PolicyDecision {
        requirement,
        strict_factors: Factors::ANY,
        required,
        records_first_login: false,
        enrolls_in_login: true,
        audited: None,
        source: Source::default(),
        terms: Terms::default(),
    }
}

/// The columns of the table: each kind of [`PhaseInput`] for which the decision matters.
#[derive(Debug, Clone, Copy)]
enum Column {
    /// `Auth`, and the account phase does not enroll users.
    Alone,
    /// `Auth`, and the account phase enrolls users.
    Followed,
    Nothing,
    /// `Account`, `NotRequired`, and the program shows no messages.
    Silent,
    /// `Account`, `Denied`: the auth phase refused, and the stack continued.
    Refused,
    /// `Account`, `NotRun`: no auth phase ran, and the policy guards the service.
    Guarded,
    /// `Session`, `NotRequired`: an auth phase ran, and the session phase cannot ask.
    Session,
}

impl Column {
    /// The column of a phase, or the action if it does not depend on the decision.
    fn of(phase: PhaseInput) -> Result<Self, PhaseAction> {
        match phase {
            PhaseInput::Auth {
                account_follows: false,
            } => Ok(Self::Alone),
            PhaseInput::Auth {
                account_follows: true,
            } => Ok(Self::Followed),
            PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            } => match auth_result {
                AuthPhaseResult::Recovered if !silent => Err(PhaseAction::Replace),
                AuthPhaseResult::Verified(_) | AuthPhaseResult::Recovered => {
                    Err(PhaseAction::Verified)
                }
                AuthPhaseResult::NotRequired if silent => Ok(Self::Silent),
                AuthPhaseResult::NotRequired => Ok(Self::Nothing),
                AuthPhaseResult::Denied => Ok(Self::Refused),
                AuthPhaseResult::NotRun if guarded => Ok(Self::Guarded),
                AuthPhaseResult::NotRun => Err(PhaseAction::NotGuarded),
            },
            PhaseInput::Session {
                auth_result,
                guarded,
            } => match auth_result {
                AuthPhaseResult::Verified(_) | AuthPhaseResult::Recovered => {
                    Err(PhaseAction::Verified)
                }
                AuthPhaseResult::NotRequired => Ok(Self::Session),
                AuthPhaseResult::Denied => Ok(Self::Refused),
                AuthPhaseResult::NotRun if guarded => Ok(Self::Guarded),
                AuthPhaseResult::NotRun => Err(PhaseAction::NotGuarded),
            },
        }
    }
}

fn phases() -> Vec<PhaseInput> {
    let mut phases: Vec<PhaseInput> = [false, true]
        .map(|account_follows| PhaseInput::Auth { account_follows })
        .to_vec();
    for auth_result in [
        AuthPhaseResult::Verified(Some(FactorKind::Totp)),
        AuthPhaseResult::Recovered,
        AuthPhaseResult::NotRequired,
        AuthPhaseResult::Denied,
        AuthPhaseResult::NotRun,
    ] {
        for guarded in [false, true] {
            phases.extend([false, true].map(|silent| PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            }));
            phases.push(PhaseInput::Session {
                auth_result,
                guarded,
            });
        }
    }
    phases
}

#[rustfmt::skip]
const TABLE: [(Requirement, bool, [PhaseAction; 7]); 11] = [
    // required?                           AuthOnly   AuthEnroll NotRequired Silent    Denied
    // NotRun, Session
    (Requirement::Ask,                false, [ASK,       ASK,       ASK,       ASK,       FAILED,  NOT_GUARDED, NOT_VERIFIED]),
    (Requirement::Ask,                true,  [ASK,       ASK,       ASK,       ASK,       FAILED,  NOT_VERIFIED, NOT_VERIFIED]),
    (Requirement::Exempt(OFF),        false, [EXEMPT_OFF; 7]),
    (Requirement::Exempt(GRANTED),    false, [EXEMPT_GRANTED; 7]),
    (Requirement::Exempt(GRANTED),    true,  [EXEMPT_GRANTED; 7]),
    (Requirement::Exempt(NOT_SET_UP), false, [EXEMPT_NOT_SET_UP; 7]),
    (Requirement::Exempt(PAUSED),     false, [EXEMPT_PAUSED; 7]),
    (Requirement::Grace(UNTIL),       true,  [GRACE,     DEFER,     OFFER,     GRACE,     FAILED,  GRACE, GRACE]),
    (Requirement::SetUp,              true,  [ENROLL,    DEFER,     SET_UP,    SET_UP,    FAILED,  NOT_VERIFIED, ENROLL]),
    (Requirement::TooLate,            true,  [LATE,      LATE,      LATE,      LATE,      FAILED,  LATE, LATE]),
    (Requirement::Undetermined,          true,  [UNDETERMINED, UNDETERMINED, UNDETERMINED, UNDETERMINED, FAILED,  UNDETERMINED, UNDETERMINED]),
];

#[test]
fn each_phase_does_what_the_table_says() {
    for (requirement, required, row) in TABLE {
        for phase in phases() {
            let expected = match Column::of(phase) {
                Ok(column) => row[column as usize],
                // A phase that does not depend on the decision exempts no user.
                Err(_) if matches!(requirement, Requirement::Exempt(_)) && !is_factor(phase) => {
                    row[0]
                }
                Err(whatever) => whatever,
            };
            let action = decision(requirement, required).action(phase);
            assert_eq!(action, expected, "{requirement:?}, {required}, {phase:?}");
        }
    }
}

fn is_factor(phase: PhaseInput) -> bool {
    matches!(
        phase,
        PhaseInput::Account {
            auth_result: AuthPhaseResult::Verified(_) | AuthPhaseResult::Recovered,
            ..
        } | PhaseInput::Session {
            auth_result: AuthPhaseResult::Verified(_) | AuthPhaseResult::Recovered,
            ..
        }
    )
}

/// Whether the login continues, whatever the user answers.
fn continues(action: PhaseAction) -> bool {
    match action {
        PhaseAction::Verified
        | PhaseAction::Replace
        | PhaseAction::Exempt(_)
        | PhaseAction::Grace(_)
        | PhaseAction::NotGuarded => true,
        PhaseAction::Ask | PhaseAction::SetUp(_) | PhaseAction::Defer | PhaseAction::Deny(_) => {
            false
        }
    }
}

/// How strict an action is. In the grace period the login proceeds with or without an offer to
/// enroll; the period that ends first is stricter.
fn weight(action: PhaseAction) -> (u8, Reverse<Option<Time>>) {
    match action {
        PhaseAction::Verified
        | PhaseAction::Replace
        | PhaseAction::Exempt(_)
        | PhaseAction::NotGuarded => (0, Reverse(None)),
        PhaseAction::Grace(until) | PhaseAction::SetUp(Some(until)) => (1, Reverse(Some(until))),
        PhaseAction::Defer | PhaseAction::Ask | PhaseAction::SetUp(None) => (2, Reverse(None)),
        PhaseAction::Deny(_) => (3, Reverse(None)),
    }
}

#[test]
fn phases_without_a_column_ignore_the_decision() {
    for phase in phases() {
        let needless = phase.action_without_policy();
        let column = Column::of(phase).err();
        // There the rule that applies may accept other factors.
        let checks_factor = matches!(
            phase,
            PhaseInput::Session {
                auth_result: AuthPhaseResult::Verified(_),
                ..
            }
        );
        let expected = column.filter(|_| !checks_factor);
        assert_eq!(needless, expected, "{phase:?}");
        let Some(needless) = needless else { continue };
        for (requirement, required, _) in TABLE {
            let action = decision(requirement, required).action(phase);
            assert!(
                continues(needless) && continues(action),
                "{requirement:?}, {phase:?}"
            );
        }
    }
}

#[test]
fn only_an_account_phase_without_requirement_enrolls() {
    for (requirement, required, _) in TABLE {
        for phase in phases() {
            let action = decision(requirement, required).action(phase);
            if matches!(action, PhaseAction::SetUp(_)) {
                let after_a_password = matches!(
                    phase,
                    PhaseInput::Account {
                        auth_result: AuthPhaseResult::NotRequired,
                        ..
                    }
                );
                assert!(after_a_password, "{requirement:?}, {phase:?}");
            }
            let is_verified = matches!(action, PhaseAction::Verified | PhaseAction::Replace);
            assert_eq!(is_verified, is_factor(phase));
        }
    }
}

#[test]
fn the_session_phase_neither_asks_nor_enrolls() {
    for (requirement, required, _) in TABLE {
        for phase in phases() {
            let action = decision(requirement, required).action(phase);
            let asks = matches!(
                action,
                PhaseAction::Ask | PhaseAction::SetUp(_) | PhaseAction::Defer
            );
            assert!(
                !(asks && matches!(phase, PhaseInput::Session { .. })),
                "{requirement:?}, {phase:?}"
            );
        }
    }
}

#[test]
fn no_phase_enrolls_where_a_login_cannot() {
    for (requirement, required, _) in TABLE {
        for phase in phases() {
            let usual = decision(requirement, required);
            let decision = PolicyDecision {
                enrolls_in_login: false,
                ..usual.clone()
            };
            let expected = match usual.action(phase) {
                PhaseAction::SetUp(Some(until)) => PhaseAction::Grace(until),
                PhaseAction::SetUp(None) | PhaseAction::Deny(DenyReason::MustEnroll) => {
                    PhaseAction::Deny(DenyReason::NoEnrollmentInLogin)
                }
                action => action,
            };
            assert_eq!(
                decision.action(phase),
                expected,
                "{requirement:?}, {phase:?}"
            );
        }
    }
}

#[test]
fn only_a_login_that_may_enroll_now_confirms_a_security_key() {
    for (requirement, required, _) in TABLE {
        for phase in phases() {
            let password_was_right = matches!(
                phase,
                PhaseInput::Account {
                    auth_result: AuthPhaseResult::NotRequired,
                    ..
                }
            );
            let may_enroll = matches!(
                requirement,
                Requirement::Exempt(NOT_SET_UP | GRANTED)
                    | Requirement::Grace(_)
                    | Requirement::SetUp
            );
            assert_eq!(
                decision(requirement, required).confirms_key(phase),
                password_was_right && may_enroll,
                "{requirement:?}, {phase:?}"
            );
        }
    }
}

#[test]
fn only_a_guarded_account_phase_without_auth_phase_is_left_to_the_session() {
    for phase in phases() {
        let left = matches!(
            phase,
            PhaseInput::Account {
                auth_result: AuthPhaseResult::NotRun,
                guarded: true,
                ..
            }
        );
        assert_eq!(phase.can_be_left_to_session(), left, "{phase:?}");
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn the_session_phase_is_as_strict_as_a_guarded_account_phase(case in any_case()) {
        let decision = case.decision();
        for auth_result in [
            AuthPhaseResult::Verified(Some(FactorKind::Totp)),
            AuthPhaseResult::Recovered,
            AuthPhaseResult::NotRequired,
            AuthPhaseResult::Denied,
            AuthPhaseResult::NotRun,
        ] {
            for guarded in [false, true] {
                let account = PhaseInput::Account { auth_result, guarded, silent: true };
                let session = PhaseInput::Session { auth_result, guarded };
                let (less, more) = (decision.action(session), decision.action(account));
                prop_assert!(weight(less) >= weight(more), "{:?}, {:?}", less, more);
            }
        }
    }

    #[test]
    fn guarded_login_without_factor_needs_grace_or_exemption(
        case in any_case(),
    ) {
        let decision = case.decision();
        for auth_result in [AuthPhaseResult::NotRequired, AuthPhaseResult::Denied, AuthPhaseResult::NotRun] {
            for silent in [false, true] {
                let action = decision.action(PhaseInput::Account { auth_result, guarded: true, silent });
                match decision.requirement {
                    Requirement::Exempt(why) => prop_assert_eq!(action, PhaseAction::Exempt(why)),
                    Requirement::Grace(_) => prop_assert!(auth_result != AuthPhaseResult::Denied || !continues(action)),
                    // A second factor that the user chose and no rule requires guards no service.
                    _ => prop_assert!(
                        !continues(action) || (!decision.required && auth_result == AuthPhaseResult::NotRun)
                    ),
                }
            }
        }
    }

    #[test]
    fn a_denied_auth_phase_is_refused_unless_exempt(
        case in any_case(),
        guarded in any::<bool>(),
        silent in any::<bool>(),
    ) {
        for case in [case.with_audit(false), case.with_audit(true)] {
            let decision = case.decision();
            let expected = match decision.requirement {
                Requirement::Exempt(why) => PhaseAction::Exempt(why),
                _ => FAILED,
            };
            let phase = PhaseInput::Account { auth_result: AuthPhaseResult::Denied, guarded, silent };
            prop_assert_eq!(decision.action(phase), expected);
        }
    }

    #[test]
    fn unknown_facts_never_make_a_phase_less_strict(case in any_case()) {
        let decision = case.decision();
        for known in case.readings() {
            let known = known.decision();
            for phase in phases() {
                let (less, more) = (decision.action(phase), known.action(phase));
                prop_assert!(weight(less) >= weight(more), "{:?}: {:?}, {:?}", phase, less, more);
            }
        }
    }

    #[test]
    fn what_the_auth_phase_defers_the_account_phase_does(
        case in any_case(),
        guarded in any::<bool>(),
        silent in any::<bool>(),
    ) {
        let decision = case.decision();
        let in_grace = matches!(decision.requirement, Requirement::Grace(_));
        match decision.action(PhaseInput::Auth { account_follows: true }) {
            PhaseAction::Defer => {
                let auth_result = AuthPhaseResult::NotRequired;
                let action = decision.action(PhaseInput::Account { auth_result, guarded, silent });
                let refused = PhaseAction::Deny(DenyReason::NoEnrollmentInLogin);
                let needed = if decision.enrolls_in_login { SET_UP } else { refused };
                prop_assert!(in_grace || action == needed);
            }
            action => prop_assert!(!continues(action) || matches!(action, PhaseAction::Exempt(_))),
        }
    }

    #[test]
    fn audit_records_the_strict_outcome_wherever_it_differs(case in any_case()) {
        let (audit, strict) = (case.with_audit(true).decision(), case.with_audit(false).decision());
        for phase in phases() {
            prop_assert_eq!(strict.audit_outcome(phase, |_| true), None);
            let (is, would_be) = (audit.action(phase), strict.action(phase));
            // Otherwise audit mode refuses only a login whose auth phase failed and whose stack
            // continued.
            let refused = matches!(
                phase,
                PhaseInput::Account { auth_result: AuthPhaseResult::Denied, .. }
                    | PhaseInput::Session { auth_result: AuthPhaseResult::Denied, .. }
            );
            let refuses = matches!(is, PhaseAction::Deny(_));
            // The session phase cannot ask a user who has enrolled.
            let cannot_ask = is == NOT_VERIFIED && audit.requirement == Requirement::Ask;
            prop_assert!(!refuses || (refused && is == FAILED) || cannot_ask, "{:?}: {:?}", phase, is);
            let audit_outcome = match would_be {
                _ if phase == (PhaseInput::Auth { account_follows: true }) => None,
                _ if is == would_be => None,
                PhaseAction::Ask => Some(AuditOutcome::Asked),
                PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)) => Some(AuditOutcome::Notified),
                PhaseAction::SetUp(None)
                | PhaseAction::Deny(DenyReason::MustEnroll | DenyReason::NoEnrollmentInLogin) => {
                    Some(AuditOutcome::SetUp)
                }
                PhaseAction::Deny(DenyReason::TooLate) => Some(AuditOutcome::TooLate),
                PhaseAction::Deny(DenyReason::NotVerified) => Some(AuditOutcome::NotVerified),
                PhaseAction::Deny(DenyReason::Undetermined) => Some(AuditOutcome::Undetermined),
                PhaseAction::Deny(DenyReason::FactorNotAccepted) => {
                    Some(AuditOutcome::FactorNotAccepted)
                }
                PhaseAction::Deny(DenyReason::AuthRefused) => None,
                // Permitted in both cases, for another reason.
                _ => {
                    prop_assert!(continues(is) && continues(would_be), "{:?}: {:?}", phase, is);
                    None
                }
            };
            prop_assert_eq!(audit.audit_outcome(phase, |_| true), audit_outcome, "{:?}", phase);
        }
    }
}
