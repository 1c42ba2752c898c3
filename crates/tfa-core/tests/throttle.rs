//! Wrong codes: how many cause a lock, for how long, and for which origins.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{Credential, Factor, Judgement, LockState, ThrottleScope};

use crate::cases;
use crate::owner::{CODE, Owner, wrong_code};
use crate::phone::{NOON, after};
use crate::sheet;

const ALL: [ThrottleScope; 3] = [
    ThrottleScope::Remote,
    ThrottleScope::Console,
    ThrottleScope::OwnProgram,
];
const DAY: i64 = 86_400;
const YEAR: i64 = 365 * 86_400;

#[test]
fn fifth_wrong_code_locks_also_against_a_right_code() {
    let mut owner = Owner::new();
    for _ in 0..4 {
        let judgement = owner.judge(&wrong_code(), ThrottleScope::Remote, NOON);
        assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked));
    }
    let closed = LockState::Until(after(NOON, 30));
    let judgement = owner.judge(&wrong_code(), ThrottleScope::Remote, NOON);
    assert_eq!(judgement, Judgement::Wrong(closed));
    let early = after(NOON, 29);
    let right = owner.code(early, 0);
    assert_eq!(
        owner.judge(&right, ThrottleScope::Remote, early),
        Judgement::Locked(closed)
    );
    let open = after(NOON, 30);
    let accepted = Judgement::Accepted(CODE);
    assert_eq!(
        owner.judge(&right, ThrottleScope::Remote, open),
        accepted,
        "nor was it used up"
    );
}

#[test]
fn a_lock_doubles_up_to_an_hour_with_one_try_after_each() {
    let mut owner = Owner::new();
    let mut now = owner.fail(4, ThrottleScope::Remote, NOON);
    for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        let until = after(now, seconds);
        let closed = LockState::Until(until);
        let judged = owner.judge(&wrong_code(), ThrottleScope::Remote, now);
        assert_eq!(judged, Judgement::Wrong(closed));
        for moment in [now, after(until, -1)] {
            let again = owner.judge(&wrong_code(), ThrottleScope::Remote, moment);
            assert_eq!(again, Judgement::Locked(closed));
        }
        now = until;
    }
}

#[test]
fn tries_during_a_lock_neither_count_nor_prolong_it() {
    let mut owner = Owner::new();
    owner.fail(5, ThrottleScope::Remote, NOON);
    let before = *owner.account.throttle();
    for credential in [
        wrong_code(),
        sheet::FIRST.wrong(),
        Credential::Malformed,
        Credential::Empty,
    ] {
        let judgement = owner.judge(&credential, ThrottleScope::Remote, after(NOON, 1));
        assert_eq!(
            judgement,
            Judgement::Locked(LockState::Until(after(NOON, 30)))
        );
    }
    assert_eq!(*owner.account.throttle(), before);
}

#[test]
fn a_right_code_clears_only_its_own_origin() {
    for here in ALL {
        let mut owner = Owner::new();
        for scope in ALL {
            owner.fail(4, scope, NOON);
        }
        let code = owner.code(NOON, 0);
        let _: Judgement = owner.judge(&code, here, NOON);
        for scope in ALL {
            let failures = if scope == here { 0 } else { 4 };
            assert_eq!(owner.failures(scope), failures);
        }
    }
}

#[test]
fn malformed_input_is_not_counted() {
    let mut owner = Owner::new();
    for _ in 0..200 {
        let judge = |credential| {
            owner
                .account
                .judge(&credential, ThrottleScope::Remote, NOON)
        };
        assert_eq!(
            [Credential::Malformed, Credential::Empty].map(judge),
            [Judgement::NotACode, Judgement::GaveUp]
        );
    }
    assert_eq!(owner.failures(ThrottleScope::Remote), 0);
}

#[test]
fn wrong_backup_codes_count_like_wrong_codes() {
    let mut owner = Owner::new();
    owner.fail(4, ThrottleScope::Remote, NOON);
    let judgement = owner.judge(&sheet::FIRST.wrong(), ThrottleScope::Remote, NOON);
    assert_eq!(
        judgement,
        Judgement::Wrong(LockState::Until(after(NOON, 30)))
    );
    let right = sheet::FIRST.code(0);
    let judgement = owner.judge(&right, ThrottleScope::Remote, after(NOON, 29));
    assert_eq!(
        judgement,
        Judgement::Locked(LockState::Until(after(NOON, 30)))
    );
}

