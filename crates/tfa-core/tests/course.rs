//! What each phase of a login does: the whole table, and what holds all over it.

use proptest::prelude::*;
use tfa_core::{Bar, Course, Decision, Exemption, Met, Ruling, Source, Stage, Time, Would};

use crate::cases;
use crate::host::any_case;
use crate::phone::NOON;

const UNTIL: Time = NOON;
const OFF: Exemption = Exemption::Off;
const PAUSED: Exemption = Exemption::Paused;
const NOT_SET_UP: Exemption = Exemption::NotSetUp;

const ASK: Course = Course::Ask;
const DEFER: Course = Course::Defer;
const UNGUARDED: Course = Course::Unguarded;
const EXEMPT_OFF: Course = Course::Exempt(OFF);
const EXEMPT_PAUSED: Course = Course::Exempt(PAUSED);
const EXEMPT_NOT_SET_UP: Course = Course::Exempt(NOT_SET_UP);
const GRACE: Course = Course::Grace(UNTIL);
const OFFER: Course = Course::SetUp(Some(UNTIL));
const SET_UP: Course = Course::SetUp(None);
const LATE: Course = Course::Refuse(Bar::TooLate);
const ENROLL: Course = Course::Refuse(Bar::MustEnroll);
const UNDECIDED: Course = Course::Refuse(Bar::Undecided);
const UNMET: Course = Course::Refuse(Bar::Unmet);
const FAILED: Course = Course::Refuse(Bar::AuthRefused);

fn ruling(decision: Decision, required: bool) -> Ruling {
    Ruling {
        decision,
        required,
        notes_first_login: false,
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
    /// The same, where nobody is to be asked needlessly.
    Silent,
    /// The auth phase refused, and the login goes on.
    Refused,
    /// Nothing met the auth phase, and the service is guarded.
    Guarded,
}

impl Column {
    /// Where a stage stands in the table; `None` where the decision does not matter.
    fn of(stage: Stage) -> Result<Self, Course> {
        match stage {
            Stage::Auth {
                account_follows: false,
            } => Ok(Self::Alone),
            Stage::Auth {
                account_follows: true,
            } => Ok(Self::Followed),
            Stage::Account {
                met,
                guarded,
                silent,
            } => match met {
                Met::Factor => Err(Course::Satisfied),
                Met::Nothing if silent => Ok(Self::Silent),
                Met::Nothing => Ok(Self::Nothing),
                Met::Refused => Ok(Self::Refused),
                Met::Never if guarded => Ok(Self::Guarded),
                Met::Never => Err(Course::Unguarded),
            },
        }
    }
}

/// Every stage that there is.
fn stages() -> Vec<Stage> {
    let mut stages: Vec<Stage> = [false, true]
        .map(|account_follows| Stage::Auth { account_follows })
        .to_vec();
    for met in [Met::Factor, Met::Nothing, Met::Refused, Met::Never] {
        for guarded in [false, true] {
            stages.extend([false, true].map(|silent| Stage::Account {
                met,
                guarded,
                silent,
            }));
        }
    }
    stages
}

#[rustfmt::skip]
const TABLE: [(Decision, bool, [Course; 6]); 9] = [
    // required?                           Alone      Followed   Nothing    Silent     Refused  Guarded
    (Decision::Ask,                false, [ASK,       ASK,       ASK,       ASK,       FAILED,  UNGUARDED]),
    (Decision::Ask,                true,  [ASK,       ASK,       ASK,       ASK,       FAILED,  UNMET]),
    (Decision::Exempt(OFF),        false, [EXEMPT_OFF; 6]),
    (Decision::Exempt(NOT_SET_UP), false, [EXEMPT_NOT_SET_UP; 6]),
    (Decision::Exempt(PAUSED),     false, [EXEMPT_PAUSED; 6]),
    (Decision::Grace(UNTIL),       true,  [GRACE,     DEFER,     OFFER,     GRACE,     FAILED,  GRACE]),
    (Decision::SetUp,              true,  [ENROLL,    DEFER,     SET_UP,    SET_UP,    FAILED,  UNMET]),
    (Decision::TooLate,            true,  [LATE,      LATE,      LATE,      LATE,      FAILED,  LATE]),
    (Decision::Undecided,          true,  [UNDECIDED, UNDECIDED, UNDECIDED, UNDECIDED, FAILED,  UNDECIDED]),
];

#[test]
fn each_phase_does_what_stands_in_the_table() {
    for (decision, required, row) in TABLE {
        for stage in stages() {
            let expected = match Column::of(stage) {
                Ok(column) => row[column as usize],
                // Nobody is exempt from what need not be asked about.
                Err(_) if matches!(decision, Decision::Exempt(_)) && !is_factor(stage) => row[0],
                Err(whatever) => whatever,
            };
            let course = ruling(decision, required).course(stage);
            assert_eq!(course, expected, "{decision:?}, {required}, {stage:?}");
        }
    }
}

fn is_factor(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Account {
            met: Met::Factor,
            ..
        }
    )
}

/// Whether the phase lets the login go on, and asks nothing before.
fn goes_on(course: Course) -> bool {
    match course {
        Course::Satisfied | Course::Exempt(_) | Course::Grace(_) | Course::Unguarded => true,
        Course::Ask | Course::SetUp(_) | Course::Defer | Course::Refuse(_) => false,
    }
}

