//! Wrong codes: how many are too many, for how long, and for whom.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{Evidence, Factor, Gate, Judgement, Origin};

use crate::cases;
use crate::owner::{Owner, wrong_code};
use crate::phone::{NOON, after};
use crate::sheet;

const BOTH: [Origin; 2] = [Origin::Remote, Origin::Console];
const YEAR: i64 = 365 * 86_400;

#[test]
fn the_fifth_wrong_code_in_a_row_locks_and_a_right_one_is_not_judged_until_then() {
    let mut owner = Owner::new();
    for _ in 0..4 {
        let judgement = owner.judge(&wrong_code(), Origin::Remote, NOON);
        assert_eq!(judgement, Judgement::Wrong(Gate::Open));
    }
    let closed = Gate::Until(after(NOON, 30));
    let judgement = owner.judge(&wrong_code(), Origin::Remote, NOON);
    assert_eq!(judgement, Judgement::Wrong(closed));
    let early = after(NOON, 29);
    let right = owner.code(early, 0);
    assert_eq!(
        owner.judge(&right, Origin::Remote, early),
        Judgement::Locked(closed)
    );
    let open = after(NOON, 30);
    let accepted = Judgement::Accepted(Factor::Authenticator);
    assert_eq!(
        owner.judge(&right, Origin::Remote, open),
        accepted,
        "nor was it used up"
    );
}

#[test]
fn a_lock_doubles_up_to_an_hour_with_one_try_at_each_end() {
    let mut owner = Owner::new();
    let mut now = owner.fail(4, Origin::Remote, NOON);
    for seconds in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600] {
        let until = after(now, seconds);
        let closed = Gate::Until(until);
        let judged = owner.judge(&wrong_code(), Origin::Remote, now);
        assert_eq!(judged, Judgement::Wrong(closed));
        for moment in [now, after(until, -1)] {
            let again = owner.judge(&wrong_code(), Origin::Remote, moment);
            assert_eq!(again, Judgement::Locked(closed));
        }
        now = until;
    }
}

#[test]
fn tries_while_it_is_locked_neither_count_nor_prolong() {
    let mut owner = Owner::new();
    owner.fail(5, Origin::Remote, NOON);
    let before = *owner.account.throttle();
    for evidence in [
        wrong_code(),
        sheet::FIRST.wrong(),
        Evidence::Nonsense,
        Evidence::Nothing,
    ] {
        let judgement = owner.judge(&evidence, Origin::Remote, after(NOON, 1));
        assert_eq!(judgement, Judgement::Locked(Gate::Until(after(NOON, 30))));
    }
    assert_eq!(*owner.account.throttle(), before);
}

#[test]
fn a_right_code_clears_its_own_origin_alone() {
    for (here, there) in [
        (Origin::Remote, Origin::Console),
        (Origin::Console, Origin::Remote),
    ] {
        let mut owner = Owner::new();
        owner.fail(4, here, NOON);
        owner.fail(4, there, NOON);
        let code = owner.code(NOON, 0);
        let _: Judgement = owner.judge(&code, here, NOON);
        assert_eq!((owner.failures(here), owner.failures(there)), (0, 4));
    }
}

#[test]
fn what_has_not_the_shape_of_a_code_counts_as_no_try() {
    let mut owner = Owner::new();
    for _ in 0..200 {
        let judge = |evidence| owner.account.judge(&evidence, Origin::Remote, NOON);
        assert_eq!(
            [Evidence::Nonsense, Evidence::Nothing].map(judge),
            [Judgement::NotACode, Judgement::GaveUp]
        );
    }
    assert_eq!(owner.failures(Origin::Remote), 0);
}

#[test]
fn wrong_backup_codes_count_like_wrong_codes() {
    let mut owner = Owner::new();
    owner.fail(4, Origin::Remote, NOON);
    let judgement = owner.judge(&sheet::FIRST.wrong(), Origin::Remote, NOON);
    assert_eq!(judgement, Judgement::Wrong(Gate::Until(after(NOON, 30))));
    let right = sheet::FIRST.code(0);
    let judgement = owner.judge(&right, Origin::Remote, after(NOON, 29));
    assert_eq!(judgement, Judgement::Locked(Gate::Until(after(NOON, 30))));
}

#[test]
fn after_100_wrong_codes_no_time_and_no_one_time_code_opens_it() {
    for origin in BOTH {
        let mut owner = Owner::new();
        let ninety_nine = owner.fail(99, origin, NOON);
        let gate = |owner: &Owner| owner.account.throttle().tally(origin).gate(ninety_nine);
        assert_eq!(gate(&owner), Gate::Open);
        let judgement = owner.judge(&wrong_code(), origin, ninety_nine);
        assert_eq!(judgement, Judgement::Wrong(Gate::ForGood));
        for later in [0, 3600, YEAR, 100 * YEAR] {
            let now = after(ninety_nine, later);
            let code = owner.code(now, 0);
            assert_eq!(
                owner.judge(&code, origin, now),
                Judgement::Locked(Gate::ForGood)
            );
        }
    }
}

