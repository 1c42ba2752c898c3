//! Several authenticators of one user, and counter-based ones.

use std::collections::HashSet;

use proptest::prelude::*;
use tfa_core::{
    Account, Algorithm, Authenticator, AuthenticatorId, AuthenticatorKind, CodeFormat, Counter,
    Credential, Factor, Factors, Input, Judgement, LockState, MAX_AUTHENTICATORS, MAX_NEW_COUNTER,
    Match, Proof, Refusal, Secret, State, ThrottleScope, Time,
};

use crate::cases;
use crate::cbor::Item;
use crate::owner::{Owner, UID};
use crate::phone::{NOON, Phone, after, code};
use crate::sheet;

/// The codes of RFC 4226 appendix D, from counter 0 on.
const VECTORS: [&str; 10] = [
    "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
    "520489",
];

/// A token with the key of RFC 4226 appendix D.
fn token(next: u64) -> Authenticator {
    let key = Secret::new(b"12345678901234567890").unwrap();
    Authenticator::hotp("token", CodeFormat::default(), key, Counter::new(next))
}

/// The code of a counter of [`token`]: the code of a time-based authenticator with the same key at
/// that step.
fn token_code(counter: u64) -> String {
    let phone = Phone::new(b"12345678901234567890", tfa_core::Parameters::default());
    phone.shows(Time::from_secs(counter * 30))
}

/// An owner who has a phone with the id 1, and [`token`] with the id 2.
fn owner_with_token() -> Owner {
    let mut owner = Owner::new();
    owner.account.bind(token(0), NOON).unwrap();
    owner
}

fn id(number: u32) -> AuthenticatorId {
    AuthenticatorId::new(number)
}

fn by(number: u32) -> Judgement {
    Judgement::Accepted(Factor::Authenticator(id(number), AuthenticatorKind::Totp))
}

fn by_token(number: u32) -> Judgement {
    Judgement::Accepted(Factor::Authenticator(id(number), AuthenticatorKind::Hotp))
}

fn judge(account: &mut Account, digits: &str) -> Judgement {
    account.judge(&code(digits), ThrottleScope::UNKNOWN, NOON)
}

#[test]
fn counter_codes_are_those_of_rfc_4226_appendix_d() {
    for (counter, digits) in (0_u64..).zip(VECTORS) {
        let Input::Code(code) = Input::parse(digits) else {
            panic!("{digits}");
        };
        let found = token(counter).check(&code, NOON);
        assert_eq!(
            found,
            Match::Fresh(Counter::new(counter)),
            "count {counter}"
        );
    }
}

#[test]
fn counter_code_is_accepted_once_and_voids_earlier_ones() {
    let mut account = owner_with_token().account;
    assert_eq!(judge(&mut account, VECTORS[4]), by_token(2));
    assert_eq!(judge(&mut account, VECTORS[4]), Judgement::AlreadyUsed);
    for skipped in &VECTORS[..4] {
        let judgement = judge(&mut account, skipped);
        assert_eq!(
            judgement,
            Judgement::Wrong(LockState::Unlocked),
            "{skipped}"
        );
    }
    account.unlock();
    assert_eq!(judge(&mut account, VECTORS[5]), by_token(2));
}

#[test]
fn look_ahead_window_has_ten_codes() {
    for (ahead, expected) in [
        (9, by_token(2)),
        (10, Judgement::Wrong(LockState::Unlocked)),
    ] {
        let mut account = owner_with_token().account;
        assert_eq!(judge(&mut account, &token_code(ahead)), expected, "{ahead}");
    }
}

#[test]
fn counter_does_not_depend_on_the_clock() {
    for moment in [0, 1, NOON.as_secs(), u64::MAX].map(Time::from_secs) {
        let mut account = owner_with_token().account;
        let judgement = account.judge(&code(VECTORS[0]), ThrottleScope::UNKNOWN, moment);
        assert_eq!(judgement, by_token(2));
    }
}

#[test]
fn last_counter_is_never_accepted() {
    let mut account = Account::new(UID);
    account.set_up(token(u64::MAX), NOON).unwrap();
    // The code of that counter, computed apart.
    let last = Input::parse("094451");
    let confirmed = account.confirm(&last, Some(sheet::FIRST.set()), NOON);
    assert_eq!(confirmed, Err(Refusal::WrongCode(None)));
}

