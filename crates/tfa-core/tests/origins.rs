//! Known origins: which wrong codes lock whom, and how many there can be over all counters.

use std::net::IpAddr;
use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{
    Account, Credential, Factor, Judgement, KeyFingerprint, LockScope, LockState, ORIGIN_LIFETIME,
    RemoteOrigin, ThrottleScope, Time,
};

use crate::cases;
use crate::owner::{CODE, Owner, account_of_several, permanent_after, wrong_code};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

const DAY: i64 = 86_400;
/// The limits of known origins in a row: of each, and of all of them.
const ONE_KNOWN: u32 = 10;
const ALL_KNOWN: u32 = 25;

fn at(address: &str) -> ThrottleScope {
    ThrottleScope::Remote(RemoteOrigin::new(None, Some(address.parse().unwrap())))
}

fn key(number: u8) -> KeyFingerprint {
    KeyFingerprint([number; 32])
}

fn with_key(number: u8, address: &str) -> ThrottleScope {
    let address = address.parse().unwrap();
    ThrottleScope::Remote(RemoteOrigin::new(Some(key(number)), Some(address)))
}

/// Where the owner has been, and where the owner has not.
const HOME: &str = "192.0.2.7";
const OFFICE: &str = "198.51.100.9";
const FAR_AWAY: &str = "203.0.113.66";

impl Owner {
    /// The owner logs in from there. Each call needs a time step of its own.
    fn log_in(&mut self, scope: ThrottleScope, now: Time) {
        let code = self.code(now, 0);
        let judgement = self.judge(&code, scope, now);
        assert_eq!(judgement, Judgement::Accepted(CODE));
    }

    /// An owner who has logged in at these places, a minute apart, the last of them a minute ago.
    fn who_was_at(scopes: &[ThrottleScope]) -> Self {
        let mut owner = Self::new();
        for (scope, ago) in scopes.iter().zip((1..=scopes.len()).rev()) {
            owner.log_in(*scope, after(NOON, -60 * i64::try_from(ago).unwrap()));
        }
        owner
    }

    fn is_known(&self, scope: ThrottleScope, now: Time) -> bool {
        self.account.lock_scope(scope, now) == LockScope::KnownOrigin
    }
}

#[test]
fn a_permanent_lock_of_unknown_origins_leaves_known_ones() {
    let owner = &mut Owner::who_was_at(&[at(HOME), with_key(1, OFFICE)]);
    let later = owner.lock_permanently(at(FAR_AWAY), NOON);
    for elsewhere in [
        at("203.0.113.99"),
        ThrottleScope::UNKNOWN,
        with_key(2, FAR_AWAY),
    ] {
        assert_eq!(
            owner.account.lock_state(elsewhere, later),
            LockState::Permanent
        );
    }
    let known = [
        at(HOME),
        at(OFFICE),
        with_key(1, FAR_AWAY),
        with_key(2, HOME),
        ThrottleScope::Session,
        ThrottleScope::OwnProgram,
        ThrottleScope::Console,
    ];
    for (scope, minute) in known.into_iter().zip(0..) {
        owner.log_in(scope, after(later, 60 * minute));
    }
    // The attacker's places stay locked.
    let much_later = after(later, DAY);
    let lock_state = owner.account.lock_state(at("203.0.113.99"), much_later);
    assert_eq!(lock_state, LockState::Permanent);
}

#[test]
fn only_a_right_code_makes_an_origin_known() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    owner.log_in(ThrottleScope::Console, NOON);
    for wrong in [wrong_code(), used, Credential::Malformed, Credential::Empty] {
        let _: Judgement = owner.judge(&wrong, at(HOME), NOON);
        assert_eq!(owner.account.known_origins(NOON), 0);
    }
    let backup = owner.judge(&sheet::FIRST.code(0), with_key(1, HOME), NOON);
    assert_eq!(backup, Judgement::Accepted(Factor::BackupCode));
    assert_eq!(owner.account.known_origins(NOON), 2);
    for scope in [at(HOME), with_key(1, FAR_AWAY), with_key(2, HOME)] {
        assert!(owner.is_known(scope, NOON));
    }
    assert!(!owner.is_known(with_key(2, FAR_AWAY), NOON));
}

#[test]
fn other_scopes_make_no_origin_known() {
    let mut owner = Owner::new();
    for (scope, minute) in [
        ThrottleScope::Session,
        ThrottleScope::OwnProgram,
        ThrottleScope::Console,
        ThrottleScope::UNKNOWN,
    ]
    .into_iter()
    .zip(0..)
    {
        owner.log_in(scope, after(NOON, 60 * minute));
    }
    assert_eq!(owner.account.known_origins(after(NOON, 240)), 0);
}