#[test]
fn after_100_wrong_codes_from_afar_a_backup_code_opens_it_at_the_console_alone() {
    let mut owner = Owner::new();
    let now = after(owner.fail(100, Origin::Remote, NOON), YEAR);
    let backup = sheet::FIRST.code(3);
    let judgement = owner.judge(&backup, Origin::Remote, now);
    assert_eq!(judgement, Judgement::Locked(Gate::ForGood));
    let code = owner.code(now, 0);
    let _: Judgement = owner.judge(&code, Origin::Console, now);
    assert_eq!(
        owner.failures(Origin::Remote),
        100,
        "a one-time code at the console does not"
    );
    let judgement = owner.judge(&backup, Origin::Console, now);
    assert_eq!(
        judgement,
        Judgement::Accepted(Factor::BackupCode),
        "nor was it used up"
    );
    assert!(owner.account.throttle().is_clear());
}

#[test]
fn after_100_wrong_codes_at_the_console_a_backup_code_opens_it_at_the_pace_of_the_lock() {
    let mut owner = Owner::new();
    let hundredth = owner.fail(100, Origin::Console, NOON);
    let until = after(hundredth, 3600);
    let early = after(until, -1);
    let judgement = owner.judge(&sheet::FIRST.wrong(), Origin::Console, early);
    assert_eq!(judgement, Judgement::Locked(Gate::Until(until)));
    let judgement = owner.judge(&sheet::FIRST.wrong(), Origin::Console, until);
    assert_eq!(judgement, Judgement::Wrong(Gate::ForGood));
    let judgement = owner.judge(&sheet::FIRST.code(0), Origin::Console, until);
    assert_eq!(
        judgement,
        Judgement::Locked(Gate::Until(after(until, 3600)))
    );
    let judgement = owner.judge(&sheet::FIRST.code(0), Origin::Console, after(until, 3600));
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
    assert!(owner.account.throttle().is_clear());
}

#[test]
fn the_administrator_opens_both_origins() {
    let mut owner = Owner::new();
    let now = owner.fail(100, Origin::Remote, NOON);
    owner.fail(100, Origin::Console, NOON);
    owner.account.unlock();
    assert!(owner.account.throttle().is_clear());
    let code = owner.code(now, 0);
    let judgement = owner.judge(&code, Origin::Remote, now);
    assert_eq!(judgement, Judgement::Accepted(Factor::Authenticator));
}

#[test]
fn a_lock_made_by_a_clock_that_was_years_ahead_does_not_hold_for_years() {
    let mut owner = Owner::new();
    let ahead = owner.fail(12, Origin::Remote, after(NOON, 70 * YEAR));
    assert!(NOON < ahead);
    let judgement = owner.judge(&wrong_code(), Origin::Remote, NOON);
    let closed = Gate::Until(after(NOON, 3600));
    assert_eq!(
        judgement,
        Judgement::Wrong(closed),
        "and the next wrong code locks as ever"
    );
    assert_eq!(owner.failures(Origin::Remote), 13);
}

#[test]
fn a_clock_that_is_set_back_by_a_little_opens_no_lock() {
    let mut owner = Owner::new();
    let until = owner.fail(12, Origin::Remote, NOON);
    for seconds in [0, -3600, -3601, -7200] {
        let gate = owner
            .account
            .throttle()
            .tally(Origin::Remote)
            .gate(after(until, seconds - 1));
        assert_eq!(gate == Gate::Until(until), seconds != -7200, "{seconds}");
    }
}

/// What somebody types, and from where.
fn typed() -> impl Strategy<Value = Vec<(usize, u8, i64)>> {
    prop::collection::vec((0..2_usize, 0..5_u8, 0..4000_i64), 0..60)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn what_is_typed_in_one_place_changes_nothing_in_the_other(typed in typed()) {
        let (mut owner, mut now) = (Owner::new(), NOON);
        for (place, kind, wait) in typed {
            now = now.plus(Duration::from_secs(wait.unsigned_abs()));
            let (here, there) = (BOTH[place], BOTH[1 - place]);
            let untouched = *owner.account.throttle().tally(there);
            let evidence = match kind {
                0 => owner.code(now, 0),
                1 => sheet::FIRST.wrong(),
                2 => Evidence::Nonsense,
                _ => wrong_code(),
            };
            let _: Judgement = owner.judge(&evidence, here, now);
            prop_assert_eq!(*owner.account.throttle().tally(there), untouched);
        }
    }

    #[test]
    fn no_flood_from_afar_locks_the_console(floods in 0..300_u32) {
        let (mut owner, mut now) = (Owner::new(), NOON);
        for _ in 0..floods {
            if let Judgement::Wrong(Gate::Until(until)) =
                owner.judge(&wrong_code(), Origin::Remote, now)
            {
                now = until;
            }
        }
        let code = owner.code(now, 0);
        let judgement = owner.judge(&code, Origin::Console, now);
        prop_assert_eq!(judgement, Judgement::Accepted(Factor::Authenticator));
    }
}