#[test]
fn resynchronization_takes_two_codes_in_a_row_within_100() {
    let resync = |account: &mut Account, first: u64, second: u64| {
        let input = |counter| Input::parse(&token_code(counter));
        account.resynchronize(
            &input(first),
            &input(second),
            ThrottleScope::OwnProgram,
            NOON,
        )
    };
    for (first, second, found) in [
        (42, 43, true),
        (99, 100, true),
        (100, 101, false),
        (43, 42, false),
        (42, 44, false),
        (42, 42, false),
    ] {
        let mut account = owner_with_token().account;
        let expected = found.then_some(id(2)).ok_or(Refusal::WrongCode(None));
        assert_eq!(
            resync(&mut account, first, second),
            expected,
            "{first} {second}"
        );
        let wrong = account.throttle().counter(ThrottleScope::OwnProgram);
        assert_eq!(wrong.failures(), u32::from(!found));
        if found {
            assert_eq!(
                judge(&mut account, &token_code(second)),
                Judgement::AlreadyUsed
            );
            assert_eq!(judge(&mut account, &token_code(second + 1)), by_token(2));
        }
    }
}

#[test]
fn locked_account_is_not_resynchronized() {
    let mut owner = owner_with_token();
    let now = owner.fail(5, ThrottleScope::OwnProgram, NOON);
    let before = after(now, -1);
    let input = |counter| Input::parse(&token_code(counter));
    let refused =
        owner
            .account
            .resynchronize(&input(42), &input(43), ThrottleScope::OwnProgram, before);
    assert!(matches!(refused, Err(Refusal::Locked(_))));
    let counter = owner.account.authenticators()[1].counter();
    assert_eq!(counter, Some(Counter::new(0)));
}

#[test]
fn test_of_a_counter_code_does_not_use_it() {
    let mut account = owner_with_token().account;
    let tried = account.try_code(&code(VECTORS[3]), ThrottleScope::OwnProgram, NOON);
    assert_eq!(
        tried,
        Ok(Factor::Authenticator(id(2), AuthenticatorKind::Hotp))
    );
    assert_eq!(judge(&mut account, VECTORS[3]), by_token(2));
}

#[test]
fn added_authenticator_is_active_beside_the_others_once_confirmed() {
    let mut owner = Owner::new();
    let tablet = Phone::usual(1);
    let offer = || tablet.authenticator_named("tablet");
    let proof = owner.code(NOON, 0);
    owner.account.add(offer(), &proof, NOON).unwrap();
    assert_eq!(owner.account.authenticators().len(), 1);
    owner
        .account
        .confirm(&tablet.typed(NOON), None, NOON)
        .unwrap();
    assert_eq!(owner.account.authenticators().len(), 2);
    let later = after(NOON, 60);
    let judge = |account: &mut Account, code: &Credential| {
        account.judge(code, ThrottleScope::UNKNOWN, later)
    };
    assert_eq!(judge(&mut owner.account, &tablet.code(later)), by(2));
    assert_eq!(judge(&mut owner.account, &owner.phone.code(later)), by(1));
    let [first, second] = owner.account.authenticators() else {
        panic!("there are two");
    };
    assert_eq!((first.name(), second.name()), ("phone", "tablet"));
    assert_eq!(
        (second.created(), second.last_accepted()),
        (Some(NOON), Some(later))
    );
    assert_eq!(owner.backup_codes_left(), 10);
}

type Change = fn(&mut Account, &Credential) -> Result<(), Refusal>;

#[test]
fn every_change_of_authenticators_needs_a_proof() {
    let wrong = code("000000");
    let changes: [(&str, Change); 4] = [
        ("add", |account, proof| {
            account.add(Phone::usual(1).authenticator_named("tablet"), proof, NOON)
        }),
        ("move", |account, proof| {
            account.move_to(
                Some(id(2)),
                Phone::usual(1).authenticator_named("new"),
                proof,
                NOON,
            )
        }),
        ("rename", |account, proof| {
            account.rename_authenticator(id(2), "other", proof, NOON)
        }),
        ("remove", |account, proof| {
            account.remove_authenticator(id(2), &[], proof, NOON)
        }),
    ];
    for (name, change) in changes {
        let mut account = owner_with_token().account;
        let before = account.encode();
        assert_eq!(
            change(&mut account, &wrong),
            Err(Refusal::WrongCode(None)),
            "{name}"
        );
        assert_eq!(account.authenticators().len(), 2);
        assert!(account.pending().is_none());
        account.unlock();
        let code = code(VECTORS[0]);
        assert_eq!(change(&mut account, &code), Ok(()), "{name}");
        let again = change(&mut account, &code);
        assert_ne!(again, Ok(()), "{name}: a code proves one change");
        assert!(account.encode() != before);
    }
}