#[test]
fn ipv6_origin_is_its_64_network() {
    let owner = Owner::who_was_at(&[at("2001:db8:1:2:3::4"), at("::ffff:192.0.2.7")]);
    assert!(owner.is_known(at("2001:db8:1:2:ffff::"), NOON));
    assert!(!owner.is_known(at("2001:db8:1:3:3::4"), NOON));
    assert!(owner.is_known(at("192.0.2.7"), NOON));
    assert!(!owner.is_known(at("192.0.2.8"), NOON));
}

#[test]
fn an_origin_is_forgotten_30_days_after_its_last_right_code() {
    let mut owner = Owner::new();
    owner.log_in(with_key(1, HOME), NOON);
    let day_20 = after(NOON, 20 * DAY);
    owner.log_in(with_key(1, OFFICE), day_20);
    let last = NOON.plus(ORIGIN_LIFETIME);
    assert!(owner.is_known(at(HOME), last));
    assert!(!owner.is_known(at(HOME), after(last, 1)));
    assert!(owner.is_known(with_key(1, HOME), day_20.plus(ORIGIN_LIFETIME)));
    let day_60 = after(NOON, 60 * DAY);
    assert_eq!(owner.account.known_origins(day_60), 0);
    // The record keeps none of them.
    owner.log_in(at(FAR_AWAY), day_60);
    assert_eq!(owner.account.known_origins(after(NOON, 20 * DAY)), 0);
}

#[test]
fn a_remembered_device_keeps_its_origin_known_and_makes_none_known() {
    let mut owner = Owner::new();
    owner.log_in(with_key(1, HOME), NOON);
    for day in [20, 40, 60] {
        let now = after(NOON, day * DAY);
        owner.account.keep_origin(with_key(1, OFFICE), now);
        owner.account.keep_origin(ThrottleScope::Console, now);
        assert!(owner.is_known(with_key(1, FAR_AWAY), now));
        assert!(!owner.is_known(at(OFFICE), now));
    }
    assert!(!owner.is_known(at(HOME), after(NOON, 40 * DAY)));
    let late = after(NOON, 91 * DAY);
    owner.account.keep_origin(with_key(1, HOME), late);
    assert!(!owner.is_known(with_key(1, HOME), late));
}

#[test]
fn an_origin_of_a_clock_far_ahead_is_not_known() {
    let mut owner = Owner::new();
    owner.log_in(at(HOME), after(NOON, 400 * DAY));
    assert!(!owner.is_known(at(HOME), NOON));
    owner.log_in(at(HOME), NOON);
    assert!(owner.is_known(at(HOME), NOON));
    assert!(owner.is_known(at(HOME), after(NOON, -7200)));
}

#[test]
fn of_too_many_addresses_the_longest_unused_one_goes_and_keys_stay() {
    let mut owner = Owner::new();
    owner.log_in(with_key(1, HOME), NOON);
    let minute = |number: u32| after(NOON, 60 * i64::from(number));
    let address = |number: u32| at(&format!("198.51.100.{number}"));
    for number in 1..=9 {
        owner.log_in(address(number), minute(number));
    }
    owner.log_in(at(HOME), minute(10));
    owner.log_in(address(10), minute(11));
    let now = minute(12);
    assert_eq!(owner.account.known_origins(now), 11);
    assert!(!owner.is_known(address(1), now));
    assert!(owner.is_known(address(2), now) && owner.is_known(at(HOME), now));
    assert!(owner.is_known(with_key(1, FAR_AWAY), now));
}

#[test]
fn a_known_origin_locks_itself_alone_and_then_counts_as_unknown() {
    let mut owner = Owner::who_was_at(&[at(HOME), at(OFFICE)]);
    // In a day, 8 and then one each six hours.
    let mut now = NOON;
    while owner.is_known(at(OFFICE), now) {
        match owner.judge(&wrong_code(), at(OFFICE), now) {
            Judgement::Wrong(LockState::Until(until)) => now = until,
            Judgement::Wrong(_) => {}
            other => panic!("judged {other:?}"),
        }
        assert!(owner.is_known(at(HOME), now));
        assert_eq!(owner.account.lock_state(at(HOME), now), LockState::Unlocked);
    }
    assert_eq!(owner.account.locked_known_origins(now), 1);
    let tomorrow = after(now, 6 * 3600);
    assert!(owner.is_known(at(OFFICE), tomorrow));
    let mut later = tomorrow;
    loop {
        match owner.judge(&wrong_code(), at(OFFICE), later) {
            Judgement::Wrong(LockState::Until(until)) => later = until,
            Judgement::Wrong(LockState::Unlocked) => {}
            Judgement::Wrong(LockState::Permanent) => break,
            other => panic!("judged {other:?}"),
        }
    }
    assert!(!owner.is_known(at(OFFICE), after(later, DAY)));
    let lock_state = owner.account.lock_state(at(OFFICE), after(later, DAY));
    assert_eq!(lock_state, LockState::Permanent);
    owner.log_in(at(HOME), later);
}

