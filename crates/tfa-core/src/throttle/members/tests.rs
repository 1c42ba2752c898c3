use std::collections::VecDeque;
use std::time::Duration;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tfa_fleet_core::HostName;

use super::*;

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const PLACES: [MemberPlace; 3] = [
    MemberPlace::Session,
    MemberPlace::Console,
    MemberPlace::OwnProgram,
];

fn at(seconds: u64) -> Time {
    Time::from_secs(1_700_000_000 + seconds)
}

fn scope(member: &str, place: MemberPlace) -> MemberScope {
    MemberScope::new(&HostName::new(member).unwrap(), place)
}

fn session(member: &str) -> MemberScope {
    scope(member, MemberPlace::Session)
}

/// Gives wrong codes at a place until no time unlocks it. Returns when the last one was given.
fn fill(counters: &mut MemberCounters, scope: MemberScope, mut now: Time) -> Time {
    loop {
        match counters.lock_state(scope, now) {
            LockState::Unlocked => counters.fail(scope, now),
            LockState::Until(until) => now = until,
            LockState::Permanent => return now,
        }
    }
}

/// Gives a wrong code where one is accepted. Returns whether it was.
fn guess(counters: &mut MemberCounters, scope: MemberScope, now: Time) -> bool {
    let is_open = counters.lock_state(scope, now) == LockState::Unlocked;
    if is_open {
        counters.fail(scope, now);
    }
    is_open
}

fn is_open(counters: &MemberCounters, scope: MemberScope, now: Time) -> bool {
    counters.lock_state(scope, now) == LockState::Unlocked
}

#[test]
fn each_place_at_each_member_has_a_lock_of_its_own() {
    let mut counters = MemberCounters::default();
    let now = fill(&mut counters, session("web1"), at(0));
    for other in [
        session("web2"),
        scope("web1", MemberPlace::Console),
        scope("web1", MemberPlace::OwnProgram),
    ] {
        assert!(is_open(&counters, other, now));
    }
    let locks: Vec<_> = counters.locks(now).collect();
    let expected = MemberLock {
        member: Some("web1"),
        scope: Some(LockScope::Sessions),
        failures: 10,
        state: LockState::Permanent,
    };
    assert_eq!(locks, [expected]);
}

#[test]
fn seven_members_lock_no_other_one_and_eight_do() {
    let mut counters = MemberCounters::default();
    let mut now = at(0);
    for number in 0..8 {
        assert!(is_open(&counters, session("web9"), now), "{number}");
        for place in PLACES {
            now = fill(&mut counters, scope(&format!("bad{number}"), place), now);
        }
    }
    assert_eq!(
        counters.lock_state(session("web9"), now),
        LockState::Permanent
    );
    assert_eq!(counters.lock_of_further(now), LockState::Permanent);
    let later = now.plus(Duration::from_secs(91 * DAY));
    assert!(is_open(&counters, session("web9"), later));
}

#[test]
fn right_code_ends_the_row_of_its_place_alone() {
    let mut counters = MemberCounters::default();
    for place in PLACES {
        (0..5).for_each(|_| counters.fail(scope("web1", place), at(0)));
    }
    counters.fail(session("web2"), at(0));
    counters.succeed(session("web1"), at(0));
    let failures = |scope| counters.counter(scope).failures();
    assert_eq!(failures(session("web1")), 0);
    assert_eq!(failures(scope("web1", MemberPlace::Console)), 5);
    assert_eq!(failures(session("web2")), 1);
}

#[test]
fn lock_of_a_member_is_not_reset_by_other_members() {
    let mut counters = MemberCounters::default();
    for _ in 0..5 {
        counters.fail(session("bad"), at(0));
    }
    for number in 0..500 {
        let scope = session(&format!("web{number}"));
        for second in 0..4 {
            guess(&mut counters, scope, at(60 + number * HOUR + second));
        }
    }
    assert_eq!(counters.counter(session("bad")).failures(), 5);
}

