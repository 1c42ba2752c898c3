//! Accounts that come from a backup.

use std::time::Duration;

use tfa_core::{
    Account, Authenticator, CodeFormat, Counter, Judgement, Revived, Secret, ThrottleScope, Time,
    UserExemption,
};

use crate::invitation::invitation;
use crate::owner::{CODE, Owner, UID};
use crate::phone::{NOON, Phone, after};

fn judge(owner: &Owner, now: Time, steps: i64) -> Judgement {
    let mut account = owner.account.clone();
    account.judge(&owner.code(now, steps), ThrottleScope::UNKNOWN, now)
}

#[test]
fn no_code_of_before_the_restoration_is_accepted_after_it() {
    for now in [NOON, after(NOON, 14), after(NOON, 29)] {
        let mut owner = Owner::new();
        for steps in -1..=1 {
            assert_eq!(judge(&owner, now, steps), Judgement::Accepted(CODE));
        }
        owner.account.restore_at(now, false);
        for steps in -1..=1 {
            assert!(matches!(judge(&owner, now, steps), Judgement::Void(_)));
        }
        // The next code that cannot have been used is good as soon as the window reaches it.
        assert_eq!(judge(&owner, after(now, 30), 1), Judgement::Accepted(CODE));
        assert_eq!(judge(&owner, after(now, 60), 0), Judgement::Accepted(CODE));
    }
}

#[test]
fn backup_codes_revive_unless_they_are_made_void() {
    for (void, left) in [(false, 10), (true, 0)] {
        let mut owner = Owner::new();
        let revived = owner.account.restore_at(NOON, void);
        assert_eq!(owner.backup_codes_left(), left);
        assert_eq!(
            revived,
            Revived {
                backup_codes: !void,
                counters: false,
                is_paused: false,
            }
        );
    }
}

#[test]
fn codes_of_a_counter_are_named_because_they_revive() {
    let mut owner = Owner::new();
    let key = Secret::new(b"12345678901234567890").unwrap();
    let token = Authenticator::hotp("token", CodeFormat::default(), key, Counter::new(7));
    owner.account.bind(token, NOON).unwrap();
    assert!(owner.account.restore_at(NOON, true).counters);
}

#[test]
fn an_exemption_does_not_come_back_and_a_pause_is_named() {
    let mut owner = Owner::new();
    let exemption = UserExemption::new("a lost phone", Duration::from_secs(86_400), NOON);
    owner.account.exempt(exemption.unwrap());
    assert!(!owner.account.restore_at(NOON, false).is_paused);
    assert_eq!(owner.account.exemption(NOON), None);
    let proof = owner.code(after(NOON, 60), 0);
    owner.account.pause(&proof, after(NOON, 60)).unwrap();
    assert!(owner.account.restore_at(after(NOON, 60), false).is_paused);
}

#[test]
fn an_invitation_and_a_pending_authenticator_do_not_come_back() {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .move_to(None, Phone::usual(8).authenticator(), &proof, NOON)
        .unwrap();
    assert!(owner.account.pending().is_some());
    owner.account.restore_at(NOON, false);
    assert!(owner.account.pending().is_none());
    assert_eq!(owner.account.authenticators().len(), 1);
    let mut invited = Account::new(UID);
    invited.invite(invitation(NOON));
    invited.restore_at(NOON, false);
    assert!(invited.invitation().is_none());
}

#[test]
fn a_code_that_the_backup_knows_as_used_is_told_as_used() {
    let mut owner = Owner::new();
    let code = owner.code(NOON, 0);
    owner.judge(&code, ThrottleScope::UNKNOWN, NOON);
    owner.account.restore_at(NOON, false);
    assert_eq!(judge(&owner, NOON, 0), Judgement::AlreadyUsed);
    assert_eq!(judge(&owner, NOON, 1), Judgement::Void(after(NOON, 60)));
}
