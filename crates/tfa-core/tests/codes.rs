//! One-time codes: which are accepted, and that each is accepted once.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use tfa_core::{
    Account, Algorithm, AuthenticatorId, AuthenticatorKind, Factor, Factors, Judgement, LockState,
    Parameters, State, ThrottleScope, Time,
};

use crate::cases;
use crate::owner::{CODE, Owner, UID, WRONG, account, account_of_several, wrong_code};
use crate::phone::{NOON, Phone, after, code};

/// The judgement over a right code of the authenticator of this number.
fn accepted(number: u32) -> Judgement {
    Judgement::Accepted(Factor::Authenticator(
        AuthenticatorId::new(number),
        AuthenticatorKind::Totp,
    ))
}

const ACCEPTED: Judgement = Judgement::Accepted(CODE);
const BOTH: [ThrottleScope; 2] = [ThrottleScope::UNKNOWN, ThrottleScope::Console];

#[test]
fn the_code_of_the_previous_current_or_next_step_is_right() {
    for steps in -1..=1 {
        let mut owner = Owner::new();
        let code = owner.code(NOON, steps);
        assert_eq!(
            owner.judge(&code, ThrottleScope::UNKNOWN, NOON),
            ACCEPTED,
            "{steps}"
        );
    }
}

#[test]
fn a_code_two_steps_old_or_early_is_wrong() {
    for steps in [-2, 2] {
        for second in [0, 29] {
            let (mut owner, now) = (Owner::new(), after(NOON, second));
            let code = owner.code(now, steps);
            let judgement = owner.judge(&code, ThrottleScope::UNKNOWN, now);
            assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked), "{steps}");
            assert_eq!(owner.failures(ThrottleScope::UNKNOWN), 1);
        }
    }
}

#[test]
fn a_code_is_accepted_once_across_all_origins() {
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let mut owner = Owner::new();
        let code = owner.code(NOON, 0);
        assert_eq!(owner.judge(&code, BOTH[first], NOON), ACCEPTED);
        for seconds in [0, 1, 59, -30] {
            let now = after(NOON, seconds);
            assert_eq!(
                owner.judge(&code, BOTH[second], now),
                Judgement::AlreadyUsed
            );
        }
    }
}

#[test]
fn an_accepted_step_invalidates_all_earlier_ones() {
    let mut owner = Owner::new();
    let next = owner.code(NOON, 1);
    assert_eq!(owner.judge(&next, ThrottleScope::UNKNOWN, NOON), ACCEPTED);
    for steps in [0, -1] {
        let code = owner.code(NOON, steps);
        assert_eq!(
            owner.judge(&code, ThrottleScope::UNKNOWN, NOON),
            Judgement::AlreadyUsed
        );
    }
    let later = after(NOON, 30);
    let code = owner.code(later, 1);
    assert_eq!(owner.judge(&code, ThrottleScope::UNKNOWN, later), ACCEPTED);
}

#[test]
fn a_clock_set_back_makes_no_used_code_valid() {
    let mut owner = Owner::new();
    let code = owner.code(NOON, 0);
    assert_eq!(owner.judge(&code, ThrottleScope::UNKNOWN, NOON), ACCEPTED);
    for back in 1..=20 {
        let earlier = after(NOON, -30 * back);
        let code = owner.code(earlier, 0);
        assert_eq!(
            owner.judge(&code, ThrottleScope::Console, earlier),
            Judgement::AlreadyUsed
        );
    }
}

#[test]
fn a_used_code_counts_as_no_try() {
    let mut owner = Owner::new();
    let code = owner.code(NOON, 0);
    let _: Judgement = owner.judge(&code, ThrottleScope::UNKNOWN, NOON);
    for _ in 0..200 {
        assert_eq!(
            owner.judge(&code, ThrottleScope::UNKNOWN, NOON),
            Judgement::AlreadyUsed
        );
    }
    assert_eq!(owner.failures(ThrottleScope::UNKNOWN), 0);
}

#[test]
fn digits_of_two_steps_in_the_window_are_accepted_once() {
    // With this key, the steps before and after this time have the same code.
    let (key, now) = (b"12345678901234567890", Time::from_secs(61_331_810 * 30));
    let phone = Phone::new(key, Parameters::default());
    assert_eq!(phone.shows(after(now, -30)), phone.shows(after(now, 30)));
    let mut account = account(&phone);
    let code = phone.code(after(now, 30));
    assert_eq!(account.judge(&code, ThrottleScope::UNKNOWN, now), ACCEPTED);
    for seconds in [0, 30, 60] {
        let now = after(now, seconds);
        assert_eq!(
            account.judge(&code, ThrottleScope::UNKNOWN, now),
            Judgement::AlreadyUsed
        );
    }
}