#[test]
fn move_replaces_one_of_several() {
    let mut owner = owner_with_token();
    let proof = owner.code(NOON, 0);
    let new = Phone::usual(1);
    let unnamed = owner
        .account
        .move_to(None, new.authenticator(), &proof, NOON);
    assert_eq!(unnamed, Err(Refusal::SeveralAuthenticators));
    let missing = owner
        .account
        .move_to(Some(id(3)), new.authenticator(), &proof, NOON);
    assert_eq!(missing, Err(Refusal::NoSuchAuthenticator));
    let moved = owner
        .account
        .move_to(Some(id(1)), new.authenticator(), &proof, NOON);
    assert_eq!(moved, Ok(()), "the earlier refusals used no code");
    owner.account.confirm(&new.typed(NOON), None, NOON).unwrap();
    let ids: Vec<_> = owner
        .account
        .authenticators()
        .iter()
        .map(Authenticator::id)
        .collect();
    assert_eq!(ids, [id(2), id(3)]);
    let old = owner.code(NOON, 1);
    assert_eq!(
        owner.judge(&old, ThrottleScope::UNKNOWN, NOON),
        Judgement::Wrong(LockState::Unlocked)
    );
    assert_eq!(judge(&mut owner.account, VECTORS[0]), by_token(2));
}

#[test]
fn name_is_unique_in_either_case() {
    let mut owner = owner_with_token();
    let proof = owner.code(NOON, 0);
    let named = |name| Phone::usual(1).authenticator_named(name);
    let taken = Err(Refusal::NameTaken);
    assert_eq!(owner.account.add(named("TOKEN"), &proof, NOON), taken);
    assert_eq!(owner.account.bind(named("Phone"), NOON).map(drop), taken);
    assert_eq!(
        owner
            .account
            .move_to(Some(id(1)), named("Token"), &proof, NOON),
        taken
    );
    assert_eq!(
        owner
            .account
            .rename_authenticator(id(1), "token", &proof, NOON),
        taken
    );
    let renamed = owner
        .account
        .rename_authenticator(id(1), "PHONE", &proof, NOON);
    assert_eq!(renamed, Ok(()));
    assert_eq!(owner.account.authenticators()[0].name(), "PHONE");
}

#[test]
fn name_taken_while_pending_refuses_the_confirmation() {
    let mut owner = Owner::new();
    let tablet = Phone::usual(1);
    let proof = owner.code(NOON, 0);
    owner
        .account
        .add(tablet.authenticator_named("token"), &proof, NOON)
        .unwrap();
    owner.account.bind(token(0), NOON).unwrap();
    let confirmed = owner.account.confirm(&tablet.typed(NOON), None, NOON);
    assert_eq!(confirmed, Err(Refusal::NameTaken));
    assert_eq!(owner.account.authenticators().len(), 2);
}

#[test]
fn name_taken_while_a_move_is_pending_keeps_the_replaced_one() {
    let mut owner = Owner::new();
    let new = Phone::usual(1);
    let moved = owner.account.move_to(
        Some(id(1)),
        new.authenticator_named("token"),
        Proof::Verified,
        NOON,
    );
    assert_eq!(moved, Ok(()));
    owner.account.bind(token(0), NOON).unwrap();
    let confirmed = owner.account.confirm(&new.typed(NOON), None, NOON);
    assert_eq!(confirmed, Err(Refusal::NameTaken));
    assert!(owner.account.authenticator(id(1)).is_some());
}