#[test]
fn wrong_codes_that_were_left_make_room_for_further_members() {
    let mut counters = MemberCounters::default();
    for number in 0..38 {
        assert!(
            guess(&mut counters, session(&format!("web{number}")), at(number)),
            "{number}"
        );
    }
    // Eight have counters, and 30 are displaced. One of these is forgotten in a day.
    let further = session("web38");
    let until = match counters.lock_state(further, at(38)) {
        LockState::Until(until) => until,
        other => panic!("{other:?}"),
    };
    assert!(until <= at(38 + DAY));
    let before = Time::from_secs(until.as_secs() - 1);
    assert!(!is_open(&counters, further, before));
    assert!(guess(&mut counters, further, until));
    assert!(!is_open(&counters, session("web39"), until));
    assert!(counters.is_sound());
}

#[test]
fn two_members_do_not_displace_each_other_in_turn() {
    let mut counters = MemberCounters::default();
    for number in 0..7 {
        let scope = session(&format!("web{number}"));
        (0..2).for_each(|_| counters.fail(scope, at(number)));
    }
    for number in 10..200 {
        guess(&mut counters, session("bad1"), at(number));
        guess(&mut counters, session("bad2"), at(number));
    }
    assert!(is_open(&counters, session("web9"), at(200)));
    assert!(counters.displaced.has_room(28, at(200)));
}

#[test]
fn counters_are_free_for_another_member_when_their_day_is_over() {
    let mut counters = MemberCounters::default();
    for number in 0..8 {
        let scope = session(&format!("web{number}"));
        (0..7).for_each(|_| counters.fail(scope, at(0)));
        counters.succeed(scope, at(0));
    }
    let LockState::Until(until) = counters.lock_of_further(at(0)) else {
        panic!("not locked")
    };
    assert_eq!(until, at(7 * 6 * HOUR));
    assert!(guess(&mut counters, session("web9"), until));
    // No wrong code of another member is kept.
    assert_eq!(counters.displaced, Displaced::default());
}

#[test]
fn guesses_of_many_members_have_the_bound_of_the_documentation() {
    // All of one member first, or at most four in turn.
    for at_a_time in [30, 4, 1] {
        let mut counters = MemberCounters::default();
        let mut guesses = Vec::new();
        for hours in (0..200 * 24).step_by(12) {
            let now = at(hours * HOUR);
            for number in 0..30 {
                let before = guesses.len();
                for place in PLACES {
                    let scope = scope(&format!("bad{number}"), place);
                    while guesses.len() < before + at_a_time && guess(&mut counters, scope, now) {
                        guesses.push(hours);
                    }
                }
            }
        }
        let within = |days: u64| most_within(&guesses, days * 24);
        assert!(within(7) <= 277, "{at_a_time}: {}", within(7));
        assert!(within(90) <= 360, "{at_a_time}: {}", within(90));
    }
}

/// The most of these times, in order, within a duration.
fn most_within(times: &[u64], duration: u64) -> usize {
    let mut within = VecDeque::new();
    let numbers = times.iter().map(|time| {
        within.push_back(*time);
        while within
            .front()
            .is_some_and(|first| first + duration <= *time)
        {
            within.pop_front();
        }
        within.len()
    });
    numbers.max().unwrap_or_default()
}

/// What the owner does at a member.
#[derive(Debug, Clone, Copy)]
enum Owner {
    /// Some wrong codes, and then a right one.
    LogsIn(u32),
    /// One wrong code, and no right one.
    Leaves,
}

fn places() -> impl Strategy<Value = MemberPlace> {
    prop::sample::select(PLACES.to_vec())
}

