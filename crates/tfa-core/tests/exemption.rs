//! Exemptions that end: those of the administrator for one user, and those of rules.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{
    Account, Change, ChangedBy, Exemption, LockState, MAX_EXEMPTION, MAX_REASON_LENGTH, Mode,
    Policy, PolicyDecision, PolicyExemption, Refusal, Requirement, Rule, RuleEffect, State, Terms,
    ThrottleScope, Time, UserExemption, is_reason,
};

use crate::cases;
use crate::cbor::Item;
use crate::host::{
    DAY, accounts, any_case, any_exemption, any_time, effect, lea, login, policy_of, required,
};
use crate::owner::{Owner, UID};
use crate::phone::{NOON, after};

const REASON: &str = "phone in repair, ticket 4711";

/// An exemption of so many seconds from noon on.
fn exemption(seconds: u64) -> UserExemption {
    UserExemption::new(REASON, Duration::from_secs(seconds), NOON).unwrap()
}

fn is_in_force(account: &Account, now: Time) -> bool {
    account.exemption(now).is_some()
}

fn by_administrator(seconds: i64) -> Requirement {
    Requirement::Exempt(Exemption::ByAdministrator(after(NOON, seconds)))
}

// Of one user.

#[test]
fn an_exempt_user_is_asked_for_nothing_until_the_end() {
    for (state, account) in accounts() {
        let mut account = account.unwrap_or_else(|| Account::new(UID));
        let before = account.clone();
        account.exempt(exemption(3600));
        for mode in [Mode::Off, Mode::Optional, Mode::Required] {
            let policy = policy_of(effect(mode, 1));
            let at = |account: &Account, seconds| {
                let now = after(NOON, seconds);
                policy.decide(&login(), Some(account), now).requirement
            };
            let otherwise = at(&before, 3599);
            let expected = match otherwise {
                Requirement::Exempt(_) => otherwise,
                _ => by_administrator(3600),
            };
            assert_eq!(at(&account, 3599), expected, "{state} {mode:?}");
            assert_eq!(at(&account, 3600), at(&before, 3600), "{state} {mode:?}");
        }
    }
}

#[test]
fn the_reason_and_the_end_of_the_users_own_exemption_are_named() {
    let mut owner = Owner::new();
    let mut policy = policy_of(required(0));
    policy.otherwise.terms.reason = Some("of the rule".to_owned());
    let decide = |account: &Account| policy.decide(&login(), Some(account), NOON);
    assert_eq!(decide(&owner.account).terms, policy.otherwise.terms);
    owner.account.exempt(exemption(60));
    let decision = decide(&owner.account);
    let expected = Terms {
        until: Some(after(NOON, 60)),
        reason: Some(REASON.to_owned()),
    };
    assert_eq!(decision.terms, expected);
    assert!(decision.required && decision.source == policy.otherwise.source);
}

#[test]
fn audit_mode_asks_an_exempt_user_for_nothing() {
    let mut owner = Owner::new();
    owner.account.exempt(exemption(60));
    let policy = Policy {
        audit: true,
        ..policy_of(required(0))
    };
    let decision = policy.decide(&login(), Some(&owner.account), NOON);
    assert_eq!(decision.requirement, by_administrator(60));
    assert_eq!(decision.strict(), by_administrator(60));
}

#[test]
fn an_exemption_is_at_most_90_days_long() {
    let exemption = UserExemption::new(REASON, Duration::MAX, NOON).unwrap();
    assert_eq!(exemption.until(), after(NOON, 90 * DAY));
    assert!(exemption.is_in_force(NOON) && exemption.is_in_force(after(NOON, 90 * DAY - 1)));
}

#[test]
fn an_exemption_of_a_clock_that_was_ahead_is_not_in_force() {
    let mut account = Account::new(UID);
    account.exempt(exemption(3 * 86_400));
    // A clock may be set back by a little.
    assert!(is_in_force(&account, after(NOON, -7200)));
    assert!(!is_in_force(&account, after(NOON, -7201)));
    assert!(!is_in_force(&account, after(NOON, -400 * DAY)));
    // Set back, the longest one would last longer than any.
    account.exempt(exemption(90 * 86_400));
    assert!(is_in_force(&account, NOON) && !is_in_force(&account, after(NOON, -1)));
}