#[test]
fn removal_withdraws_a_pending_authenticator() {
    let removals: [(&str, Change); 2] = [
        ("by the owner", |account, proof| {
            account.remove_authenticator(id(1), &[], proof, NOON)
        }),
        ("by the administrator", |account, _| {
            account.unbind(id(1), NOON)
        }),
    ];
    for (name, remove) in removals {
        let mut owner = owner_with_token();
        let thief = Phone::usual(1);
        let stolen = owner.code(NOON, 0);
        let offer = thief.authenticator_named("thief");
        owner.account.add(offer, &stolen, NOON).unwrap();
        remove(&mut owner.account, &code(VECTORS[0])).unwrap();
        let confirmed = owner.account.confirm(&thief.typed(NOON), None, NOON);
        assert_eq!(confirmed, Err(Refusal::NothingPending), "{name}");
        assert_eq!(owner.account.authenticators().len(), 1, "{name}");
    }
}

#[test]
fn first_authenticator_is_not_confirmed_beside_another() {
    let mut account = Account::new(UID);
    let phone = Phone::usual(1);
    account.set_up(phone.authenticator(), NOON).unwrap();
    let mut pending = Item::parse(&account.encode());
    account.bind(token(0), NOON).unwrap();
    let confirmed = account.confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
    // The same, had the token not withdrawn the pending one.
    let mut both = Item::parse(&account.encode());
    *both.at(&[3]) = pending.at(&[3]).clone();
    let mut account = Account::decode(&both.bytes()).unwrap();
    let confirmed = account.confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
    assert!(account.pending().is_none());
    assert_eq!(account.authenticators().len(), 1);
}