#[test]
fn a_limit_of_the_day_ends_when_the_origin_counts_as_known_again() {
    let mut owner = Owner::who_was_at(&[at(HOME)]);
    // Right codes between the wrong ones: the row never ends.
    let mut now = NOON;
    while owner.is_known(at(HOME), now) {
        let _: Judgement = owner.judge(&wrong_code(), at(HOME), now);
        let code = owner.code(now, 0);
        let _: Judgement = owner.judge(&code, at(HOME), now);
        now = after(now, 30);
    }
    let last = after(now, -30);
    let far = owner.lock_permanently(at(FAR_AWAY), last);
    let LockState::Until(again) = owner.account.lock_state(at(HOME), now) else {
        panic!("locked until the origin is known again");
    };
    assert!(again <= after(last, 6 * 3600) && now < again, "{again:?}");
    assert!(!owner.is_known(at(HOME), after(again, -1)));
    assert!(owner.is_known(at(HOME), again));
    assert!(again < far);
    owner.log_in(at(HOME), again);
}

#[test]
fn a_right_code_at_an_origin_that_reached_its_limit_makes_it_known_again() {
    let mut owner = Owner::who_was_at(&[at(HOME)]);
    let mut now = NOON;
    for _ in 0..ONE_KNOWN {
        now = after(owner.fail(1, at(HOME), now), 6 * 3600);
    }
    assert!(!owner.is_known(at(HOME), now));
    assert_eq!(owner.account.lock_state(at(HOME), now), LockState::Unlocked);
    owner.log_in(at(HOME), now);
    assert!(owner.is_known(at(HOME), now));
    // That of a known key is no right code of the address.
    let mut owner = Owner::who_was_at(&[with_key(1, HOME)]);
    let mut now = NOON;
    for _ in 0..ONE_KNOWN {
        now = after(owner.fail(1, at(HOME), now), 6 * 3600);
    }
    owner.log_in(with_key(1, HOME), now);
    assert!(!owner.is_known(at(HOME), now));
}

#[test]
fn a_right_code_at_a_new_origin_leaves_the_rows_of_known_ones() {
    let places = [at(HOME), at(OFFICE), at("192.0.2.99")];
    let mut owner = Owner::who_was_at(&places);
    let mut now = NOON;
    for place in places {
        now = after(owner.fail(ALL_KNOWN / 3, place, now), 7200);
    }
    owner.log_in(at(FAR_AWAY), now);
    assert!(owner.is_known(at(HOME), now));
    owner.fail(1, at(HOME), now);
    assert!(!owner.is_known(at(HOME), now), "{ALL_KNOWN} in a row");
}

#[test]
fn unlock_keeps_known_origins_and_reset_and_removal_forget_them() {
    let locked = || {
        let mut owner = Owner::who_was_at(&[at(HOME), at(OFFICE)]);
        let now = owner.fail(5, at(HOME), NOON);
        assert_eq!(owner.account.locked_known_origins(NOON), 1);
        let now = owner.lock_permanently(ThrottleScope::Session, now);
        owner.lock_permanently(at(FAR_AWAY), now);
        owner
    };
    let mut unlocked = locked();
    unlocked.account.unlock();
    let account = &unlocked.account;
    assert!(account.throttle().is_clear());
    assert_eq!(account.known_origins(NOON), 2);
    assert_eq!(account.locked_known_origins(NOON), 0);

    let mut at_console = locked();
    let judgement = at_console.judge(&sheet::FIRST.code(0), ThrottleScope::Console, NOON);
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
    assert!(at_console.account.throttle().is_clear());
    assert_eq!(at_console.account.locked_known_origins(NOON), 0);

    let mut reset = locked();
    reset.account.reset();
    assert_eq!(reset.account.known_origins(NOON), 0);

    let mut removed = locked();
    let proof = removed.code(NOON, 0);
    removed.account.remove(&proof, NOON).unwrap();
    assert_eq!(removed.account.known_origins(NOON), 0);
    assert_eq!(removed.failures(ThrottleScope::UNKNOWN), 45);
}