#[test]
fn after_100_wrong_codes_neither_time_nor_a_code_unlocks() {
    for scope in ALL {
        let mut owner = Owner::new();
        let ninety_nine = owner.fail(99, scope, NOON);
        let lock_state = |owner: &Owner| {
            owner
                .account
                .throttle()
                .counter(scope)
                .lock_state(ninety_nine)
        };
        assert_eq!(lock_state(&owner), LockState::Unlocked);
        let judgement = owner.judge(&wrong_code(), scope, ninety_nine);
        assert_eq!(judgement, Judgement::Wrong(LockState::Permanent));
        for later in [0, 3600, YEAR, 100 * YEAR] {
            let now = after(ninety_nine, later);
            let code = owner.code(now, 0);
            assert_eq!(
                owner.judge(&code, scope, now),
                Judgement::Locked(LockState::Permanent)
            );
        }
    }
}

#[test]
fn remote_permanent_lock_opens_by_backup_code_at_console_only() {
    let mut owner = Owner::new();
    let now = after(owner.fail(100, ThrottleScope::Remote, NOON), YEAR);
    let backup = sheet::FIRST.code(3);
    let judgement = owner.judge(&backup, ThrottleScope::Remote, now);
    assert_eq!(judgement, Judgement::Locked(LockState::Permanent));
    let code = owner.code(now, 0);
    let _: Judgement = owner.judge(&code, ThrottleScope::Console, now);
    assert_eq!(
        owner.failures(ThrottleScope::Remote),
        100,
        "a one-time code at the console does not"
    );
    let judgement = owner.judge(&backup, ThrottleScope::Console, now);
    assert_eq!(
        judgement,
        Judgement::Accepted(Factor::BackupCode),
        "nor was it used up"
    );
    assert!(owner.account.throttle().is_clear());
}

#[test]
fn console_permanent_lock_opens_by_backup_code_within_timed_lock() {
    let mut owner = Owner::new();
    let hundredth = owner.fail(100, ThrottleScope::Console, NOON);
    let until = after(hundredth, 3600);
    let early = after(until, -1);
    let judgement = owner.judge(&sheet::FIRST.wrong(), ThrottleScope::Console, early);
    assert_eq!(judgement, Judgement::Locked(LockState::Until(until)));
    let judgement = owner.judge(&sheet::FIRST.wrong(), ThrottleScope::Console, until);
    assert_eq!(judgement, Judgement::Wrong(LockState::Permanent));
    let judgement = owner.judge(&sheet::FIRST.code(0), ThrottleScope::Console, until);
    assert_eq!(
        judgement,
        Judgement::Locked(LockState::Until(after(until, 3600)))
    );
    let judgement = owner.judge(
        &sheet::FIRST.code(0),
        ThrottleScope::Console,
        after(until, 3600),
    );
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
    assert!(owner.account.throttle().is_clear());
}

#[test]
fn the_administrator_unlocks_every_origin() {
    let mut owner = Owner::new();
    let now = owner.fail(100, ThrottleScope::Remote, NOON);
    owner.fail(100, ThrottleScope::Console, NOON);
    owner.fail(100, ThrottleScope::OwnProgram, NOON);
    owner.account.unlock();
    assert!(owner.account.throttle().is_clear());
    let code = owner.code(now, 0);
    let judgement = owner.judge(&code, ThrottleScope::Remote, now);
    assert_eq!(judgement, Judgement::Accepted(CODE));
}

#[test]
fn a_lock_from_a_clock_years_ahead_does_not_last_years() {
    let mut owner = Owner::new();
    let ahead = owner.fail(12, ThrottleScope::Remote, after(NOON, 70 * YEAR));
    assert!(NOON < ahead);
    let judgement = owner.judge(&wrong_code(), ThrottleScope::Remote, NOON);
    let closed = LockState::Until(after(NOON, 3600));
    assert_eq!(
        judgement,
        Judgement::Wrong(closed),
        "the next wrong code locks as usual"
    );
    assert_eq!(owner.failures(ThrottleScope::Remote), 13);
}

#[test]
fn a_clock_set_back_by_a_little_ends_no_lock() {
    let mut owner = Owner::new();
    let until = owner.fail(12, ThrottleScope::Remote, NOON);
    for seconds in [0, -3600, -3601, -7200] {
        let lock_state = owner
            .account
            .throttle()
            .counter(ThrottleScope::Remote)
            .lock_state(after(until, seconds - 1));
        assert_eq!(
            lock_state == LockState::Until(until),
            seconds != -7200,
            "{seconds}"
        );
    }
}

/// An attacker guesses whenever the scope is not locked. The owner gives a right code after every
/// fourth guess, so that no five wrong codes follow each other. Returns the number of judged
/// guesses by the hour.
fn guesses_between_right_codes(owner: &mut Owner, scope: ThrottleScope, hours: u32) -> Vec<u32> {
    let mut now = NOON;
    let mut by_hour = Vec::new();
    for _ in 0..hours {
        let mut judged = 0;
        for _ in 0..60 {
            for _ in 0..4 {
                let judgement = owner.judge(&wrong_code(), scope, now);
                judged += u32::from(matches!(judgement, Judgement::Wrong(_)));
            }
            let right = owner.code(now, 0);
            let _: Judgement = owner.judge(&right, scope, now);
            now = after(now, 60);
        }
        by_hour.push(judged);
    }
    by_hour
}

