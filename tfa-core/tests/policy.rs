//! Who is asked.

use tfa_core::{Account, Decision, Exemption, Mode, Policy};

use crate::owner::{Owner, UID};
use crate::phone::NOON;

fn decide(mode: Mode, account: Option<&Account>) -> Decision {
    Policy { mode }.decide(account)
}

#[test]
fn optional_is_the_mode_of_a_host_that_was_told_nothing() {
    assert_eq!(
        Policy::default(),
        Policy {
            mode: Mode::Optional
        }
    );
}

#[test]
fn whoever_has_set_it_up_is_asked() {
    let owner = Owner::new();
    assert_eq!(decide(Mode::Optional, Some(&owner.account)), Decision::Ask);
}

#[test]
fn whoever_is_moving_to_another_phone_is_asked() {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .move_to(owner.phone.authenticator(), &proof, NOON)
        .unwrap();
    assert_eq!(decide(Mode::Optional, Some(&owner.account)), Decision::Ask);
}

#[test]
fn whoever_is_locked_is_asked() {
    let mut owner = Owner::new();
    owner.fail(100, tfa_core::Origin::Remote, NOON);
    assert_eq!(decide(Mode::Optional, Some(&owner.account)), Decision::Ask);
}

#[test]
fn whoever_has_not_set_it_up_or_not_proved_it_is_not_asked() {
    let exempt = Decision::Exempt(Exemption::NotSetUp);
    assert_eq!(decide(Mode::Optional, None), exempt);
    let mut account = Account::new(UID);
    assert_eq!(decide(Mode::Optional, Some(&account)), exempt);
    account
        .set_up(Owner::new().phone.authenticator(), NOON)
        .unwrap();
    assert_eq!(decide(Mode::Optional, Some(&account)), exempt);
}

#[test]
fn whoever_has_paused_it_is_not_asked_until_it_is_resumed() {
    let mut owner = Owner::new();
    let (first, second) = (owner.code(NOON, 0), owner.code(NOON, 1));
    owner.account.pause(&first, NOON).unwrap();
    let paused = Decision::Exempt(Exemption::Paused);
    assert_eq!(decide(Mode::Optional, Some(&owner.account)), paused);
    owner.account.resume(&second, NOON).unwrap();
    assert_eq!(decide(Mode::Optional, Some(&owner.account)), Decision::Ask);
}

#[test]
fn off_asks_nobody() {
    let owner = Owner::new();
    for account in [None, Some(&owner.account)] {
        assert_eq!(decide(Mode::Off, account), Decision::Exempt(Exemption::Off));
    }
}