#[test]
fn all_counters_but_the_consoles_add_up_to_100_in_a_row() {
    let places = [
        at(HOME),
        at(OFFICE),
        with_key(1, FAR_AWAY),
        with_key(1, HOME),
        at("203.0.113.67"),
        ThrottleScope::Session,
        ThrottleScope::OwnProgram,
    ];
    let known = [at(HOME), at(OFFICE), with_key(1, "192.0.2.200")];
    let mut owner = Owner::who_was_at(&known);
    let mut guesses = 0;
    for hour in 0..24 * 60 {
        let now = after(NOON, hour * 3600);
        for place in places {
            let judgement = owner.judge(&wrong_code(), place, now);
            guesses += u32::from(matches!(judgement, Judgement::Wrong(_)));
        }
    }
    assert_eq!(guesses, 100);
    let end = after(NOON, 60 * DAY);
    for place in places {
        assert_eq!(owner.account.lock_state(place, end), LockState::Permanent);
    }
    owner.log_in(ThrottleScope::Console, end);
}

/// Places of the random histories: a new one each time, addresses, keys, and the other scopes.
#[derive(Debug, Clone, Copy)]
enum Place {
    New,
    Address(u8),
    Key(u8, u8),
    Session,
    OwnProgram,
    Console,
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// Wrong codes, each as soon as the lock ends if the guesser is patient.
    Guess(Place, u32, bool),
    Right(Place),
    Backup(Place),
    /// Time passes, or the clock is set.
    Clock(i64),
}

fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        3 => Just(Place::New),
        3 => (0..14_u8).prop_map(Place::Address),
        2 => (0..14_u8, 0..14_u8).prop_map(|(key, address)| Place::Key(key, address)),
        1 => Just(Place::Session),
        1 => Just(Place::OwnProgram),
        1 => Just(Place::Console),
    ]
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let clock = prop_oneof![
        6 => 0..90_i64,
        3 => 0..7200_i64,
        2 => -7200..0_i64,
        1 => 0..2 * DAY,
        1 => -3 * DAY..0,
        1 => -40 * DAY..40 * DAY,
    ];
    let act = prop_oneof![
        4 => (place(), 1..14_u32, any::<bool>())
            .prop_map(|(place, times, patient)| Act::Guess(place, times, patient)),
        3 => place().prop_map(Act::Right),
        1 => place().prop_map(Act::Backup),
        3 => clock.prop_map(Act::Clock),
    ];
    prop::collection::vec(act, 1..120)
}

/// An attacker everywhere, and an owner who logs in at some places and then no more.
fn siege() -> impl Strategy<Value = Vec<Act>> {
    let logins = prop::collection::vec(place().prop_map(Act::Right), 0..12);
    let clock = prop_oneof![4 => 0..DAY, 1 => -DAY..0].prop_map(Act::Clock);
    let guess = (place(), 4..14_u32, any::<bool>())
        .prop_map(|(place, times, patient)| Act::Guess(place, times, patient));
    let guesses = prop::collection::vec(prop_oneof![3 => guess, 1 => clock], 30..80);
    (logins, guesses).prop_map(|(logins, guesses)| {
        let apart = logins.into_iter().flat_map(|login| [login, Act::Clock(30)]);
        apart.chain(guesses).collect()
    })
}

/// The guesses of a history, as a witness counts them.
struct Witness {
    in_a_row: u32,
    /// When they were made, sorted; since the clock was set back by more than two hours.
    times: Vec<Time>,
    latest: Time,
}

impl Witness {
    fn guess(&mut self, now: Time) -> Result<(), TestCaseError> {
        self.in_a_row += 1;
        prop_assert!(self.in_a_row <= 100, "{} in a row", self.in_a_row);
        let place = self.times.partition_point(|time| *time <= now);
        self.times.insert(place, now);
        // The hundredth before each one is at least a day older.
        let mut pairs = self.times.iter().zip(self.times.iter().skip(100));
        let is_apart = pairs.all(|(first, last)| after(*first, DAY) <= *last);
        prop_assert!(is_apart, "more than 100 in a day");
        Ok(())
    }

    fn see_clock(&mut self, now: Time) {
        if now < after(self.latest, -7200) {
            self.times.clear();
            self.latest = now;
        }
        self.latest = self.latest.max(now);
    }
}