#[test]
fn the_code_of_two_authenticators_with_one_key_is_accepted_once() {
    let mut account = account_of_several(&[Phone::usual(7), Phone::usual(7)]);
    assert_eq!(account.authenticators().len(), 2);
    let code = Phone::usual(7).code(NOON);
    assert_eq!(account.judge(&code, ThrottleScope::UNKNOWN, NOON), ACCEPTED);
    assert_eq!(
        account.judge(&code, ThrottleScope::UNKNOWN, NOON),
        Judgement::AlreadyUsed
    );
}

#[test]
fn each_authenticator_marks_only_its_own_steps_as_used() {
    let phones = phones();
    let mut account = account_of_several(&phones);
    assert_eq!(account.digits_of(Factors::ANY), 0);
    for (phone, number) in phones.iter().zip(1..) {
        let code = phone.code(NOON);
        assert_eq!(
            account.judge(&code, ThrottleScope::UNKNOWN, NOON),
            accepted(number)
        );
        assert_eq!(
            account.judge(&code, ThrottleScope::UNKNOWN, NOON),
            Judgement::AlreadyUsed
        );
    }
}

#[test]
fn an_account_without_enrollment_accepts_no_code() {
    let mut blank = Account::new(UID);
    assert_eq!(blank.state(), State::None);
    let phone = Phone::usual(7);
    let judgement = blank.judge(&phone.code(NOON), ThrottleScope::Console, NOON);
    assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked));
    blank.set_up(phone.authenticator(), NOON).unwrap();
    let judgement = blank.judge(&phone.code(NOON), ThrottleScope::Console, NOON);
    assert_eq!(
        judgement,
        Judgement::Wrong(LockState::Unlocked),
        "a pending authenticator accepts no login"
    );
}

#[test]
fn the_smallest_and_largest_times_are_handled() {
    let phone = Phone::usual(7);
    for now in [0, 1, u64::MAX - 1, u64::MAX].map(Time::from_secs) {
        let mut account = Account::new(UID);
        account.set_up(phone.authenticator(), now).unwrap();
        let codes = Some(crate::sheet::FIRST.set());
        account.confirm(&phone.typed(now), codes, now).unwrap();
        assert_eq!(
            account.judge(&phone.code(now), ThrottleScope::UNKNOWN, now),
            Judgement::AlreadyUsed
        );
        for _ in 0..5 {
            let judgement = account.judge(&wrong_code(), ThrottleScope::UNKNOWN, now);
            assert!(matches!(judgement, Judgement::Wrong(_)));
        }
        let mut owner = Owner::new();
        let _: Judgement = owner.judge(&phone.code(now), ThrottleScope::UNKNOWN, now);
    }
}

/// Three phones with different parameters. No two of the codes they show around noon are the same.
fn phones() -> [Phone; 3] {
    [
        Phone::usual(1),
        Phone::unusual(2, Algorithm::Sha256, 8, 60),
        Phone::unusual(3, Algorithm::Sha512, 6, 15),
    ]
}

#[test]
fn the_phones_of_these_tests_share_no_code() {
    let mut seen = HashMap::from([(WRONG.to_owned(), 0)]);
    for phone in phones().into_iter().chain([Owner::new().phone]) {
        let steps = (-900..HOUR + 900).step_by(phone.period() as usize);
        for seconds in steps {
            let before = seen.insert(phone.shows(after(NOON, seconds)), seconds);
            assert_eq!(before, None, "at {seconds}");
        }
    }
}

const HOUR: i64 = 3600;

/// A typed code: the seconds since the last one (negative if the clock was set back), the phone
/// (`None` for a wrong code), and the offset in steps.
#[derive(Debug, Clone)]
struct Attempt {
    wait: i64,
    phone: usize,
    steps: i64,
    scope: usize,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let wait = prop_oneof![3 => 0..20_i64, 2 => -60..120_i64, 1 => -HOUR..HOUR];
    let steps = prop_oneof![4 => -1..=1_i64, 1 => -4..=4_i64];
    let attempt = (wait, 0..4_usize, steps, 0..2_usize);
    let attempt = attempt.prop_map(|(wait, phone, steps, scope)| Attempt {
        wait,
        phone,
        steps,
        scope,
    });
    prop::collection::vec(attempt, 1..80)
}

