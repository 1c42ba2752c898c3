//! What each phase of a login does: the whole table, and what holds all over it.

use proptest::prelude::*;
use tfa_core::{
    AuditOutcome, AuthPhaseResult, DenyReason, Exemption, PhaseAction, PhaseInput, PolicyDecision,
    Requirement, Source, Time,
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
        required,
        records_first_login: false,
        audited: None,
        source: Source::default(),
    }
}

/// The columns of the table.
#[derive(Debug, Clone, Copy)]
enum Column {
    /// The auth phase, and no account phase takes people through the set-up.
    Alone,
    /// The auth phase, and one does.
    Followed,
    Nothing,
    /// The same with a silent login program, which asks only what is required.
    Silent,
    /// The auth phase refused, and the login goes on.
    Refused,
    /// Nothing met the auth phase, and the service is guarded.
    Guarded,
}

impl Column {
    /// Where a stage stands in the table; `None` where the decision does not matter.
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
                AuthPhaseResult::Verified => Err(PhaseAction::Verified),
                AuthPhaseResult::NotRequired if silent => Ok(Self::Silent),
                AuthPhaseResult::NotRequired => Ok(Self::Nothing),
                AuthPhaseResult::Denied => Ok(Self::Refused),
                AuthPhaseResult::NotRun if guarded => Ok(Self::Guarded),
                AuthPhaseResult::NotRun => Err(PhaseAction::NotGuarded),
            },
        }
    }
}

/// Every stage that there is.
fn stages() -> Vec<PhaseInput> {
    let mut stages: Vec<PhaseInput> = [false, true]
        .map(|account_follows| PhaseInput::Auth { account_follows })
        .to_vec();
    for auth_result in [
        AuthPhaseResult::Verified,
        AuthPhaseResult::NotRequired,
        AuthPhaseResult::Denied,
        AuthPhaseResult::NotRun,
    ] {
        for guarded in [false, true] {
            stages.extend([false, true].map(|silent| PhaseInput::Account {
                auth_result,
                guarded,
                silent,
            }));
        }
    }
    stages
}

#[rustfmt::skip]
const TABLE: [(Requirement, bool, [PhaseAction; 6]); 9] = [
    // required?                           Alone      Followed   Nothing    Silent     Refused  Guarded
    (Requirement::Ask,                false, [ASK,       ASK,       ASK,       ASK,       FAILED,  NOT_GUARDED]),
    (Requirement::Ask,                true,  [ASK,       ASK,       ASK,       ASK,       FAILED,  NOT_VERIFIED]),
    (Requirement::Exempt(OFF),        false, [EXEMPT_OFF; 6]),
    (Requirement::Exempt(NOT_SET_UP), false, [EXEMPT_NOT_SET_UP; 6]),
    (Requirement::Exempt(PAUSED),     false, [EXEMPT_PAUSED; 6]),
    (Requirement::Grace(UNTIL),       true,  [GRACE,     DEFER,     OFFER,     GRACE,     FAILED,  GRACE]),
    (Requirement::SetUp,              true,  [ENROLL,    DEFER,     SET_UP,    SET_UP,    FAILED,  NOT_VERIFIED]),
    (Requirement::TooLate,            true,  [LATE,      LATE,      LATE,      LATE,      FAILED,  LATE]),
    (Requirement::Undetermined,          true,  [UNDETERMINED, UNDETERMINED, UNDETERMINED, UNDETERMINED, FAILED,  UNDETERMINED]),
];