/// The state of each origin and scope that a history names, new places left out.
fn states(account: &Account, now: Time) -> Vec<(ThrottleScope, LockScope, LockState)> {
    let address = |number: u8| Some(IpAddr::from([10, 0, 0, number]));
    let remote = (0..14).flat_map(|number| {
        let by_key = RemoteOrigin::new(Some(key(number)), None);
        let by_address = RemoteOrigin::new(None, address(number));
        [by_key, by_address].map(ThrottleScope::Remote)
    });
    let others = [
        ThrottleScope::UNKNOWN,
        ThrottleScope::Session,
        ThrottleScope::OwnProgram,
        ThrottleScope::Console,
    ];
    remote
        .chain(others)
        .map(|scope| {
            let counted_on = account.lock_scope(scope, now);
            (scope, counted_on, account.lock_state(scope, now))
        })
        .collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn no_history_has_more_than_100_guesses_or_locks_another_scope(acts in prop_oneof![acts(), siege()]) {
        let phone = Phone::usual(7);
        let mut account = account_of_several(std::slice::from_ref(&phone));
        let (mut now, mut new, mut backup) = (after(NOON, 0), 0_u32, 0);
        let mut witness = Witness { in_a_row: 0, times: Vec::new(), latest: now };
        let mut scope_of = |place| {
            let address = |number: u8| Some(IpAddr::from([10, 0, 0, number]));
            let origin = match place {
                Place::New => {
                    new += 1;
                    RemoteOrigin::new(None, Some(IpAddr::from((u128::from(new) << 64).to_be_bytes())))
                }
                Place::Address(number) => RemoteOrigin::new(None, address(number)),
                Place::Key(number, from) => RemoteOrigin::new(Some(key(number)), address(from)),
                Place::Session => return ThrottleScope::Session,
                Place::OwnProgram => return ThrottleScope::OwnProgram,
                Place::Console => return ThrottleScope::Console,
            };
            ThrottleScope::Remote(origin)
        };
        for act in acts {
            match act {
                Act::Clock(seconds) => {
                    now = after(now, seconds);
                    witness.see_clock(now);
                }
                Act::Right(place) | Act::Backup(place) => {
                    let credential = if matches!(act, Act::Right(_)) {
                        phone.code(now)
                    } else {
                        backup += 1;
                        sheet::FIRST.code(backup % 10)
                    };
                    let judgement = account.judge(&credential, scope_of(place), now);
                    if let Judgement::Accepted(_) = judgement {
                        witness.in_a_row = 0;
                    }
                }
                Act::Guess(place, times, patient) => {
                    let scope = scope_of(place);
                    for _ in 0..times {
                        let counted_on = account.lock_scope(scope, now);
                        let before = states(&account, now);
                        let known = account.known_origins(now);
                        let judgement = account.judge(&wrong_code(), scope, now);
                        prop_assert_eq!(account.known_origins(now), known);
                        let is_guess = matches!(judgement, Judgement::Wrong(_));
                        if is_guess && counted_on != LockScope::Console {
                            witness.guess(now)?;
                        }
                        for (old, new) in before.into_iter().zip(states(&account, now)) {
                            // Known origins have a limit together.
                            let shares_limit = counted_on == LockScope::KnownOrigin
                                && matches!(old.0, ThrottleScope::Remote(_))
                                && old.0 != ThrottleScope::UNKNOWN;
                            if old.1 != counted_on && !shares_limit {
                                prop_assert_eq!(old, new, "by a guess on {:?}", counted_on);
                            }
                        }
                        if let (Judgement::Wrong(LockState::Until(until)), true) = (judgement, patient) {
                            now = until;
                            witness.see_clock(now);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_known_origin_stays_open_under_any_attack_from_elsewhere(
        guesses in prop::collection::vec((any::<u32>(), 0..7200_u64), 1..200),
    ) {
        let mut owner = Owner::who_was_at(&[with_key(1, HOME)]);
        let mut now = NOON;
        for (address, wait) in guesses {
            now = now.plus(Duration::from_secs(wait));
            let address = IpAddr::from(address.to_be_bytes());
            prop_assume!(address != HOME.parse::<IpAddr>().unwrap());
            let scope = ThrottleScope::Remote(RemoteOrigin::new(None, Some(address)));
            let _: Judgement = owner.judge(&wrong_code(), scope, now);
            for known in [at(HOME), with_key(1, FAR_AWAY)] {
                prop_assert_eq!(owner.account.lock_state(known, now), LockState::Unlocked);
            }
        }
        owner.log_in(at(HOME), now);
    }
}

#[test]
fn the_limits_are_those_of_the_manual() {
    let remote = permanent_after(ThrottleScope::UNKNOWN);
    let session = permanent_after(ThrottleScope::Session);
    let own = permanent_after(ThrottleScope::OwnProgram);
    assert_eq!(remote + session + own + ALL_KNOWN, 100);
}
