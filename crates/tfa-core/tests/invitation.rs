//! Invitations: one code, for one enrollment, for a limited time.

use tfa_core::{
    Account, Input, Invitation, LockState, MAX_INVITATION_LIFETIME, Refusal, State, ThrottleScope,
    Time,
};

use crate::cbor::Item;
use crate::owner::{Owner, UID, permanent_after};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

/// An invitation that is valid for a day. Its code is [`invitation_code`].
pub(crate) fn invitation(now: Time) -> Invitation {
    draw(9, now, after(now, 86_400)).0
}

/// The code of [`invitation`], typed.
pub(crate) fn invitation_code() -> Input {
    Input::parse(&printed())
}

/// The code of [`invitation`], as it is printed.
pub(crate) fn printed() -> String {
    draw(9, NOON, NOON).1
}

/// The code of [`other_invitation`], as it is printed.
pub(crate) fn other_printed() -> String {
    draw(10, NOON, NOON).1
}

/// Another invitation that is valid for a day.
pub(crate) fn other_invitation(now: Time) -> Invitation {
    draw(10, now, after(now, 86_400)).0
}

fn draw(label: u8, now: Time, until: Time) -> (Invitation, String) {
    let (invitation, word) = Invitation::draw(|bytes| bytes.fill(label), now, until);
    (invitation, word.to_printed())
}

fn invited() -> Account {
    let mut account = Account::new(UID);
    account.invite(invitation(NOON));
    account
}

fn check(account: &mut Account, typed: &str, now: Time) -> Result<(), Refusal> {
    account.check_invitation(&Input::parse(typed), ThrottleScope::UNKNOWN, now)
}

fn failures(account: &Account, scope: ThrottleScope) -> u32 {
    account.throttle().counter(scope).failures()
}

#[test]
fn the_invitation_code_is_right_in_any_spelling_and_not_used_up() {
    let mut account = invited();
    let before = account.encode();
    let word = printed();
    for typed in [
        &word,
        &word.to_lowercase(),
        &word.replace('-', ""),
        &word.replace('-', " "),
        &format!("  {word}\n"),
    ] {
        assert_eq!(check(&mut account, typed, NOON), Ok(()), "{typed}");
    }
    assert_eq!(*account.encode(), *before);
}

#[test]
fn the_record_keeps_the_invitation_but_not_its_code() {
    let bytes = invited().encode();
    let word = printed().replace('-', "");
    assert!(
        !bytes
            .windows(word.len())
            .any(|part| part == word.as_bytes())
    );
    let mut read = Account::decode(&bytes).unwrap();
    assert_eq!(read.state(), State::None);
    assert!(!read.is_blank(), "a record keeps it");
    assert_eq!(check(&mut read, &printed(), NOON), Ok(()));
}

#[test]
fn two_invitations_with_one_code_are_stored_differently() {
    let draw = |salt| {
        let mut labels = [salt, 9].into_iter().cycle();
        Invitation::draw(|bytes| bytes.fill(labels.next().unwrap()), NOON, NOON)
    };
    let kept = |invitation: Invitation| {
        let mut account = Account::new(UID);
        account.invite(invitation);
        Item::parse(&account.encode()).at(&[9, 1]).clone()
    };
    let ((one, its_word), (other, other_word)) = (draw(1), draw(2));
    assert_eq!(its_word.to_printed(), other_word.to_printed());
    assert_ne!(kept(one), kept(other));
}

#[test]
fn an_invitation_is_valid_until_its_end_within_the_maximum() {
    let longest = i64::try_from(MAX_INVITATION_LIFETIME.as_secs()).unwrap();
    for (lives, now, is_open) in [
        (86_400, 0, true),
        (86_400, 86_399, true),
        (86_400, 86_400, false),
        (86_400, 3 * 86_400, false),
        (longest, 0, true),
        (longest + 1, 0, false),
        (longest + 1, 1, true),
        (10 * longest, 0, false),
        // A clock set back by up to two hours invalidates no invitation. A clock that was further
        // ahead does.
        (86_400, -7200, true),
        (86_400, -7201, false),
    ] {
        let (invitation, word) = draw(9, NOON, after(NOON, lives));
        let now = after(NOON, now);
        assert_eq!(invitation.until(), after(NOON, lives));
        assert_eq!(invitation.is_open(now), is_open);
        let mut account = Account::new(UID);
        account.invite(invitation);
        assert_eq!(account.is_invited(now), is_open, "{lives} at {now:?}");
        let expected = if is_open {
            Ok(())
        } else {
            Err(Refusal::NoInvitation)
        };
        assert_eq!(check(&mut account, &word, now), expected);
    }
}