#[test]
fn a_later_exemption_replaces_the_earlier_one() {
    let mut account = Account::new(UID);
    account.exempt(exemption(86_400));
    account.exempt(exemption(60));
    assert!(!is_in_force(&account, after(NOON, 60)));
    assert!(account.end_exemption() && !account.end_exemption());
    assert!(!is_in_force(&account, NOON));
}

#[test]
fn a_record_can_hold_an_exemption_alone() {
    let mut account = Account::new(UID);
    account.exempt(exemption(60));
    assert!(!account.is_blank() && account.state() == State::None);
    let read = Account::decode(&account.encode()).unwrap();
    assert_eq!(read.exemption(NOON), account.exemption(NOON));
    assert!(account.end_exemption() && account.is_blank());
}

#[test]
fn a_reset_ends_an_exemption_and_other_changes_keep_it() {
    let mut owner = Owner::new();
    owner.account.exempt(exemption(86_400));
    owner.account.set_uid(UID + 1);
    owner.account.unlock();
    let proof = owner.code(NOON, 0);
    owner.account.remove(&proof, NOON).unwrap();
    assert!(is_in_force(&owner.account, NOON));
    owner.account.reset();
    assert!(!is_in_force(&owner.account, NOON) && !owner.account.end_exemption());
}

#[test]
fn an_exemption_does_not_lift_the_requirement_and_removes_no_lock() {
    let mut owner = Owner::new();
    owner.fail(5, ThrottleScope::OwnProgram, NOON);
    let policy = policy_of(required(0));
    let is_required = || policy.requires_of(&lea(), NOON).is_some();
    let lock_state = |account: &Account| account.lock_state(ThrottleScope::OwnProgram, NOON);
    let before = lock_state(&owner.account);
    assert!(is_required() && matches!(before, LockState::Until(_)));
    owner.account.exempt(exemption(60));
    assert!(is_required() && lock_state(&owner.account) == before);
    // A change still takes a code.
    let proof = owner.code(NOON, 0);
    let paused = owner.account.pause(&proof, NOON);
    assert!(matches!(paused, Err(Refusal::Locked(_))), "{paused:?}");
}

#[test]
fn a_reason_is_one_line_of_text() {
    for text in ["x", "vendor, ticket 4711", "Gerät in Reparatur: (x)"] {
        assert!(is_reason(text), "{text}");
    }
    for text in ["", " ", " x", "x ", "a\nb", "a\u{1b}b", "a\tb", "\u{7f}"] {
        assert!(!is_reason(text), "{text:?}");
        assert!(UserExemption::new(text, MAX_EXEMPTION, NOON).is_none());
    }
    assert!(is_reason(&"ü".repeat(MAX_REASON_LENGTH)));
    assert!(!is_reason(&"ü".repeat(MAX_REASON_LENGTH + 1)));
}

#[test]
fn decoding_checks_the_reason() {
    let mut account = Account::new(UID);
    account.exempt(exemption(60));
    let with = |reason: &[u8]| {
        let mut record = Item::parse(&account.encode());
        *record.at(&[15, 2]) = Item::Text(String::from_utf8(reason.to_vec()).unwrap());
        Account::decode(&record.bytes())
    };
    assert!(with(b"another").is_ok());
    assert!(with(b"").is_err() && with(b"a\x1b[2J").is_err() && with(&[b'x'; 201]).is_err());
}

// The administrator's pause.

