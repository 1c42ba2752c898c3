//! Wrong codes: how many cause a lock, for how long, and for which origins.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{
    Account, Credential, Factor, HostName, Judgement, LockState, MemberPlace, MemberScope,
    RemoteOrigin, ThrottleScope,
};

use crate::cases;
use crate::owner::{CODE, Owner, permanent_after, wrong_code};
use crate::phone::{NOON, after};
use crate::sheet;

const ALL: [ThrottleScope; 4] = [
    ThrottleScope::UNKNOWN,
    ThrottleScope::Console,
    ThrottleScope::OwnProgram,
    ThrottleScope::Session,
];
const DAY: i64 = 86_400;
const YEAR: i64 = 365 * 86_400;

#[test]
fn fifth_wrong_code_locks_also_against_a_right_code() {
    let mut owner = Owner::new();
    for _ in 0..4 {
        let judgement = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, NOON);
        assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked));
    }
    let closed = LockState::Until(after(NOON, 30));
    let judgement = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(judgement, Judgement::Wrong(closed));
    let early = after(NOON, 29);
    let right = owner.code(early, 0);
    assert_eq!(
        owner.judge(&right, ThrottleScope::UNKNOWN, early),
        Judgement::Locked(closed)
    );
    let open = after(NOON, 30);
    let accepted = Judgement::Accepted(CODE);
    assert_eq!(
        owner.judge(&right, ThrottleScope::UNKNOWN, open),
        accepted,
        "nor was it used up"
    );
}

#[test]
fn a_lock_doubles_up_to_an_hour_with_one_try_after_each() {
    let mut owner = Owner::new();
    let mut now = owner.fail(4, ThrottleScope::UNKNOWN, NOON);
    for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        let until = after(now, seconds);
        let closed = LockState::Until(until);
        let judged = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, now);
        assert_eq!(judged, Judgement::Wrong(closed));
        for moment in [now, after(until, -1)] {
            let again = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, moment);
            assert_eq!(again, Judgement::Locked(closed));
        }
        now = until;
    }
}

#[test]
fn tries_during_a_lock_neither_count_nor_prolong_it() {
    let mut owner = Owner::new();
    owner.fail(5, ThrottleScope::UNKNOWN, NOON);
    let before = owner.account.throttle().clone();
    for credential in [
        wrong_code(),
        sheet::FIRST.wrong(),
        Credential::Malformed,
        Credential::Empty,
    ] {
        let judgement = owner.judge(&credential, ThrottleScope::UNKNOWN, after(NOON, 1));
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
                .judge(&credential, ThrottleScope::UNKNOWN, NOON)
        };
        assert_eq!(
            [Credential::Malformed, Credential::Empty].map(judge),
            [Judgement::NotACode, Judgement::GaveUp]
        );
    }
    assert_eq!(owner.failures(ThrottleScope::UNKNOWN), 0);
}