#[test]
fn a_new_invitation_voids_the_old_one_and_its_pending_key() {
    let mut account = invited();
    let phone = Phone::usual(1);
    check(&mut account, &printed(), NOON).unwrap();
    account.set_up(phone.authenticator(), NOON).unwrap();
    account.invite(other_invitation(NOON));
    assert_eq!(
        check(&mut account, &printed(), NOON),
        Err(Refusal::WrongInvitation)
    );
    let confirmed = account.confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
    assert_eq!(check(&mut account, &other_printed(), NOON), Ok(()));
}

#[test]
fn invitation_leaves_a_pending_move_alone() {
    let (mut owner, new) = (Owner::new(), Phone::usual(1));
    let proof = owner.code(NOON, 0);
    owner
        .account
        .move_to(None, new.authenticator(), &proof, NOON)
        .unwrap();
    owner.account.invite(invitation(NOON));
    assert_eq!(owner.account.confirm(&new.typed(NOON), None, NOON), Ok(()));
}

#[test]
fn enrollment_uses_up_the_invitation() {
    let mut account = invited();
    let phone = Phone::usual(1);
    account.set_up(phone.authenticator(), NOON).unwrap();
    assert!(account.is_invited(NOON), "a pending authenticator does not");
    account
        .confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON)
        .unwrap();
    assert!(account.invitation().is_none());
    // So it permits no login after the enrollment was removed again.
    let next = after(NOON, 60);
    account.remove(&phone.code(next), next).unwrap();
    assert!(account.invitation().is_none());
}

#[test]
fn wrong_invitation_codes_count_and_lock_like_wrong_codes() {
    for (scope, there) in [
        (ThrottleScope::UNKNOWN, ThrottleScope::Console),
        (ThrottleScope::Console, ThrottleScope::OwnProgram),
        (ThrottleScope::OwnProgram, ThrottleScope::UNKNOWN),
    ] {
        let (mut account, mut owner) = (Account::new(UID), Owner::new());
        account.invite(draw(9, NOON, NOON.plus(MAX_INVITATION_LIFETIME)).0);
        let mut now = NOON;
        let wrong = Input::parse("00000-00000");
        for tries in 1..=permanent_after(scope) {
            let checked = account.check_invitation(&wrong, scope, now);
            let until = owner.fail(1, scope, now);
            let lock_state = owner.account.lock_state(scope, now);
            let expected = match lock_state {
                LockState::Unlocked => Refusal::WrongInvitation,
                closed => Refusal::WrongAndLocked(closed),
            };
            assert_eq!(checked, Err(expected), "{tries}");
            assert_eq!(account.throttle(), owner.account.throttle());
            if lock_state != LockState::Unlocked {
                let right = account.check_invitation(&invitation_code(), scope, now);
                assert_eq!(
                    right,
                    Err(Refusal::Locked(lock_state)),
                    "even the right code is refused"
                );
            }
            now = until;
        }
        let closed = Refusal::Locked(LockState::Permanent);
        let later = after(now, 3600);
        assert_eq!(
            account.check_invitation(&invitation_code(), scope, later),
            Err(closed)
        );
        assert_eq!(
            (failures(&account, scope), failures(&account, there)),
            (permanent_after(scope), 0)
        );
        assert_eq!(
            account.check_invitation(&invitation_code(), there, later),
            Ok(())
        );
        account.unlock();
        assert_eq!(
            account.check_invitation(&invitation_code(), scope, later),
            Ok(())
        );
    }
}

#[test]
fn a_malformed_invitation_code_is_wrong_and_not_counted() {
    let mut account = invited();
    let before = account.encode();
    for typed in ["", "123456", "hello", "ABCDE-FGHJU", "ABCDE-FGHJKM"] {
        for _ in 0..20 {
            let checked = check(&mut account, typed, NOON);
            assert_eq!(checked, Err(Refusal::NotAnInvitation), "{typed}");
        }
    }
    assert_eq!(*account.encode(), *before);
}

#[test]
fn without_an_invitation_no_code_is_compared_or_counted() {
    let mut expired = invited();
    let late = after(NOON, 86_400);
    let mut owner = Owner::new();
    for account in [&mut Account::new(UID), &mut expired, &mut owner.account] {
        let before = account.encode();
        for typed in [printed(), other_printed(), sheet::FIRST.printed(0)] {
            let checked = check(account, &typed, late);
            assert_eq!(checked, Err(Refusal::NoInvitation));
        }
        assert_eq!(*account.encode(), *before);
    }
}

#[test]
fn a_reset_withdraws_the_invitation() {
    let mut account = invited();
    account.reset();
    assert!(!account.is_invited(NOON));
    assert!(account.is_blank());
}