#[test]
fn an_administrator_pauses_and_resumes_without_a_code() {
    let mut owner = Owner::new();
    assert_eq!(Account::new(UID).disable(NOON), Err(Refusal::NotSetUp));
    assert!(!owner.account.enable(NOON));
    owner.account.disable(NOON).unwrap();
    assert_eq!(owner.account.state(), State::Paused);
    let again = owner.account.disable(NOON);
    assert_eq!(again, Err(Refusal::WrongState(State::Paused)));
    // Where it is required, a pause has no effect.
    let policy = policy_of(required(0));
    let decision = policy.decide(&login(), Some(&owner.account), NOON);
    assert_eq!(decision.requirement, Requirement::Ask);
    assert!(owner.account.enable(NOON) && !owner.account.enable(NOON));
    assert_eq!(owner.account.state(), State::Enabled);
    let changes = owner.account.changes_to_report().unwrap();
    let told: Vec<_> = changes
        .newest
        .iter()
        .map(|one| (&one.change, one.by))
        .collect();
    let by = ChangedBy::Administrator;
    assert_eq!(told, [(&Change::Paused, by), (&Change::Resumed, by)]);
}

// Of a rule.

/// A rule that exempts every login until then.
fn ending(until: Time) -> Rule {
    Rule {
        effect: RuleEffect {
            terms: Terms {
                until: Some(until),
                reason: Some(REASON.to_owned()),
            },
            ..effect(Mode::Off, 7)
        },
        ..Rule::default()
    }
}

#[test]
fn a_rule_that_has_ended_hides_no_rule_on_methods() {
    let on_keys = Rule {
        methods: vec!["publickey".to_owned()],
        effect: effect(Mode::Required, 0),
        ..Rule::default()
    };
    let policy = Policy {
        rules: vec![ending(after(NOON, 60)), on_keys],
        ..policy_of(effect(Mode::Optional, 7))
    };
    let may_depend = |now| policy.may_depend_on_methods(&login(), now);
    assert!(!may_depend(NOON));
    assert!(may_depend(after(NOON, 60)));
}

#[test]
fn a_rule_matches_before_its_end_only() {
    let policy = Policy {
        rules: vec![ending(after(NOON, 60)), ending(after(NOON, 120))],
        ..policy_of(required(0))
    };
    let until = |seconds| {
        let decision = policy.decide(&login(), None, after(NOON, seconds));
        (decision.requirement, decision.terms.until)
    };
    let off = Requirement::Exempt(Exemption::Off);
    assert_eq!(until(59), (off, Some(after(NOON, 60))));
    assert_eq!(until(60), (off, Some(after(NOON, 120))));
    assert_eq!(until(119), (off, Some(after(NOON, 120))));
    assert_eq!(until(120), (Requirement::SetUp, None));
    assert!(policy.is_off_for(&login(), after(NOON, 119)));
    assert!(!policy.is_off_for(&login(), after(NOON, 120)));
}

#[test]
fn a_rule_with_an_end_does_not_lift_the_requirement() {
    let policy = Policy {
        rules: vec![ending(after(NOON, 60))],
        ..policy_of(required(0))
    };
    assert!(policy.requires_of(&lea(), NOON).is_some());
    assert!(policy.may_require_of(&lea()));
    let mut endless = policy.clone();
    endless.rules[0].effect.terms.until = None;
    assert!(endless.requires_of(&lea(), NOON).is_none());
}

#[test]
fn what_requires_nothing_now_is_listed_with_its_end() {
    let since = after(NOON, 60);
    let later = RuleEffect {
        since: Some(since),
        ..effect(Mode::Required, 3)
    };
    let rule = |effect| Rule {
        effect,
        ..Rule::default()
    };
    let policy = Policy {
        rules: vec![
            ending(after(NOON, 30)),
            rule(effect(Mode::Optional, 2)),
            rule(later),
            rule(effect(Mode::Required, 4)),
        ],
        ..policy_of(effect(Mode::Required, 100))
    };
    let listed = |policy: &Policy, seconds| {
        let all = policy.exemptions(after(NOON, seconds));
        let of = |one: &PolicyExemption<'_>| (one.effect.source.line, one.is_rule, one.until);
        all.iter().map(of).collect::<Vec<_>>()
    };
    let (optional, not_yet) = ((2, true, None), (3, true, Some(since)));
    let ending = (7, true, Some(after(NOON, 30)));
    assert_eq!(listed(&policy, 0), [ending, optional, not_yet]);
    assert_eq!(listed(&policy, 30), [optional, not_yet]);
    assert_eq!(listed(&policy, 60), [optional]);
    assert!(policy.permits_pauses(NOON));
    // Off ignores the rules, and no pause makes a difference.
    let off = Policy {
        otherwise: effect(Mode::Off, 100),
        ..policy
    };
    assert_eq!(listed(&off, 0), [(100, false, None)]);
    assert!(!off.permits_pauses(NOON) && !policy_of(required(0)).permits_pauses(NOON));
}