#[test]
fn wrong_backup_codes_count_like_wrong_codes() {
    let mut owner = Owner::new();
    owner.fail(4, ThrottleScope::UNKNOWN, NOON);
    let judgement = owner.judge(&sheet::FIRST.wrong(), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(
        judgement,
        Judgement::Wrong(LockState::Until(after(NOON, 30)))
    );
    let right = sheet::FIRST.code(0);
    let judgement = owner.judge(&right, ThrottleScope::UNKNOWN, after(NOON, 29));
    assert_eq!(
        judgement,
        Judgement::Locked(LockState::Until(after(NOON, 30)))
    );
}

#[test]
fn neither_time_nor_a_code_ends_a_permanent_lock() {
    for scope in ALL {
        let mut owner = Owner::new();
        let last_but_one = owner.fail(permanent_after(scope) - 1, scope, NOON);
        let lock_state = |owner: &Owner| owner.account.lock_state(scope, last_but_one);
        assert_eq!(lock_state(&owner), LockState::Unlocked);
        let judgement = owner.judge(&wrong_code(), scope, last_but_one);
        assert_eq!(judgement, Judgement::Wrong(LockState::Permanent));
        for later in [0, 3600, YEAR, 100 * YEAR] {
            let now = after(last_but_one, later);
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
    let now = after(owner.lock_permanently(ThrottleScope::UNKNOWN, NOON), YEAR);
    let backup = sheet::FIRST.code(3);
    let judgement = owner.judge(&backup, ThrottleScope::UNKNOWN, now);
    assert_eq!(judgement, Judgement::Locked(LockState::Permanent));
    let code = owner.code(now, 0);
    let _: Judgement = owner.judge(&code, ThrottleScope::Console, now);
    assert_eq!(
        owner.failures(ThrottleScope::UNKNOWN),
        45,
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
    let hundredth = owner.lock_permanently(ThrottleScope::Console, NOON);
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
    let now = owner.lock_permanently(ThrottleScope::UNKNOWN, NOON);
    owner.lock_permanently(ThrottleScope::Console, NOON);
    owner.lock_permanently(ThrottleScope::OwnProgram, NOON);
    owner.account.unlock();
    assert!(owner.account.throttle().is_clear());
    let code = owner.code(now, 0);
    let judgement = owner.judge(&code, ThrottleScope::UNKNOWN, now);
    assert_eq!(judgement, Judgement::Accepted(CODE));
}

#[test]
fn a_lock_from_a_clock_years_ahead_does_not_last_years() {
    let mut owner = Owner::new();
    let ahead = owner.fail(12, ThrottleScope::UNKNOWN, after(NOON, 70 * YEAR));
    assert!(NOON < ahead);
    let judgement = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, NOON);
    let closed = LockState::Until(after(NOON, 3600));
    assert_eq!(
        judgement,
        Judgement::Wrong(closed),
        "the next wrong code locks as usual"
    );
    assert_eq!(owner.failures(ThrottleScope::UNKNOWN), 13);
}

#[test]
fn a_clock_set_back_by_a_little_ends_no_lock() {
    let mut owner = Owner::new();
    let until = owner.fail(12, ThrottleScope::UNKNOWN, NOON);
    for seconds in [0, -3600, -3601, -7200] {
        let lock_state = owner
            .account
            .lock_state(ThrottleScope::UNKNOWN, after(until, seconds - 1));
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
    for (scope, at_once, per_day) in [
        (ThrottleScope::UNKNOWN, 30, 15),
        (ThrottleScope::OwnProgram, 10, 5),
        (ThrottleScope::Session, 10, 5),
    ] {
        let mut owner = Owner::new();
        let by_hour = guesses_between_right_codes(&mut owner, scope, 72);
        let (first, steady): (u32, u32) = (by_hour[..24].iter().sum(), by_hour[24..].iter().sum());
        let most = at_once + per_day;
        assert!(
            (at_once..=most).contains(&first),
            "{first} on the first day"
        );
        assert!(
            steady <= 2 * per_day + 1,
            "{steady} on the two days after it"
        );
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
fn a_wrong_code_at_each_of_15_logins_a_day_never_locks() {
    let home = ThrottleScope::Remote(RemoteOrigin::new(None, Some([192, 0, 2, 7].into())));
    for scope in [home, ThrottleScope::UNKNOWN] {
        let mut owner = Owner::new();
        for day in 0..30 {
            for login in 0..15 {
                // All of them within two hours.
                let now = after(NOON, day * DAY + login * 480);
                let judgement = owner.judge(&wrong_code(), scope, now);
                let unlocked = Judgement::Wrong(LockState::Unlocked);
                assert_eq!(judgement, unlocked, "{day} {login}");
                let code = owner.code(now, 0);
                let judgement = owner.judge(&code, scope, now);
                assert_eq!(judgement, Judgement::Accepted(CODE));
            }
        }
    }
}

#[test]
fn the_daily_lock_ends_within_two_hours_under_any_clock() {
    let mut owner = Owner::new();
    let ahead = after(NOON, 400 * DAY);
    for minute in 0..20 {
        let now = after(ahead, minute * 60);
        for _ in 0..4 {
            let _: Judgement = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, now);
        }
        let code = owner.code(now, 0);
        let _: Judgement = owner.judge(&code, ThrottleScope::UNKNOWN, now);
    }
    let last = after(ahead, 20 * 60);
    let closed = owner.account.lock_state(ThrottleScope::UNKNOWN, last);
    assert!(
        matches!(closed, LockState::Until(until) if until <= after(last, 5760)),
        "{closed:?}"
    );
    // The clock was ahead.
    let lock_state = owner.account.lock_state(ThrottleScope::UNKNOWN, NOON);
    assert_eq!(lock_state, LockState::Unlocked);
}

#[test]
fn remote_session_and_own_program_scopes_do_not_lock_each_other() {
    for (locked, open) in [
        (ThrottleScope::UNKNOWN, ThrottleScope::Session),
        (ThrottleScope::Session, ThrottleScope::UNKNOWN),
        (ThrottleScope::UNKNOWN, ThrottleScope::OwnProgram),
        (ThrottleScope::OwnProgram, ThrottleScope::UNKNOWN),
    ] {
        let mut owner = Owner::new();
        let now = owner.lock_permanently(locked, NOON);
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, open, now);
        assert_eq!(judgement, Judgement::Accepted(CODE));
        assert_eq!(owner.failures(locked), permanent_after(locked));
    }
}

/// Typed answers and their origins.
fn typed() -> impl Strategy<Value = Vec<(usize, u8, i64)>> {
    prop::collection::vec((0..4_usize, 0..5_u8, 0..4000_i64), 0..60)
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
                owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, now)
            {
                now = until;
            }
        }
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, ThrottleScope::Console, now);
        prop_assert_eq!(judgement, Judgement::Accepted(CODE));
    }
}

#[test]
fn wrong_codes_at_a_member_survive_the_record() {
    let member = HostName::new("web1").unwrap();
    let scope = ThrottleScope::AtMember(MemberScope::new(&member, MemberPlace::Session));
    let mut owner = Owner::new();
    owner.fail(5, scope, NOON);
    let account = Account::decode(&owner.account.encode()).unwrap();
    let until = LockState::Until(after(NOON, 30));
    assert_eq!(account.lock_state(scope, NOON), until);
    for other in ALL {
        assert_eq!(account.lock_state(other, NOON), LockState::Unlocked);
    }
    owner.account.unlock();
    assert_eq!(owner.account.lock_state(scope, NOON), LockState::Unlocked);
}