#[test]
fn move_is_not_confirmed_after_the_replaced_one_is_gone() {
    let mut account = owner_with_token().account;
    let new = Phone::usual(1);
    account
        .move_to(Some(id(1)), new.authenticator(), Proof::Verified, NOON)
        .unwrap();
    let mut moving = Item::parse(&account.encode());
    account.unbind(id(1), NOON).unwrap();
    let mut gone = Item::parse(&account.encode());
    *gone.at(&[3]) = moving.at(&[3]).clone();
    let mut account = Account::decode(&gone.bytes()).unwrap();
    let confirmed = account.confirm(&new.typed(NOON), None, NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
}

#[test]
fn move_of_an_older_record_replaces_the_only_authenticator_or_nothing() {
    let new = Phone::usual(1);
    for bound in [false, true] {
        let mut account = Owner::new().account;
        account
            .move_to(None, new.authenticator(), Proof::Verified, NOON)
            .unwrap();
        let mut older = Item::parse(&account.encode());
        older.at(&[3]).fields().truncate(3);
        if bound {
            account.bind(token(0), NOON).unwrap();
            *older.at(&[2]) = Item::parse(&account.encode()).at(&[2]).clone();
        }
        let mut account = Account::decode(&older.bytes()).unwrap();
        assert_eq!(account.pending().unwrap().purpose(), None);
        let confirmed = account.confirm(&new.typed(NOON), None, NOON);
        let expected = if bound {
            Err(Refusal::NothingPending)
        } else {
            Ok(())
        };
        assert_eq!(confirmed, expected, "a token was bound: {bound}");
        let ids: Vec<_> = account
            .authenticators()
            .iter()
            .map(Authenticator::id)
            .collect();
        let left = if bound {
            vec![id(1), id(2)]
        } else {
            vec![id(2)]
        };
        assert_eq!(ids, left);
    }
}

#[test]
fn hint_burns_the_code_in_each_authenticator_with_the_same_key() {
    let phone = Phone::usual(7);
    let mut account = Owner::new().account;
    let copy = phone.authenticator_named("copy");
    account.bind(copy, NOON).unwrap();
    let ahead = phone.code(after(NOON, 120));
    let hinted = account.try_code(&ahead, ThrottleScope::OwnProgram, NOON);
    assert!(matches!(hinted, Err(Refusal::WrongCode(Some(_)))));
    account.unlock();
    let later = after(NOON, 120);
    let judgement = account.judge(&ahead, ThrottleScope::UNKNOWN, later);
    assert_eq!(judgement, Judgement::AlreadyUsed);
}

#[test]
fn user_has_at_most_ten_authenticators() {
    let mut account = Owner::new().account;
    let named = |number: usize| Phone::usual(1).authenticator_named(&format!("token {number}"));
    for number in 1..MAX_AUTHENTICATORS {
        account.bind(named(number), NOON).unwrap();
    }
    let full = Err(Refusal::TooManyAuthenticators);
    assert_eq!(account.bind(named(0), NOON).map(drop), full);
    assert_eq!(account.add(named(0), Proof::Verified, NOON), full);
    account
        .move_to(Some(id(1)), named(0), Proof::Verified, NOON)
        .unwrap();
}

#[test]
fn an_added_counter_leaves_codes() {
    let token = |next| {
        let key = Secret::new(b"12345678901234567890").unwrap();
        Authenticator::hotp("token", CodeFormat::default(), key, Counter::new(next))
    };
    for next in [MAX_NEW_COUNTER + 1, u64::MAX] {
        let mut account = Owner::new().account;
        let before = account.encode();
        let added = account.bind(token(next), NOON).map(drop);
        assert_eq!(added, Err(Refusal::CounterTooHigh), "{next}");
        assert_eq!(account.encode(), before);
    }
    let mut account = Owner::new().account;
    account.bind(token(MAX_NEW_COUNTER), NOON).unwrap();
}

#[test]
fn last_authenticator_stays_while_it_must() {
    let mut owner = owner_with_token();
    let next = |owner: &mut Owner, steps| owner.code(NOON, steps);
    let proof = next(&mut owner, 0);
    owner
        .account
        .remove_authenticator(id(2), &[Factors::ANY], &proof, NOON)
        .unwrap();
    let proof = next(&mut owner, 1);
    let refused = owner
        .account
        .remove_authenticator(id(1), &[Factors::ANY], &proof, NOON);
    assert_eq!(refused, Err(Refusal::LastAuthenticator));
    owner
        .account
        .remove_authenticator(id(1), &[], &proof, NOON)
        .unwrap();
    assert_eq!(owner.account.state(), State::None);
    assert_eq!(owner.backup_codes_left(), 0);
}

#[test]
fn id_of_a_removed_authenticator_is_not_used_again() {
    let mut owner = owner_with_token();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .remove_authenticator(id(2), &[], &proof, NOON)
        .unwrap();
    let mut account = Account::decode(&owner.account.encode()).unwrap();
    account.bind(token(0), NOON).unwrap();
    assert_eq!(account.authenticators()[1].id(), id(3));
    account.remove(Proof::Verified, NOON).unwrap();
    account.bind(token(0), NOON).unwrap();
    assert_eq!(account.authenticators()[0].id(), id(4));
}

#[test]
fn key_that_is_bound_again_has_the_same_used_codes() {
    let mut account = Account::new(UID);
    account.bind(token(0), NOON).unwrap();
    assert_eq!(judge(&mut account, VECTORS[1]), by_token(1));
    let key = Secret::new(b"12345678901234567890").unwrap();
    let again = Authenticator::hotp("again", CodeFormat::default(), key, Counter::new(0));
    account.bind(again, NOON).unwrap();
    for used in [VECTORS[0], VECTORS[1]] {
        let judgement = judge(&mut account, used);
        assert!(
            !matches!(judgement, Judgement::Accepted(_)),
            "{judgement:?}"
        );
    }
    let phone = Phone::usual(7);
    let used = phone.code(NOON);
    account
        .bind(phone.authenticator_named("phone"), NOON)
        .unwrap();
    assert!(matches!(
        account.judge(&used, ThrottleScope::UNKNOWN, NOON),
        Judgement::Accepted(_)
    ));
    account
        .bind(phone.authenticator_named("copy"), NOON)
        .unwrap();
    let judgement = account.judge(&used, ThrottleScope::UNKNOWN, NOON);
    assert_eq!(judgement, Judgement::AlreadyUsed);
}

#[test]
fn token_bound_to_a_user_without_enrollment_enrolls_the_user() {
    let mut account = Account::new(UID);
    account.require(NOON);
    account.bind(token(0), NOON).unwrap();
    assert_eq!(account.state(), State::Enabled);
    assert_eq!(account.first_required(), None);
    assert_eq!(judge(&mut account, VECTORS[0]), by_token(1));
    assert_eq!(account.backup_codes_left(), 0);
    let made = account.replace_backup_codes(sheet::FIRST.set(), &code(VECTORS[1]), NOON);
    assert_eq!(made, Ok(()));
}

#[test]
fn first_authenticator_pending_before_a_token_is_bound_is_void() {
    let mut account = Account::new(UID);
    let offered = Phone::usual(1);
    account.set_up(offered.authenticator(), NOON).unwrap();
    assert_eq!(account.bind(token(0), NOON), Ok(id(1)));
    let confirmed = account.confirm(&offered.typed(NOON), Some(sheet::FIRST.set()), NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
    assert_eq!(account.authenticators().len(), 1);
}

#[test]
fn administrator_removes_each_authenticator_but_the_last() {
    let mut owner = owner_with_token();
    let unknown = Err(Refusal::NoSuchAuthenticator);
    assert_eq!(owner.account.unbind(id(3), NOON), unknown);
    assert_eq!(owner.account.unbind(id(1), NOON), Ok(()));
    assert_eq!(owner.account.unbind(id(1), NOON), unknown);
    let last = Err(Refusal::LastAuthenticator);
    assert_eq!(owner.account.unbind(id(2), NOON), last);
    assert_eq!(judge(&mut owner.account, VECTORS[0]), by_token(2));
}

#[test]
fn record_with_a_token_survives_the_round_trip() {
    let mut account = owner_with_token().account;
    assert_eq!(judge(&mut account, VECTORS[6]), by_token(2));
    let bytes = account.encode();
    let mut read = Account::decode(&bytes).unwrap();
    assert!(read.encode() == bytes);
    let token = &read.authenticators()[1];
    assert_eq!(
        (token.kind(), token.counter(), token.period()),
        (AuthenticatorKind::Hotp, Some(Counter::new(7)), None)
    );
    assert_eq!(judge(&mut read, VECTORS[6]), Judgement::AlreadyUsed);
    assert_eq!(judge(&mut read, VECTORS[7]), by_token(2));
}

#[test]
fn uri_of_a_token_carries_the_counter() {
    let format = CodeFormat::new(Algorithm::Sha256, 8).unwrap();
    let key = Secret::new(b"12345678901234567890").unwrap();
    let token = Authenticator::hotp("token", format, key, Counter::new(7));
    let uri = token.uri("host", "alice").unwrap();
    let expected = "otpauth://hotp/host:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
                    &issuer=host&algorithm=SHA256&digits=8&counter=7";
    assert_eq!(*uri, expected);
}

/// An attempt with a code of the token or of the phone.
#[derive(Debug, Clone, Copy)]
enum Attempt {
    Token(u64),
    Resynchronize(u64),
    Phone(i64),
    Reload,
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let attempt = prop_oneof![
        4 => (0..40_u64).prop_map(Attempt::Token),
        1 => (0..140_u64).prop_map(Attempt::Resynchronize),
        4 => (-2..=2_i64).prop_map(Attempt::Phone),
        1 => Just(Attempt::Reload),
    ];
    prop::collection::vec(attempt, 1..40)
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn no_counter_or_step_is_accepted_twice_in_any_order(attempts in attempts()) {
        let mut owner = owner_with_token();
        let (mut steps, mut highest) = (HashSet::new(), None);
        for attempt in attempts {
            // Locks are not under test.
            owner.account.unlock();
            match attempt {
                Attempt::Token(counter) => {
                    let judgement = judge(&mut owner.account, &token_code(counter));
                    if judgement == by_token(2) {
                        prop_assert!(highest < Some(counter), "{counter} after {highest:?}");
                        prop_assert!(counter <= highest.map_or(9, |last| last + 10));
                        highest = Some(counter);
                    }
                }
                Attempt::Resynchronize(counter) => {
                    let input = |counter| Input::parse(&token_code(counter));
                    let (first, second) = (input(counter), input(counter + 1));
                    if owner.account.resynchronize(&first, &second, ThrottleScope::OwnProgram, NOON).is_ok() {
                        prop_assert!(highest < Some(counter), "{counter} after {highest:?}");
                        highest = Some(counter + 1);
                    }
                }
                Attempt::Phone(step) => {
                    let shown = owner.code(NOON, step);
                    if owner.account.judge(&shown, ThrottleScope::UNKNOWN, NOON) == by(1) {
                        prop_assert!(steps.insert(step), "step {step} twice");
                    }
                }
                Attempt::Reload => {
                    owner.account = Account::decode(&owner.account.encode()).unwrap();
                }
            }
        }
    }
}