/// An independent implementation of the rules, which the account is compared with.
#[derive(Default)]
struct Rules {
    spent: [Option<i64>; 3],
    failures: [i64; 2],
    closed_until: [i64; 2],
    /// When the last of the day's wrong codes expires; unused at the console, which has no daily
    /// limit.
    day: i64,
}

impl Rules {
    /// The expected judgement of an attempt. `period` is that of its phone, or `None` without a
    /// phone.
    fn judge(&mut self, attempt: &Attempt, period: Option<i64>, now: i64) -> Judgement {
        let (failures, closed_until) = (
            &mut self.failures[attempt.scope],
            &mut self.closed_until[attempt.scope],
        );
        let until = |moment| LockState::Until(after(NOON, moment));
        let remote = BOTH[attempt.scope] == ThrottleScope::UNKNOWN;
        let full_until = |day: i64| if remote { day - 29 * 5760 } else { 0 };
        let closed = full_until(self.day).max(*closed_until);
        if now < closed {
            return Judgement::Locked(until(closed));
        }
        if let (Some(period), true) = (period, attempt.steps.abs() <= 1) {
            let step = now.div_euclid(period) + attempt.steps;
            let spent = &mut self.spent[attempt.phone];
            if spent.is_some_and(|last| step <= last) {
                return Judgement::AlreadyUsed;
            }
            *spent = Some(step);
            (*failures, *closed_until) = (0, 0);
            return accepted(attempt.phone as u32 + 1);
        }
        // The code of a step in the past becomes used, while the reason is looked for.
        if let (Some(period), true) = (period, *failures < 5 && attempt.steps < 0) {
            let step = now.div_euclid(period) + attempt.steps;
            let spent = &mut self.spent[attempt.phone];
            *spent = (*spent).max(Some(step));
        }
        *failures += 1;
        if remote {
            self.day = self.day.max(now) + 5760;
        }
        if let Some(doublings) = failures.checked_sub(5).filter(|over| *over >= 0) {
            *closed_until =
                now + [30, 60, 120, 240, 480, 960, 1920, 3600][(doublings as usize).min(7)];
        }
        let closed = full_until(self.day).max(*closed_until);
        Judgement::Wrong(if now < closed {
            until(closed)
        } else {
            LockState::Unlocked
        })
    }
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn no_code_is_accepted_twice_in_any_order_under_any_clock(attempts in attempts()) {
        let phones = phones();
        let mut account = account_of_several(&phones);
        let (mut rules, mut now) = (Rules::default(), 0);
        let mut accepted = HashSet::new();
        for attempt in attempts {
            now = (now + attempt.wait).clamp(0, HOUR);
            let moment = after(NOON, now);
            let phone = phones.get(attempt.phone);
            let shown = phone.map_or(WRONG.to_owned(), |phone| {
                phone.shows(after(moment, attempt.steps * phone.period()))
            });
            let judgement = account.judge(&code(&shown), BOTH[attempt.scope], moment);
            let expected = rules.judge(&attempt, phone.map(Phone::period), now);
            prop_assert_eq!(judgement, expected, "{:?} at {}", attempt, now);
            if matches!(judgement, Judgement::Accepted(_)) {
                prop_assert!(accepted.insert(shown), "twice: {:?}", attempt);
            }
        }
    }

    #[test]
    fn wrong_codes_do_not_widen_the_window(
        wrong in 0..44_u32,
        scope in 0..2_usize,
        steps in prop_oneof![-300..=-2_i64, 2..=300_i64, -3..=-2_i64, 2..=3_i64],
    ) {
        let (mut owner, scope) = (Owner::new(), BOTH[scope]);
        let now = owner.fail(wrong, scope, NOON);
        let shown = |steps| owner.phone.shows(after(now, steps * 30));
        prop_assume!((-1..=1).all(|near| shown(near) != shown(steps)));
        let code = owner.code(now, steps);
        prop_assert!(matches!(owner.judge(&code, scope, now), Judgement::Wrong(_)));
        prop_assert_eq!(owner.failures(scope), wrong + 1);
    }
}