/// How much a phase puts in the way.
fn weight(course: Course) -> u8 {
    match course {
        Course::Satisfied | Course::Exempt(_) | Course::Grace(_) | Course::Unguarded => 0,
        Course::SetUp(Some(_)) => 1,
        Course::Defer | Course::Ask | Course::SetUp(None) => 2,
        Course::Refuse(_) => 3,
    }
}

#[test]
fn the_decision_matters_to_no_stage_that_needs_none() {
    for stage in stages() {
        let needless = Ruling::none_needed(stage);
        assert_eq!(needless, Column::of(stage).err(), "{stage:?}");
        let Some(needless) = needless else { continue };
        for (decision, required, _) in TABLE {
            let course = ruling(decision, required).course(stage);
            assert!(
                goes_on(needless) && goes_on(course),
                "{decision:?}, {stage:?}"
            );
        }
    }
}

#[test]
fn nothing_is_set_up_in_the_auth_phase_nor_where_that_phase_never_ran_or_was_refused() {
    for (decision, required, _) in TABLE {
        for stage in stages() {
            let course = ruling(decision, required).course(stage);
            if matches!(course, Course::SetUp(_)) {
                let after_a_password = matches!(
                    stage,
                    Stage::Account {
                        met: Met::Nothing,
                        ..
                    }
                );
                assert!(after_a_password, "{decision:?}, {stage:?}");
            }
            assert_eq!(course == Course::Satisfied, is_factor(stage));
        }
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn whoever_met_nothing_is_let_into_a_guarded_service_in_grace_or_exempt_alone(
        case in any_case(),
    ) {
        let ruling = case.ruling();
        for met in [Met::Nothing, Met::Refused, Met::Never] {
            for silent in [false, true] {
                let course = ruling.course(Stage::Account { met, guarded: true, silent });
                match ruling.decision {
                    Decision::Exempt(why) => prop_assert_eq!(course, Course::Exempt(why)),
                    Decision::Grace(_) => prop_assert!(met != Met::Refused || !goes_on(course)),
                    // Only what the user wished, and nobody required, guards nothing.
                    _ => prop_assert!(
                        !goes_on(course) || (!ruling.required && met == Met::Never)
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
            let ruling = case.ruling();
            let expected = match ruling.decision {
                Decision::Exempt(why) => Course::Exempt(why),
                _ => FAILED,
            };
            let stage = Stage::Account { met: Met::Refused, guarded, silent };
            prop_assert_eq!(ruling.course(stage), expected);
        }
    }

    #[test]
    fn no_phase_puts_less_in_the_way_of_a_login_of_which_less_is_known(case in any_case()) {
        let ruling = case.ruling();
        for known in case.readings() {
            let known = known.ruling();
            for stage in stages() {
                let (less, more) = (ruling.course(stage), known.course(stage));
                prop_assert!(weight(less) >= weight(more), "{:?}: {:?}, {:?}", stage, less, more);
            }
        }
    }

    #[test]
    fn what_the_auth_phase_leaves_to_the_account_phase_is_not_left_out(
        case in any_case(),
        guarded in any::<bool>(),
        silent in any::<bool>(),
    ) {
        let ruling = case.ruling();
        let in_grace = matches!(ruling.decision, Decision::Grace(_));
        match ruling.course(Stage::Auth { account_follows: true }) {
            Course::Defer => {
                let met = Met::Nothing;
                let course = ruling.course(Stage::Account { met, guarded, silent });
                prop_assert!(in_grace || course == Course::SetUp(None));
            }
            course => prop_assert!(!goes_on(course) || matches!(course, Course::Exempt(_))),
        }
    }

    #[test]
    fn audit_notes_what_would_have_been_wherever_that_is_something_else(case in any_case()) {
        let (audit, strict) = (case.with_audit(true).ruling(), case.with_audit(false).ruling());
        for stage in stages() {
            prop_assert_eq!(strict.would(stage), None);
            let (is, would_be) = (audit.course(stage), strict.course(stage));
            // Audit mode refuses nobody but who gave no right code and was let on by the stack.
            let refused = matches!(stage, Stage::Account { met: Met::Refused, .. });
            let refuses = matches!(is, Course::Refuse(_));
            prop_assert!(!refuses || (refused && is == FAILED), "{:?}: {:?}", stage, is);
            let would = match would_be {
                _ if stage == (Stage::Auth { account_follows: true }) => None,
                _ if is == would_be => None,
                Course::Ask => Some(Would::BeAsked),
                Course::Grace(_) | Course::SetUp(Some(_)) => Some(Would::BeTold),
                Course::SetUp(None) | Course::Refuse(Bar::MustEnroll) => Some(Would::HaveToSetUp),
                Course::Refuse(Bar::TooLate) => Some(Would::BeTooLate),
                Course::Refuse(Bar::Unmet) => Some(Would::BeUnguarded),
                Course::Refuse(Bar::Undecided) => Some(Would::BeUndecided),
                Course::Refuse(Bar::AuthRefused) => None,
                // Let on either way, if for another reason.
                _ => {
                    prop_assert!(goes_on(is) && goes_on(would_be), "{:?}: {:?}", stage, is);
                    None
                }
            };
            prop_assert_eq!(audit.would(stage), would, "{:?}", stage);
        }
    }
}
