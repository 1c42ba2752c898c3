//! Codes under a clock that jumps. No code is accepted twice, and no jump refuses the owner for
//! long.

use std::collections::HashSet;

use proptest::prelude::*;
use tfa_core::{Account, Judgement, ThrottleScope, Time};

use crate::cases;
use crate::cbor::Item;
use crate::owner::{CODE, Owner};
use crate::phone::{NOON, after};

const ACCEPTED: Judgement = Judgement::Accepted(CODE);
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Types the code that the phone shows `steps` time steps from now.
fn type_code(owner: &mut Owner, now: Time, steps: i64) -> Judgement {
    let code = owner.code(now, steps);
    owner.judge(&code, ThrottleScope::UNKNOWN, now)
}

#[test]
fn a_code_accepted_far_ahead_does_not_lock_the_owner_out() {
    let mut owner = Owner::new();
    let ahead = after(NOON, 400 * DAY);
    assert_eq!(type_code(&mut owner, ahead, 0), ACCEPTED);
    assert_eq!(owner.account.used_ahead(NOON), Some(ahead));
    assert_eq!(type_code(&mut owner, NOON, 0), ACCEPTED);
    assert_eq!(owner.account.used_ahead(NOON), None);
    // Steps used under the wrong clock are still used when the clock reaches them. No others are.
    assert_eq!(type_code(&mut owner, ahead, 0), Judgement::AlreadyUsed);
    assert_eq!(type_code(&mut owner, after(ahead, -HOUR), 0), ACCEPTED);
    assert_eq!(type_code(&mut owner, ahead, 0), Judgement::AlreadyUsed);
    assert_eq!(type_code(&mut owner, ahead, 1), ACCEPTED);
}

#[test]
fn steps_used_before_a_clock_jump_stay_used() {
    let mut owner = Owner::new();
    assert_eq!(type_code(&mut owner, NOON, 1), ACCEPTED);
    assert_eq!(type_code(&mut owner, after(NOON, 400 * DAY), 0), ACCEPTED);
    for steps in [-1, 0, 1] {
        assert_eq!(type_code(&mut owner, NOON, steps), Judgement::AlreadyUsed);
    }
    assert_eq!(type_code(&mut owner, after(NOON, 30), 1), ACCEPTED);
}

#[test]
fn steps_used_up_to_two_hours_ahead_block_earlier_ones() {
    for (ahead, expected) in [
        (2 * HOUR, Judgement::AlreadyUsed),
        (2 * HOUR + 30, ACCEPTED),
    ] {
        let mut owner = Owner::new();
        assert_eq!(type_code(&mut owner, after(NOON, ahead), 0), ACCEPTED);
        assert_eq!(type_code(&mut owner, NOON, 0), expected, "{ahead}");
        let two_hours_on = after(NOON, 2 * HOUR + 60);
        assert_eq!(type_code(&mut owner, two_hours_on, 0), ACCEPTED);
    }
}

#[test]
fn a_phone_enrolled_far_ahead_works_under_the_right_clock() {
    // This owner enrolled a day before noon. Seen from two days before noon, the clock was ahead.
    let mut owner = Owner::new();
    assert_eq!(type_code(&mut owner, after(NOON, -2 * DAY), 0), ACCEPTED);
    assert_eq!(
        type_code(&mut owner, after(NOON, -DAY), 0),
        Judgement::AlreadyUsed
    );
}

#[test]
fn weeks_of_logins_far_ahead_do_not_lock_the_owner_out() {
    let mut owner = Owner::new();
    for day in 0..60 {
        assert_eq!(type_code(&mut owner, after(NOON, day * DAY), 0), ACCEPTED);
    }
    let ahead = after(NOON, 460 * DAY);
    for hours in 0..40 {
        let now = after(ahead, hours * 7 * HOUR);
        assert_eq!(type_code(&mut owner, now, 0), ACCEPTED);
    }
    let right = after(NOON, 60 * DAY);
    assert_eq!(type_code(&mut owner, right, 0), ACCEPTED);
    for hours in 0..40 {
        let now = after(ahead, hours * 7 * HOUR);
        assert_eq!(type_code(&mut owner, now, 0), Judgement::AlreadyUsed);
    }
}