#[test]
fn each_phase_does_what_stands_in_the_table() {
    for (requirement, required, row) in TABLE {
        for phase in stages() {
            let expected = match Column::of(phase) {
                Ok(column) => row[column as usize],
                // A phase that needs no policy exempts no user.
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
            auth_result: AuthPhaseResult::Verified,
            ..
        }
    )
}

/// Whether the phase lets the login go on, and asks nothing before.
fn goes_on(action: PhaseAction) -> bool {
    match action {
        PhaseAction::Verified
        | PhaseAction::Exempt(_)
        | PhaseAction::Grace(_)
        | PhaseAction::NotGuarded => true,
        PhaseAction::Ask | PhaseAction::SetUp(_) | PhaseAction::Defer | PhaseAction::Deny(_) => {
            false
        }
    }
}

/// How much a phase puts in the way.
fn weight(action: PhaseAction) -> u8 {
    match action {
        PhaseAction::Verified
        | PhaseAction::Exempt(_)
        | PhaseAction::Grace(_)
        | PhaseAction::NotGuarded => 0,
        PhaseAction::SetUp(Some(_)) => 1,
        PhaseAction::Defer | PhaseAction::Ask | PhaseAction::SetUp(None) => 2,
        PhaseAction::Deny(_) => 3,
    }
}

#[test]
fn the_decision_matters_to_no_stage_that_needs_none() {
    for phase in stages() {
        let needless = phase.action_without_policy();
        assert_eq!(needless, Column::of(phase).err(), "{phase:?}");
        let Some(needless) = needless else { continue };
        for (requirement, required, _) in TABLE {
            let action = decision(requirement, required).action(phase);
            assert!(
                goes_on(needless) && goes_on(action),
                "{requirement:?}, {phase:?}"
            );
        }
    }
}

#[test]
fn only_an_account_phase_without_requirement_enrolls() {
    for (requirement, required, _) in TABLE {
        for phase in stages() {
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
            assert_eq!(action == PhaseAction::Verified, is_factor(phase));
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

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
                    Requirement::Grace(_) => prop_assert!(auth_result != AuthPhaseResult::Denied || !goes_on(action)),
                    // A second factor that the user chose and no rule requires guards nothing.
                    _ => prop_assert!(
                        !goes_on(action) || (!decision.required && auth_result == AuthPhaseResult::NotRun)
                    ),
                }
            }
        }
    }

    #[test]
    fn a_refusal_in_the_auth_phase_holds_unless_nothing_is_asked(
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
    fn no_phase_puts_less_in_the_way_of_a_login_of_which_less_is_known(case in any_case()) {
        let decision = case.decision();
        for known in case.readings() {
            let known = known.decision();
            for phase in stages() {
                let (less, more) = (decision.action(phase), known.action(phase));
                prop_assert!(weight(less) >= weight(more), "{:?}: {:?}, {:?}", phase, less, more);
            }
        }
    }

    #[test]
    fn what_the_auth_phase_leaves_to_the_account_phase_is_not_left_out(
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
                prop_assert!(in_grace || action == PhaseAction::SetUp(None));
            }
            action => prop_assert!(!goes_on(action) || matches!(action, PhaseAction::Exempt(_))),
        }
    }

    #[test]
    fn audit_notes_what_would_have_been_wherever_that_is_something_else(case in any_case()) {
        let (audit, strict) = (case.with_audit(true).decision(), case.with_audit(false).decision());
        for phase in stages() {
            prop_assert_eq!(strict.audit_outcome(phase), None);
            let (is, would_be) = (audit.action(phase), strict.action(phase));
            // Audit mode refuses only a login whose auth phase failed and whose stack continued.
            let refused = matches!(phase, PhaseInput::Account { auth_result: AuthPhaseResult::Denied, .. });
            let refuses = matches!(is, PhaseAction::Deny(_));
            prop_assert!(!refuses || (refused && is == FAILED), "{:?}: {:?}", phase, is);
            let audit_outcome = match would_be {
                _ if phase == (PhaseInput::Auth { account_follows: true }) => None,
                _ if is == would_be => None,
                PhaseAction::Ask => Some(AuditOutcome::Asked),
                PhaseAction::Grace(_) | PhaseAction::SetUp(Some(_)) => Some(AuditOutcome::Notified),
                PhaseAction::SetUp(None) | PhaseAction::Deny(DenyReason::MustEnroll) => Some(AuditOutcome::SetUp),
                PhaseAction::Deny(DenyReason::TooLate) => Some(AuditOutcome::TooLate),
                PhaseAction::Deny(DenyReason::NotVerified) => Some(AuditOutcome::NotVerified),
                PhaseAction::Deny(DenyReason::Undetermined) => Some(AuditOutcome::Undetermined),
                PhaseAction::Deny(DenyReason::AuthRefused) => None,
                // Let on either way, if for another reason.
                _ => {
                    prop_assert!(goes_on(is) && goes_on(would_be), "{:?}: {:?}", phase, is);
                    None
                }
            };
            prop_assert_eq!(audit.audit_outcome(phase), audit_outcome, "{:?}", phase);
        }
    }
}