fn owner() -> impl Strategy<Value = Owner> {
    prop_oneof![
        4 => (0..3_u32).prop_map(Owner::LogsIn),
        1 => Just(Owner::Leaves),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn two_members_never_lock_another_one(
        turns in prop::collection::vec(
            (owner(), 0..30_u32, places(), 1..48_u64, 0..2_usize, places(), 0..20_u32),
            1..200,
        ),
    ) {
        let mut counters = MemberCounters::default();
        let mut now = at(0);
        for (owner, web, place, hours, bad, bad_place, guesses) in turns {
            now = now.plus(Duration::from_secs(hours * HOUR));
            let bad = scope(["bad1", "bad2"][bad], bad_place);
            (0..guesses).for_each(|_| { guess(&mut counters, bad, now); });
            let web = scope(&format!("web{web}"), place);
            // The owner locks no place by mistake.
            let errs = |counters: &mut MemberCounters| {
                if counters.counter(web).counted(ONE_PLACE, now) < 4 {
                    counters.fail(web, now);
                }
            };
            prop_assert!(is_open(&counters, web, now));
            match owner {
                Owner::LogsIn(wrong) => {
                    (0..wrong).for_each(|_| errs(&mut counters));
                    prop_assert!(is_open(&counters, web, now));
                    counters.succeed(web, now);
                }
                Owner::Leaves => errs(&mut counters),
            }
            prop_assert_eq!(counters.lock_of_further(now), LockState::Unlocked);
        }
    }

    #[test]
    fn guesses_without_a_right_code_are_bounded_in_any_order(
        turns in prop::collection::vec((0..25_u32, places(), 0..24_u64, 1..12_u32), 1..600),
    ) {
        let mut counters = MemberCounters::default();
        let (mut hour, mut guesses) = (0, Vec::new());
        for (member, place, hours, tries) in turns {
            hour += hours;
            let scope = scope(&format!("bad{member}"), place);
            for _ in 0..tries {
                if guess(&mut counters, scope, at(hour * HOUR)) {
                    guesses.push(hour);
                }
            }
        }
        prop_assert!(most_within(&guesses, 24) <= 271);
        prop_assert!(most_within(&guesses, 90 * 24) <= 360);
    }

    #[test]
    fn record_stays_small_and_is_read_as_it_was_written(
        turns in prop::collection::vec((0..40_u32, places(), any::<bool>(), 0..DAY), 0..400),
    ) {
        let mut counters = MemberCounters::default();
        let mut now = at(0);
        let long = "a".repeat(50) + "." + &"b".repeat(50);
        for (member, place, is_right, seconds) in turns {
            now = now.plus(Duration::from_secs(seconds));
            let scope = scope(&format!("web{member}.{long}"), place);
            match is_right {
                true => counters.succeed(scope, now),
                false => counters.fail(scope, now),
            }
        }
        let bytes = minicbor::to_vec(&counters).unwrap();
        prop_assert!(bytes.len() <= 1200, "{}", bytes.len());
        prop_assert!(counters.is_sound());
        let read: MemberCounters = minicbor::decode(&bytes).unwrap();
        prop_assert_eq!(read, counters);
    }
}

/// The counters as versions before wrote them.
#[derive(Encode, CborLen)]
struct Earlier {
    #[n(0)]
    places: Vec<EarlierPlace>,
    #[n(1)]
    others: FailureCounter,
}

#[derive(Encode, CborLen)]
struct EarlierPlace {
    #[cbor(n(0), with = "minicbor::bytes")]
    key: [u8; 16],
    #[n(1)]
    wrong: FailureCounter,
    #[n(2)]
    last: Time,
}

#[test]
fn counters_of_earlier_versions_keep_their_locks() {
    let mut wrong = CLEAR;
    (0..9).for_each(|_| wrong.fail(ONE_PLACE, at(0)));
    let hash: [u8; 32] = Sha256::digest("tfa place session web1").into();
    let place = EarlierPlace {
        key: hash[..16].try_into().unwrap(),
        wrong,
        last: at(0),
    };
    let mut others = CLEAR;
    (0..28).for_each(|_| others.fail(ONE_PLACE, at(0)));
    let record = Earlier {
        places: vec![place],
        others,
    };
    let bytes = minicbor::to_vec(&record).unwrap();
    let mut counters: MemberCounters = minicbor::decode(&bytes).unwrap();
    assert!(counters.is_sound());
    let web1 = session("web1");
    let closed = counters.lock_state(web1, at(0));
    assert!(matches!(closed, LockState::Until(_)), "{closed:?}");
    let locks: Vec<_> = counters.locks(at(0)).collect();
    let expected = MemberLock {
        member: None,
        scope: None,
        failures: 9,
        state: closed,
    };
    assert_eq!(locks, [expected]);
    let console = scope("web1", MemberPlace::Console);
    assert!(is_open(&counters, console, at(0)) && is_open(&counters, session("web2"), at(0)));
    counters.fail(web1, at(DAY * 7));
    assert_eq!(counters.lock_state(web1, at(DAY * 7)), LockState::Permanent);
    // What counted for all further places counts as displaced.
    let further = (0..20).take_while(|n| guess(&mut counters, session(&format!("bad{n}")), at(1)));
    assert_eq!(further.count(), 10);
    counters.succeed(web1, at(DAY * 7));
    assert_eq!(counters.counter(web1).failures(), 0);
}