#[test]
fn wrong_codes_between_right_ones_are_limited_by_the_day() {
    for scope in [ThrottleScope::Remote, ThrottleScope::OwnProgram] {
        let mut owner = Owner::new();
        let by_hour = guesses_between_right_codes(&mut owner, scope, 72);
        let (first, steady): (u32, u32) = (by_hour[..24].iter().sum(), by_hour[24..].iter().sum());
        assert!((50..=100).contains(&first), "{first} on the first day");
        assert!(steady <= 101, "{steady} on the two days after it");
        // The console does not lock the owner out, and the owner logs in remotely at the end of
        // each lock.
        let now = after(NOON, 72 * 3600);
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, ThrottleScope::Console, now);
        assert_eq!(judgement, Judgement::Accepted(CODE));
    }
}

#[test]
fn the_console_has_no_daily_limit() {
    let by_hour = guesses_between_right_codes(&mut Owner::new(), ThrottleScope::Console, 2);
    assert_eq!(by_hour, [240, 240]);
}

#[test]
fn two_wrong_codes_at_each_of_20_logins_a_day_never_lock() {
    let mut owner = Owner::new();
    for day in 0..30 {
        for login in 0..20 {
            // All of them within two hours.
            let now = after(NOON, day * DAY + login * 360);
            for _ in 0..2 {
                let judgement = owner.judge(&wrong_code(), ThrottleScope::Remote, now);
                assert_eq!(
                    judgement,
                    Judgement::Wrong(LockState::Unlocked),
                    "{day} {login}"
                );
            }
            let code = owner.code(now, 0);
            let judgement = owner.judge(&code, ThrottleScope::Remote, now);
            assert_eq!(judgement, Judgement::Accepted(CODE));
        }
    }
}

#[test]
fn the_daily_lock_ends_within_half_an_hour_under_any_clock() {
    let mut owner = Owner::new();
    let ahead = after(NOON, 400 * DAY);
    for minute in 0..20 {
        let now = after(ahead, minute * 60);
        for _ in 0..4 {
            let _: Judgement = owner.judge(&wrong_code(), ThrottleScope::Remote, now);
        }
        let code = owner.code(now, 0);
        let _: Judgement = owner.judge(&code, ThrottleScope::Remote, now);
    }
    let last = after(ahead, 20 * 60);
    let closed = owner
        .account
        .throttle()
        .counter(ThrottleScope::Remote)
        .lock_state(last);
    assert!(
        matches!(closed, LockState::Until(until) if until <= after(last, 1800)),
        "{closed:?}"
    );
    // The clock was ahead.
    let counter = owner.account.throttle().counter(ThrottleScope::Remote);
    assert_eq!(counter.lock_state(NOON), LockState::Unlocked);
}

#[test]
fn remote_and_own_program_scopes_do_not_lock_each_other() {
    for (locked, open) in [
        (ThrottleScope::Remote, ThrottleScope::OwnProgram),
        (ThrottleScope::OwnProgram, ThrottleScope::Remote),
    ] {
        let mut owner = Owner::new();
        let now = owner.fail(100, locked, NOON);
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, open, now);
        assert_eq!(judgement, Judgement::Accepted(CODE));
        assert_eq!(owner.failures(locked), 100);
    }
}

/// Typed answers and their origins.
fn typed() -> impl Strategy<Value = Vec<(usize, u8, i64)>> {
    prop::collection::vec((0..3_usize, 0..5_u8, 0..4000_i64), 0..60)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn answers_at_one_origin_do_not_change_the_others(typed in typed()) {
        let (mut owner, mut now) = (Owner::new(), NOON);
        for (place, kind, wait) in typed {
            now = now.plus(Duration::from_secs(wait.unsigned_abs()));
            let here = ALL[place];
            let others = ALL.map(|there| (there, *owner.account.throttle().counter(there)));
            let credential = match kind {
                0 => owner.code(now, 0),
                1 => sheet::FIRST.wrong(),
                2 => Credential::Malformed,
                _ => wrong_code(),
            };
            let _: Judgement = owner.judge(&credential, here, now);
            for (there, untouched) in others.into_iter().filter(|(there, _)| *there != here) {
                prop_assert_eq!(*owner.account.throttle().counter(there), untouched);
            }
        }
    }

    #[test]
    fn remote_wrong_codes_do_not_lock_the_console(floods in 0..300_u32) {
        let (mut owner, mut now) = (Owner::new(), NOON);
        for _ in 0..floods {
            if let Judgement::Wrong(LockState::Until(until)) =
                owner.judge(&wrong_code(), ThrottleScope::Remote, now)
            {
                now = until;
            }
        }
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, ThrottleScope::Console, now);
        prop_assert_eq!(judgement, Judgement::Accepted(CODE));
    }
}