/// A decision without the end of its rule.
fn without_terms(decision: PolicyDecision) -> PolicyDecision {
    PolicyDecision {
        terms: Terms::default(),
        ..decision
    }
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn no_exemption_outlasts_its_end_or_90_days(
        exemption in any_exemption(),
        now in any_time(),
    ) {
        if exemption.is_in_force(now) {
            prop_assert!(now < exemption.until());
            prop_assert!(now.until(exemption.until()) <= MAX_EXEMPTION);
        }
        // In force at some time after another, it was so in between, too.
        let later = after(now, DAY);
        if exemption.is_in_force(now) && exemption.is_in_force(later) {
            prop_assert!(exemption.is_in_force(after(now, DAY / 2)));
        }
    }

    #[test]
    fn without_an_exemption_in_force_no_decision_is_softer(case in any_case()) {
        let mut plain = case.clone();
        plain.exemption = None;
        let (decision, plain) = (case.decision(), plain.decision());
        let account = case.account();
        if account.as_ref().is_none_or(|account| account.exemption(case.now).is_none()) {
            prop_assert_eq!(&decision, &plain);
        }
        // What is required stays so.
        prop_assert_eq!(decision.required, plain.required);
        prop_assert_eq!(decision.audited.is_some(), plain.audited.is_some());
    }

    #[test]
    fn a_login_that_needs_nothing_is_decided_by_a_listed_part(case in any_case()) {
        let mut case = case;
        case.exemption = None;
        let decision = case.decision();
        if matches!(decision.requirement, Requirement::Exempt(_)) && !case.policy.audit {
            let listed = case.policy.exemptions(case.now);
            let source = &decision.source;
            prop_assert!(listed.iter().any(|one| one.effect.source == *source), "{:?}", decision);
        }
        let is_paused = decision.requirement == Requirement::Exempt(Exemption::Paused);
        prop_assert!(!is_paused || case.policy.permits_pauses(case.now));
    }

    #[test]
    fn a_user_who_is_exempt_is_asked_for_nothing(case in any_case()) {
        let account = case.account();
        let exemption = account.as_ref().and_then(|account| account.exemption(case.now));
        if let Some(exemption) = exemption {
            let decision = case.decision();
            prop_assert!(matches!(decision.requirement, Requirement::Exempt(_)));
            prop_assert!(matches!(decision.strict(), Requirement::Exempt(_)));
            if let Requirement::Exempt(Exemption::ByAdministrator(until)) = decision.strict() {
                prop_assert_eq!(until, exemption.until());
                prop_assert_eq!(decision.terms.reason.as_deref(), Some(exemption.reason()));
            }
        }
    }

    #[test]
    fn a_rule_that_has_ended_is_as_if_it_were_absent(case in any_case()) {
        let mut others = case.clone();
        others.policy.rules.retain(|rule| !rule.effect.has_ended(case.now));
        prop_assert_eq!(others.decision(), case.decision());
        let (policy, login, now) = (&case.policy, &case.login, case.now);
        prop_assert_eq!(others.policy.is_off_for(login, now), policy.is_off_for(login, now));
        prop_assert_eq!(others.policy.is_settled(login, now), policy.is_settled(login, now));
        prop_assert_eq!(
            others.policy.depends_on_method(login, now),
            policy.depends_on_method(login, now)
        );
        prop_assert_eq!(
            others.policy.may_depend_on_methods(login, now),
            policy.may_depend_on_methods(login, now)
        );
        // One that has not ended is as if it had no end.
        let mut endless = others;
        for rule in &mut endless.policy.rules {
            rule.effect.terms.until = None;
        }
        prop_assert_eq!(without_terms(endless.decision()), without_terms(case.decision()));
    }
}