/// Advances a right clock from one time to another, with a login of the owner every `login` steps.
/// Returns the longest time for which no fresh code was accepted, in steps.
fn longest_refusal(owner: &mut Owner, from: i64, to: i64, login: i64, used: &HashSet<i64>) -> u32 {
    let (mut longest, mut refused) = (0, 0);
    for step in from / 30..to / 30 {
        let now = after(NOON, step * 30);
        let code = owner.code(now, 0);
        let judgement = owner
            .account
            .clone()
            .judge(&code, ThrottleScope::UNKNOWN, now);
        if judgement == ACCEPTED {
            assert!(!used.contains(&step), "twice: {step}");
            refused = 0;
            if step % login == 0 {
                assert_eq!(owner.judge(&code, ThrottleScope::UNKNOWN, now), ACCEPTED);
            }
        } else {
            assert_eq!(judgement, Judgement::AlreadyUsed);
            refused += 1;
            longest = longest.max(refused);
        }
    }
    longest
}

#[test]
fn logins_under_a_clock_ahead_block_two_hours_at_most() {
    // How far ahead, how many logins, the interval between them, and the number of steps between
    // the owner's logins afterwards. 150 logins are more than the ranges the record keeps, so some
    // ranges are joined.
    for (ahead, logins, apart, login) in [(DAY, 48, 90 * 60, 960), (3 * DAY, 150, 10 * 60, 20)] {
        let mut owner = Owner::new();
        let mut used = HashSet::new();
        for number in 0..logins {
            let moment = ahead + number * apart;
            assert_eq!(type_code(&mut owner, after(NOON, moment), 0), ACCEPTED);
            used.insert(moment / 30);
        }
        let end = ahead + logins * apart + HOUR;
        let longest = longest_refusal(&mut owner, 0, end, login, &used);
        assert!(longest <= 240, "{logins} logins: {longest} steps");
    }
}

#[test]
fn an_older_record_keeps_each_step_up_to_its_last_used_one() {
    let mut record = Item::parse(&Owner::new().account.encode());
    record.at(&[2, 0]).fields().truncate(5);
    let mut owner = Owner::new();
    owner.account = Account::decode(&record.bytes()).unwrap();
    assert_eq!(
        type_code(&mut owner, after(NOON, -DAY), 0),
        Judgement::AlreadyUsed
    );
    assert_eq!(type_code(&mut owner, after(NOON, 400 * DAY), 0), ACCEPTED);
    assert_eq!(
        type_code(&mut owner, after(NOON, -DAY), 0),
        Judgement::AlreadyUsed
    );
    assert_eq!(type_code(&mut owner, NOON, 0), ACCEPTED);
}

/// A login under one of a few clock times, so that times repeat, plus an offset in seconds. The
/// second number selects one of the codes around that time.
fn attempt() -> impl Strategy<Value = (i64, i64)> {
    let moment = prop::sample::select(vec![
        0,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        -5 * HOUR,
        DAY,
        400 * DAY,
        400 * DAY - HOUR,
        400 * DAY + 3 * HOUR,
        401 * DAY,
        -30 * DAY,
    ]);
    let clock = (moment, 0..90_i64).prop_map(|(moment, more)| moment + more);
    (clock, -1..=1_i64)
}

fn attempts(most: usize) -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec(attempt(), 0..=most)
}

/// Types those codes, and returns the accepted steps. Each step is accepted once at most.
fn typed(owner: &mut Owner, attempts: &[(i64, i64)]) -> Result<HashSet<i64>, TestCaseError> {
    let mut accepted = HashSet::from([-DAY / 30]);
    for (clock, steps) in attempts {
        let judgement = type_code(owner, after(NOON, *clock), *steps);
        if judgement == ACCEPTED {
            let step = clock.div_euclid(30) + steps;
            prop_assert!(accepted.insert(step), "twice: {step}");
        } else {
            prop_assert_eq!(judgement, Judgement::AlreadyUsed);
        }
    }
    Ok(accepted)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn no_step_is_accepted_twice_under_any_clock(attempts in attempts(60)) {
        typed(&mut Owner::new(), &attempts)?;
    }

    #[test]
    fn a_right_clock_refuses_the_owner_for_two_hours_at_most(
        // The first code is that of enrollment. The record keeps 64 steps exactly.
        attempts in attempts(63),
        (right, _) in attempt(),
    ) {
        let mut owner = Owner::new();
        let accepted = typed(&mut owner, &attempts)?;
        let two_hours_on = right + 2 * HOUR + 120;
        prop_assume!(!accepted.contains(&right.div_euclid(30)));
        if type_code(&mut owner, after(NOON, right), 0) != ACCEPTED {
            prop_assert_eq!(type_code(&mut owner, after(NOON, two_hours_on), 0), ACCEPTED);
        }
    }
}
