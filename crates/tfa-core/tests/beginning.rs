//! From when on a policy requires a second factor of some login.

use proptest::prelude::*;
use tfa_core::{Account, Mode, Policy, Requirement, Rule, RuleEffect, Terms, Time};

use crate::host::{DAY, any_case, any_time, effect, policy_of, required};
use crate::phone::{NOON, after};

fn since(days: i64) -> RuleEffect {
    RuleEffect {
        since: Some(after(NOON, days * DAY)),
        ..required(7)
    }
}

fn off(until: Option<i64>) -> RuleEffect {
    let terms = Terms {
        until: until.map(|days| after(NOON, days * DAY)),
        reason: Some("x".to_owned()),
    };
    RuleEffect {
        terms,
        ..effect(Mode::Off, 1)
    }
}

fn rule(effect: RuleEffect) -> Rule {
    Rule {
        effect,
        ..Rule::default()
    }
}

/// After how many days a second factor is required of a user who has enrolled, and of one who never logged in.
fn beginning(rules: &[Rule], otherwise: RuleEffect) -> (Option<i64>, Option<i64>) {
    let policy = Policy {
        rules: rules.to_vec(),
        ..policy_of(otherwise)
    };
    let days = |time: Time| NOON.until(time).as_secs() as i64 / DAY;
    let of_new = policy.required_of_new_users_from(NOON);
    (policy.required_from(NOON).map(days), of_new.map(days))
}

#[test]
fn start_and_grace_period_are_told() {
    for (otherwise, expected) in [
        (required(7), (Some(0), Some(7))),
        (required(0), (Some(0), Some(0))),
        (since(100), (Some(100), Some(107))),
        (since(-3), (Some(0), Some(4))),
        (since(-30), (Some(0), Some(0))),
        (effect(Mode::Optional, 1), (None, None)),
        (effect(Mode::Off, 1), (None, None)),
    ] {
        assert_eq!(beginning(&[], otherwise.clone()), expected, "{otherwise:?}");
    }
    assert_eq!(
        beginning(&[rule(since(3))], since(100)),
        (Some(3), Some(10))
    );
    let off_for_the_host = effect(Mode::Off, 1);
    assert_eq!(
        beginning(&[rule(required(7))], off_for_the_host),
        (None, None)
    );
}

#[test]
fn nothing_is_required_behind_an_exemption_of_each_login() {
    let of_uids = |ranges: &[(u32, u32)]| Rule {
        uids: ranges.iter().map(|(first, last)| *first..=*last).collect(),
        ..rule(off(None))
    };
    let of_service = Rule {
        services: vec!["cron".to_owned()],
        ..rule(off(None))
    };
    let of_user = Rule {
        users: vec!["bob".to_owned()],
        ..rule(off(None))
    };
    for (first, expected) in [
        (rule(off(None)), (None, None)),
        (rule(off(Some(5))), (Some(5), Some(12))),
        (rule(off(Some(-5))), (Some(0), Some(7))),
        (of_uids(&[(0, u32::MAX - 1)]), (None, None)),
        (
            of_uids(&[(1000, u32::MAX), (0, 500), (200, 999)]),
            (None, None),
        ),
        (of_uids(&[(1, u32::MAX)]), (Some(0), Some(7))),
        (of_uids(&[(0, 500), (502, u32::MAX)]), (Some(0), Some(7))),
        (of_uids(&[(0, 60_000)]), (Some(0), Some(7))),
        (of_service, (Some(0), Some(7))),
        (of_user, (Some(0), Some(7))),
    ] {
        let found = beginning(std::slice::from_ref(&first), required(7));
        assert_eq!(found, expected, "{first:?}");
    }
    let rules = [rule(required(0)), rule(off(None))];
    assert_eq!(beginning(&rules, required(7)), (Some(0), Some(0)));
}

#[test]
fn a_decision_may_change_with_since_grace_period_and_end_of_a_rule() {
    let policy = Policy {
        rules: vec![rule(off(Some(3))), rule(since(-3))],
        ..policy_of(since(100))
    };
    let times = |account: Option<&Account>| -> Vec<i64> {
        let times = policy.times_of_change(account, NOON).into_iter();
        let days = times.map(|time| NOON.until(time).as_secs() as i64 / DAY);
        days.collect()
    };
    assert_eq!(times(None), [3, 4, 100, 107]);
    let policy = policy_of(required(7));
    let mut asked = Account::new(1000);
    asked.require(after(NOON, -2 * DAY));
    let end = after(NOON, 5 * DAY);
    assert_eq!(policy.times_of_change(Some(&asked), NOON), [end]);
}

proptest! {
    #[test]
    fn no_login_is_required_before(case in any_case(), asked in any_time(), end in any_time()) {
        let mut case = case;
        // One of the rules exempts each login for a time.
        if let Some(rule) = case.policy.rules.first_mut().filter(|rule| rule.effect.mode != Mode::Required) {
            rule.effect.terms.until = Some(end);
        }
        let asked = asked.min(case.now);
        let decision = case.with_audit(false).decision();
        let from = case.policy.required_from(asked);
        prop_assert!(!decision.required || from.is_some_and(|from| from <= case.now));
        // A user who logs in for the first time, now.
        let policy = case.with_audit(false).policy;
        let of_new = policy.decide(&case.login, None, case.now).requirement;
        if matches!(of_new, Requirement::SetUp | Requirement::TooLate) {
            let from = case.policy.required_of_new_users_from(asked);
            prop_assert!(from.is_some_and(|from| from <= case.now), "{:?}", from);
        }
    }
}
