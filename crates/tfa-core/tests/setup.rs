//! The owner's requests: enroll, confirm, move, pause, resume, remove, new backup codes, test.

use proptest::prelude::*;
use tfa_core::{
    Account, AuditOutcome, AuthenticatorId, AuthenticatorKind, BackupSet, CONFIRM_TIMEOUT,
    Credential, Drift, Factor, Input, Judgement, LockState, MAX_CONFIRM_TRIES, Proof, Refusal,
    State, ThrottleScope, Time,
};

use crate::cases;
use crate::invitation::invitation;
use crate::owner::{CODE, Owner, PLAINLY_WRONG, UID, wrong_code, wrong_entry};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

const ACCEPTED: Judgement = Judgement::Accepted(CODE);
const LIFETIME: i64 = CONFIRM_TIMEOUT.as_secs() as i64;

/// An account with an authenticator that is pending since noon.
fn pending(phone: &Phone) -> Account {
    let mut account = Account::new(UID);
    account.set_up(phone.authenticator(), NOON).unwrap();
    account
}

/// The backup codes that a first confirmation stores.
#[expect(clippy::unnecessary_wraps, reason = "it is what confirm takes")]
fn sheet() -> Option<BackupSet> {
    Some(sheet::FIRST.set())
}

/// An owner whose other phone is pending since noon.
fn moving(phone: &Phone) -> Owner {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .move_to(None, phone.authenticator(), &proof, NOON)
        .unwrap();
    owner
}

fn ahead(seconds: i64) -> Refusal {
    Refusal::WrongCode(Some(Drift { seconds }))
}

// Enrollment.

#[test]
fn enrollment_takes_effect_when_a_code_confirms_it() {
    let phone = Phone::usual(1);
    let mut account = Account::new(UID);
    assert_eq!(account.state(), State::None);
    account.set_up(phone.authenticator(), NOON).unwrap();
    assert_eq!(account.state(), State::Pending);
    assert!(account.authenticators().is_empty());
    account
        .confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON)
        .unwrap();
    assert_eq!(account.state(), State::Enabled);
    assert!(account.pending().is_none());
    assert_eq!(account.authenticators().len(), 1);
    assert_eq!(account.backup().map(BackupSet::left), Some(10));
    assert_eq!((account.uid(), account.last_login()), (UID, None));
}

#[test]
fn the_confirming_code_is_used_up() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    account.confirm(&phone.typed(NOON), sheet(), NOON).unwrap();
    let judgement = account.judge(&phone.code(NOON), ThrottleScope::OwnProgram, NOON);
    assert_eq!(judgement, Judgement::AlreadyUsed);
    let next = account.judge(
        &phone.code(after(NOON, 30)),
        ThrottleScope::OwnProgram,
        NOON,
    );
    assert_eq!(next, ACCEPTED);
}

#[test]
fn a_second_pending_authenticator_replaces_the_first() {
    let (first, second) = (Phone::usual(1), Phone::usual(2));
    let mut account = pending(&first);
    account.set_up(second.authenticator(), NOON).unwrap();
    assert_eq!(
        account.confirm(&first.typed(NOON), sheet(), NOON),
        Err(PLAINLY_WRONG)
    );
    assert_eq!(account.confirm(&second.typed(NOON), sheet(), NOON), Ok(()));
}

#[test]
fn an_enrolled_account_cannot_be_enrolled_again() {
    let mut owner = Owner::new();
    for paused in [false, true] {
        if paused {
            let proof = owner.code(NOON, 0);
            owner.account.pause(&proof, NOON).unwrap();
        }
        let before = owner.account.encode();
        let again = owner.account.set_up(Phone::usual(1).authenticator(), NOON);
        assert_eq!(again, Err(Refusal::AlreadySetUp));
        assert_eq!(*owner.account.encode(), *before);
    }
}

#[test]
fn confirmation_needs_a_pending_authenticator() {
    let phone = Phone::usual(7);
    let mut blank = Account::new(UID);
    let mut owner = Owner::new();
    for account in [&mut blank, &mut owner.account] {
        let confirmed = account.confirm(&phone.typed(NOON), sheet(), NOON);
        assert_eq!(confirmed, Err(Refusal::NothingPending));
        assert_eq!(account.abandon(), Err(Refusal::NothingPending));
    }
}

#[test]
fn an_abandoned_enrollment_leaves_a_blank_account() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    assert!(!account.is_blank());
    assert_eq!(account.abandon(), Ok(()));
    assert!(account.is_blank());
    assert_eq!(
        account.confirm(&phone.typed(NOON), sheet(), NOON),
        Err(Refusal::NothingPending)
    );
}

#[test]
fn a_pending_authenticator_expires_after_an_hour() {
    for (seconds, waits) in [
        (0, true),
        (LIFETIME, true),
        (LIFETIME + 1, false),
        (i64::MAX, false),
    ] {
        let (phone, now) = (Phone::usual(1), after(NOON, seconds));
        let mut account = pending(&phone);
        let confirmed = account.confirm(&phone.typed(now), sheet(), now);
        let expected = if waits {
            Ok(())
        } else {
            Err(Refusal::NothingPending)
        };
        assert_eq!(confirmed, expected, "{seconds}");
        assert!(account.pending().is_none());
    }
}

#[test]
fn a_pending_authenticator_from_the_future_is_expired() {
    for (seconds, waits) in [(-1, true), (-LIFETIME, true), (-LIFETIME - 1, false)] {
        let (phone, now) = (Phone::usual(1), after(NOON, seconds));
        let confirmed = pending(&phone).confirm(&phone.typed(now), sheet(), now);
        assert_eq!(confirmed.is_ok(), waits, "{seconds}");
    }
}

#[test]
fn ten_wrong_confirmations_withdraw_the_pending_authenticator() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    for _ in 1..MAX_CONFIRM_TRIES {
        assert_eq!(
            account.confirm(&wrong_entry(), sheet(), NOON),
            Err(PLAINLY_WRONG)
        );
    }
    let mut other = account.clone();
    assert_eq!(
        other.confirm(&phone.typed(NOON), sheet(), NOON),
        Ok(()),
        "the tenth may be right"
    );
    assert_eq!(
        account.confirm(&wrong_entry(), sheet(), NOON),
        Err(Refusal::PendingWithdrawn)
    );
    assert_eq!(
        account.confirm(&phone.typed(NOON), sheet(), NOON),
        Err(Refusal::NothingPending)
    );
    assert!(account.is_blank(), "none of them counts against a login");
}

#[test]
fn malformed_input_confirms_nothing_and_is_not_counted() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    for typed in ["", "hello", &sheet::FIRST.printed(0), "1234567"] {
        for _ in 0..20 {
            let confirmed = account.confirm(&Input::parse(typed), sheet(), NOON);
            assert_eq!(confirmed, Err(Refusal::NotACode));
        }
    }
    assert_eq!(
        account.confirm(&wrong_entry(), sheet(), NOON),
        Err(PLAINLY_WRONG)
    );
    assert_eq!(account.confirm(&phone.typed(NOON), sheet(), NOON), Ok(()));
}

#[test]
fn checking_a_pending_authenticator_does_not_activate_it() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    let before = account.encode();
    let proved = account.check_pending(&phone.typed(NOON), NOON);
    assert!(proved.is_ok());
    assert_eq!(*account.encode(), *before);
    assert!(account.check_pending(&wrong_entry(), NOON).is_err());
    assert_ne!(*account.encode(), *before, "a wrong code is counted");
}

#[test]
fn a_drift_of_up_to_two_hours_is_reported() {
    for (steps, hint) in [
        (2, Some(60)),
        (-2, Some(-60)),
        (240, Some(7200)),
        (-240, Some(-7200)),
        (241, None),
        (-241, None),
    ] {
        let phone = Phone::usual(1);
        let shown = phone.typed(after(NOON, steps * 30));
        let drift = hint.map(|seconds| Drift { seconds });
        let confirmed = pending(&phone).confirm(&shown, sheet(), NOON);
        assert_eq!(confirmed, Err(Refusal::WrongCode(drift)), "{steps}");
    }
}

#[test]
fn future_code_of_a_drift_hint_is_never_accepted() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    let later = after(NOON, 600);
    assert_eq!(
        account.confirm(&phone.typed(later), sheet(), NOON),
        Err(ahead(600))
    );
    for _ in 0..20 {
        let confirmed = account.confirm(&phone.typed(later), sheet(), later);
        assert_eq!(confirmed, Err(Refusal::AlreadyUsed));
    }
    let before = after(later, -30);
    assert_eq!(
        account.confirm(&phone.typed(before), sheet(), later),
        Ok(()),
        "others are"
    );
    let judgement = account.judge(&phone.code(later), ThrottleScope::OwnProgram, later);
    assert_eq!(
        judgement,
        Judgement::AlreadyUsed,
        "it is not accepted at a login either"
    );
}

// The move to another phone.

#[test]
fn the_old_phone_works_only_until_the_new_one_is_confirmed() {
    let new = Phone::usual(1);
    let mut owner = moving(&new);
    assert_eq!(owner.account.state(), State::Enabled);
    let next = owner.code(NOON, 1);
    assert_eq!(
        owner.judge(&next, ThrottleScope::OwnProgram, NOON),
        ACCEPTED
    );
    let early = owner.judge(&new.code(NOON), ThrottleScope::OwnProgram, NOON);
    assert_eq!(early, Judgement::Wrong(LockState::Unlocked));

    owner.account.confirm(&new.typed(NOON), None, NOON).unwrap();
    let later = after(NOON, 300);
    let old = owner.code(later, 0);
    assert_eq!(
        owner.judge(&old, ThrottleScope::OwnProgram, later),
        Judgement::Wrong(LockState::Unlocked)
    );
    assert_eq!(
        owner.judge(&new.code(later), ThrottleScope::OwnProgram, later),
        Judgement::Accepted(Factor::Authenticator(
            AuthenticatorId::new(2),
            AuthenticatorKind::Totp
        ))
    );
    assert_eq!(owner.account.authenticators().len(), 1);
}

#[test]
fn a_move_keeps_the_backup_codes() {
    let new = Phone::usual(1);
    let mut owner = moving(&new);
    owner
        .account
        .confirm(&new.typed(NOON), Some(sheet::SECOND.set()), NOON)
        .unwrap();
    let judgement = owner.judge(&sheet::FIRST.code(0), ThrottleScope::OwnProgram, NOON);
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
}

#[test]
fn a_failed_move_keeps_the_old_phone() {
    let new = Phone::usual(1);
    let abandon = |account: &mut Account| account.abandon().is_ok();
    let expire = |account: &mut Account| {
        let late = after(NOON, LIFETIME + 1);
        account.confirm(&new.typed(late), None, late) == Err(Refusal::NothingPending)
    };
    let guess = |account: &mut Account| {
        let guess = |_| account.confirm(&wrong_entry(), None, NOON);
        (0..MAX_CONFIRM_TRIES).map(guess).last() == Some(Err(Refusal::PendingWithdrawn))
    };
    let ends: [&dyn Fn(&mut Account) -> bool; 3] = [&abandon, &expire, &guess];
    for end in ends {
        let mut owner = moving(&new);
        assert!(end(&mut owner.account));
        assert!(owner.account.pending().is_none());
        let next = owner.code(NOON, 1);
        assert_eq!(
            owner.judge(&next, ThrottleScope::OwnProgram, NOON),
            ACCEPTED
        );
    }
}

#[test]
fn a_move_of_a_paused_account_keeps_it_paused() {
    let (mut owner, new) = (Owner::new(), Phone::usual(1));
    let proofs = [owner.code(NOON, 0), owner.code(NOON, 1)];
    owner.account.pause(&proofs[0], NOON).unwrap();
    owner
        .account
        .move_to(None, new.authenticator(), &proofs[1], NOON)
        .unwrap();
    owner.account.confirm(&new.typed(NOON), None, NOON).unwrap();
    assert_eq!(owner.account.state(), State::Paused);
}

// What every change needs.

type Change = fn(&mut Account, &Credential, Time) -> Result<(), Refusal>;

const MOVE: Change =
    |account, proof, now| account.move_to(None, Phone::usual(1).authenticator(), proof, now);
const NEW_CODES: Change =
    |account, proof, now| account.replace_backup_codes(sheet::SECOND.set(), proof, now);
const PAUSE: Change = |account, proof, now| account.pause(proof, now);
const RESUME: Change = |account, proof, now| account.resume(proof, now);
const REMOVE: Change = |account, proof, now| account.remove(proof, now);

/// Every change, with an owner who may make it.
fn changes() -> impl Iterator<Item = (Owner, Change)> {
    [MOVE, NEW_CODES, PAUSE, RESUME, REMOVE]
        .into_iter()
        .map(|wish| {
            let (mut owner, earlier) = (Owner::new(), after(NOON, -3600));
            if std::ptr::fn_addr_eq(wish, RESUME) {
                let proof = owner.code(earlier, 0);
                owner.account.pause(&proof, earlier).unwrap();
            }
            (owner, wish)
        })
}

#[test]
fn a_factor_verified_elsewhere_changes_only_an_enrolled_account() {
    let mut stranger = Account::new(UID);
    assert_eq!(
        stranger.remove(Proof::Verified, NOON),
        Err(Refusal::NotSetUp)
    );
    let mut owner = Owner::new();
    owner.account.pause(Proof::Verified, NOON).unwrap();
    assert_eq!(owner.account.state(), State::Paused);
    owner.account.resume(Proof::Verified, NOON).unwrap();
    owner
        .account
        .move_to(None, Phone::usual(1).authenticator(), Proof::Verified, NOON)
        .unwrap();
    owner.account.remove(Proof::Verified, NOON).unwrap();
    assert_eq!(owner.account.state(), State::None);
}

#[test]
fn every_change_takes_a_code_and_uses_it_up() {
    for (mut owner, wish) in changes() {
        owner.fail(4, ThrottleScope::OwnProgram, NOON);
        let mut other = Owner {
            account: owner.account.clone(),
            phone: Phone::usual(7),
        };
        let proof = owner.code(NOON, 0);
        assert_eq!(wish(&mut owner.account, &proof, NOON), Ok(()));
        assert_eq!(owner.failures(ThrottleScope::OwnProgram), 0);
        if owner.account.state() != State::None {
            assert_eq!(
                owner.judge(&proof, ThrottleScope::Console, NOON),
                Judgement::AlreadyUsed
            );
        }
        // Conversely, a code used for a login permits no change.
        let _: Judgement = other.judge(&proof, ThrottleScope::Console, NOON);
        assert_eq!(
            wish(&mut other.account, &proof, NOON),
            Err(Refusal::AlreadyUsed)
        );
    }
}

#[test]
fn every_change_takes_a_backup_code_and_uses_it_up() {
    for (mut owner, wish) in changes() {
        assert_eq!(
            wish(&mut owner.account, &sheet::FIRST.code(5), NOON),
            Ok(())
        );
        let set = owner.account.backup();
        assert!(set.is_none_or(
            |set| set.left() == 9 || set.hash_params() == sheet::SECOND.set().hash_params()
        ));
    }
}

#[test]
fn no_change_without_a_right_code_and_wrong_ones_count() {
    for (mut owner, wish) in changes() {
        let spent = owner.code(NOON, 0);
        let _: Judgement = owner.judge(&spent, ThrottleScope::OwnProgram, NOON);
        let before = owner.account.encode();
        for (proof, refusal) in [
            (spent, Refusal::AlreadyUsed),
            (Credential::Malformed, Refusal::NotACode),
            (Credential::Empty, Refusal::NotACode),
            (sheet::SECOND.code(0), Refusal::Rehash),
            (sheet::unhashed(), Refusal::Rehash),
        ] {
            assert_eq!(wish(&mut owner.account, &proof, NOON), Err(refusal));
            assert_eq!(*owner.account.encode(), *before);
        }
        let mut counted = owner.account.clone();
        let (early, old) = (owner.code(NOON, 2), owner.code(NOON, -2));
        for proof in [wrong_code(), sheet::FIRST.wrong(), early, old] {
            assert_eq!(wish(&mut owner.account, &proof, NOON), Err(PLAINLY_WRONG));
            let _: Judgement = counted.judge(&wrong_code(), ThrottleScope::OwnProgram, NOON);
            assert_eq!(owner.account.throttle(), counted.throttle());
        }
        let closed = LockState::Until(after(NOON, 30));
        let fifth = wish(&mut owner.account, &wrong_code(), NOON);
        assert_eq!(fifth, Err(Refusal::WrongAndLocked(closed)));
        let next = owner.code(NOON, 1);
        let right = wish(&mut owner.account, &next, NOON);
        assert_eq!(right, Err(Refusal::Locked(closed)));
    }
}

#[test]
fn changes_need_an_enrollment() {
    for wish in [MOVE, NEW_CODES, PAUSE, RESUME, REMOVE] {
        let mut pending = pending(&Phone::usual(7));
        let mut blank = Account::new(UID);
        for account in [&mut blank, &mut pending] {
            let before = account.encode();
            for proof in [Phone::usual(7).code(NOON), wrong_code(), sheet::unhashed()] {
                assert_eq!(wish(account, &proof, NOON), Err(Refusal::NotSetUp));
                let tried = account.try_code(&proof, ThrottleScope::OwnProgram, NOON);
                assert_eq!(tried, Err(Refusal::NotSetUp));
            }
            assert_eq!(*account.encode(), *before);
        }
    }
}

#[test]
fn a_pause_or_resume_without_effect_uses_up_no_code() {
    for (wish, state) in [(PAUSE, State::Paused), (RESUME, State::Enabled)] {
        let mut owner = Owner::new();
        if state == State::Paused {
            let proof = owner.code(NOON, -1);
            owner.account.pause(&proof, NOON).unwrap();
        }
        let before = owner.account.encode();
        let proof = owner.code(NOON, 0);
        let refusal = Err(Refusal::WrongState(state));
        assert_eq!(wish(&mut owner.account, &proof, NOON), refusal);
        assert_eq!(*owner.account.encode(), *before);
    }
}

#[test]
fn enrollment_needs_backup_codes() {
    let phone = Phone::usual(1);
    let mut account = pending(&phone);
    let confirmed = account.confirm(&phone.typed(NOON), None, NOON);
    assert_eq!(confirmed, Err(Refusal::NothingPending));
    assert_eq!(account.state(), State::Pending);
}

#[test]
fn a_checked_proof_is_not_used_up_and_a_wrong_one_counts() {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    assert_eq!(
        owner
            .account
            .check_proof(&proof, ThrottleScope::OwnProgram, NOON),
        Ok(CODE)
    );
    let wrong = wrong_code();
    let refused = owner
        .account
        .check_proof(&wrong, ThrottleScope::OwnProgram, NOON);
    assert_eq!(refused, Err(Refusal::WrongCode(None)));
    assert_eq!(owner.failures(ThrottleScope::OwnProgram), 1);
    assert_eq!(
        owner.judge(&proof, ThrottleScope::OwnProgram, NOON),
        ACCEPTED
    );
}

#[test]
fn a_pause_keeps_the_key_and_the_backup_codes() {
    let mut owner = Owner::new();
    let proofs = [owner.code(NOON, 0), owner.code(NOON, 1)];
    owner.account.pause(&proofs[0], NOON).unwrap();
    assert_eq!(owner.account.state(), State::Paused);
    assert_eq!(owner.backup_codes_left(), 10);
    owner.account.resume(&proofs[1], NOON).unwrap();
    assert_eq!(owner.account.state(), State::Enabled);
    let later = after(NOON, 60);
    let code = owner.code(later, 0);
    assert_eq!(
        owner.judge(&code, ThrottleScope::OwnProgram, later),
        ACCEPTED
    );
}

#[test]
fn the_count_of_the_day_keeps_no_record_after_a_removal() {
    let mut owner = Owner::new();
    owner.fail(2, ThrottleScope::OwnProgram, NOON);
    let proof = owner.code(NOON, 0);
    owner.account.remove(&proof, NOON).unwrap();
    let mut other = Owner::new();
    other.account.remove(&proof, NOON).unwrap();
    assert_eq!(*owner.account.encode(), *other.account.encode());
}

#[test]
fn a_removal_keeps_only_the_count_of_wrong_codes() {
    let mut owner = moving(&Phone::usual(1));
    owner.fail(4, ThrottleScope::Console, NOON);
    let proof = owner.code(NOON, 1);
    owner.account.remove(&proof, NOON).unwrap();
    assert_eq!(owner.account.state(), State::None);
    assert!(owner.account.authenticators().is_empty());
    assert!(owner.account.pending().is_none());
    assert!(owner.account.backup().is_none());
    assert_eq!(
        (owner.account.uid(), owner.failures(ThrottleScope::Console)),
        (UID, 4)
    );
    owner.account.unlock();
    assert_eq!(owner.failures(ThrottleScope::Console), 0);
    assert!(!owner.account.is_blank() && owner.account.was_enrolled());
}

#[test]
fn a_removal_keeps_policy_data_and_administrator_data() {
    let mut owner = Owner::new();
    let (proof, later) = (owner.code(NOON, 2), after(NOON, 60));
    let account = &mut owner.account;
    account.require(NOON);
    account.forbid_grace();
    account.record_audit(AuditOutcome::Asked, "sshd", "", NOON);
    account.invite(invitation(NOON));
    account.remove(&proof, later).unwrap();
    assert_eq!(account.state(), State::None);
    assert_eq!(account.first_required(), Some(NOON));
    assert!(account.has_no_grace() && account.is_invited(later));
    assert_eq!(account.audit_records().len(), 1);
    assert!(!account.is_blank());
}

#[test]
fn a_reset_keeps_only_the_grace_period() {
    let mut owner = moving(&Phone::usual(1));
    owner.lock_permanently(ThrottleScope::Console, NOON);
    let account = &mut owner.account;
    account.require(NOON);
    account.record_audit(AuditOutcome::Asked, "sshd", "", NOON);
    account.invite(invitation(NOON));
    account.reset();
    assert_eq!((account.uid(), account.state()), (UID, State::None));
    assert!(account.pending().is_none() && account.backup().is_none());
    assert!(account.throttle().is_clear() && account.audit_records().is_empty());
    assert!(!account.is_invited(NOON));
    assert_eq!(account.first_required(), Some(NOON));
    assert!(account.has_no_grace() && !account.is_blank());
    let before = account.encode();
    account.reset();
    assert_eq!(*account.encode(), *before, "and again");

    let mut never = pending(&Phone::usual(1));
    never.reset();
    assert!(never.is_blank(), "a user who never enrolled loses no grace");
}

#[test]
fn enrollment_ends_the_grace_and_permits_a_later_one() {
    let phone = Phone::usual(1);
    let mut account = Account::new(UID);
    account.require(NOON);
    account.forbid_grace();
    account.set_up(phone.authenticator(), NOON).unwrap();
    for refused in [wrong_entry(), Input::Empty] {
        assert!(account.confirm(&refused, sheet(), NOON).is_err());
    }
    assert!(account.confirm(&phone.typed(NOON), None, NOON).is_err());
    assert_eq!(
        account.first_required(),
        Some(NOON),
        "a pending authenticator ends none"
    );
    assert!(account.has_no_grace());
    let next = after(NOON, 60);
    account.confirm(&phone.typed(next), sheet(), next).unwrap();
    assert_eq!(account.first_required(), None);
    assert!(!account.has_no_grace());
}

#[test]
fn a_move_does_not_change_the_grace_period() {
    let phone = Phone::usual(1);
    let mut owner = moving(&phone);
    let account = &mut owner.account;
    account.require(NOON);
    account.forbid_grace();
    account.confirm(&phone.typed(NOON), None, NOON).unwrap();
    assert_eq!(account.first_required(), Some(NOON));
    assert!(account.has_no_grace());
}

#[test]
fn reset_after_enrollment_ends_grace_for_good() {
    let mut account = Account::new(UID);
    for (round, label) in (0..4).zip(1..) {
        let (phone, now) = (Phone::usual(label), after(NOON, round * 60));
        account.set_up(phone.authenticator(), now).unwrap();
        account.confirm(&phone.typed(now), sheet(), now).unwrap();
        assert!(!account.has_no_grace());
        account.reset();
        assert!(account.has_no_grace() && !account.is_blank());
        assert_eq!(account.first_required(), None);
    }
}

#[test]
fn a_forbidden_grace_stays_forbidden_until_enrollment() {
    let mut account = Account::new(UID);
    account.forbid_grace();
    assert!(account.has_no_grace() && !account.is_blank());
    account.reset();
    account.unlock();
    let mut account = Account::decode(&account.encode()).unwrap();
    assert!(account.has_no_grace() && !account.is_blank());
    let phone = Phone::usual(1);
    account.set_up(phone.authenticator(), NOON).unwrap();
    assert!(account.has_no_grace());
    account.confirm(&phone.typed(NOON), sheet(), NOON).unwrap();
    assert!(!account.has_no_grace());
}

#[test]
fn each_kind_of_data_alone_keeps_a_record() {
    let notes: [fn(&mut Account); 7] = [
        |account| account.require(NOON),
        Account::forbid_grace,
        |account| account.record_audit(AuditOutcome::Asked, "sshd", "", NOON),
        |account| account.invite(invitation(NOON)),
        |account| {
            account
                .set_up(Phone::usual(1).authenticator(), NOON)
                .unwrap()
        },
        |account| {
            assert!(matches!(
                account.judge(&wrong_code(), ThrottleScope::Console, NOON),
                Judgement::Wrong(_)
            ))
        },
        |account| {
            *account = Owner::new().account;
            account.reset();
        },
    ];
    for (place, note) in notes.iter().enumerate() {
        let mut account = Account::new(UID);
        assert!(account.is_blank());
        note(&mut account);
        assert!(!account.is_blank(), "note {place}");
    }
}

// Testing a code.

#[test]
fn a_test_uses_up_no_code_and_clears_no_count() {
    let mut owner = Owner::new();
    owner.fail(4, ThrottleScope::OwnProgram, NOON);
    let before = owner.account.encode();
    let code = owner.code(NOON, 0);
    for (credential, factor) in [(&code, CODE), (&sheet::FIRST.code(2), Factor::BackupCode)] {
        for _ in 0..2 {
            assert_eq!(
                owner
                    .account
                    .try_code(credential, ThrottleScope::OwnProgram, NOON),
                Ok(factor)
            );
            assert_eq!(*owner.account.encode(), *before);
        }
    }
    assert_eq!(
        owner.judge(&code, ThrottleScope::OwnProgram, NOON),
        ACCEPTED
    );
    assert_eq!(
        owner
            .account
            .try_code(&code, ThrottleScope::OwnProgram, NOON),
        Err(Refusal::AlreadyUsed)
    );
}

#[test]
fn a_test_with_malformed_input_is_not_counted() {
    let mut owner = Owner::new();
    let before = owner.account.encode();
    for (credential, refusal) in [
        (Credential::Malformed, Refusal::NotACode),
        (Credential::Empty, Refusal::NotACode),
        (sheet::SECOND.code(0), Refusal::Rehash),
        (sheet::unhashed(), Refusal::Rehash),
    ] {
        assert_eq!(
            owner
                .account
                .try_code(&credential, ThrottleScope::OwnProgram, NOON),
            Err(refusal)
        );
        assert_eq!(*owner.account.encode(), *before);
    }
}

#[test]
fn wrong_tests_count_and_lock_like_wrong_codes_at_a_login() {
    for credential in [wrong_code(), sheet::FIRST.wrong()] {
        let (mut tried, mut judged) = (Owner::new(), Owner::new());
        let mut now = NOON;
        for _ in 0..100 {
            assert!(
                tried
                    .account
                    .try_code(&credential, ThrottleScope::OwnProgram, now)
                    .is_err()
            );
            if let Judgement::Wrong(LockState::Until(until)) =
                judged.judge(&credential, ThrottleScope::OwnProgram, now)
            {
                let closed = tried
                    .account
                    .try_code(&credential, ThrottleScope::OwnProgram, now);
                assert_eq!(closed, Err(Refusal::Locked(LockState::Until(until))));
                now = until;
            }
            assert_eq!(tried.account.throttle(), judged.account.throttle());
        }
        let right = tried.code(now, 0);
        let tried = tried
            .account
            .try_code(&right, ThrottleScope::OwnProgram, now);
        assert_eq!(tried, Err(Refusal::Locked(LockState::Permanent)));
    }
}

#[test]
fn test_reports_drift_up_to_two_hours_back_and_20_steps_ahead() {
    for (steps, hint) in [
        (2, Some(60)),
        (20, Some(600)),
        (21, None),
        (-2, Some(-60)),
        (-240, Some(-7200)),
        (-241, None),
    ] {
        let mut owner = Owner::new();
        let code = owner.code(NOON, steps);
        let drift = hint.map(|seconds| Drift { seconds });
        let tried = owner
            .account
            .try_code(&code, ThrottleScope::OwnProgram, NOON);
        assert_eq!(tried, Err(Refusal::WrongCode(drift)), "{steps}");
        assert_eq!(owner.failures(ThrottleScope::OwnProgram), 1);
    }
}

#[test]
fn a_test_of_a_used_code_that_is_too_old_blames_no_clock_and_counts() {
    let mut owner = Owner::new();
    let used = owner.code(NOON, 0);
    assert_eq!(
        owner.judge(&used, ThrottleScope::OwnProgram, NOON),
        ACCEPTED
    );
    for (seconds, failures) in [(30, 0), (60, 1), (7200, 2)] {
        let tried = owner
            .account
            .try_code(&used, ThrottleScope::OwnProgram, after(NOON, seconds));
        assert_eq!(tried, Err(Refusal::AlreadyUsed), "{seconds}");
        assert_eq!(owner.failures(ThrottleScope::OwnProgram), failures);
    }
    // A later code that no one has used is one of a wrong clock.
    let unused = owner.code(NOON, 1);
    let tried = owner
        .account
        .try_code(&unused, ThrottleScope::OwnProgram, after(NOON, 120));
    assert_eq!(tried, Err(ahead(-90)));
}

#[test]
fn future_code_of_a_test_hint_is_never_accepted() {
    let mut owner = Owner::new();
    let later = after(NOON, 300);
    let code = owner.code(later, 0);
    assert_eq!(
        owner
            .account
            .try_code(&code, ThrottleScope::OwnProgram, NOON),
        Err(ahead(300))
    );
    for origin in [ThrottleScope::OwnProgram, ThrottleScope::Console] {
        for seconds in [-30, 0, 30] {
            let judgement = owner.judge(&code, origin, after(later, seconds));
            assert_eq!(judgement, Judgement::AlreadyUsed);
        }
    }
    let next = owner.code(later, 1);
    assert_eq!(
        owner.judge(&next, ThrottleScope::OwnProgram, later),
        ACCEPTED
    );
}

#[test]
fn a_test_of_an_old_code_makes_no_later_one_valid() {
    let mut owner = Owner::new();
    let (spent, old) = (owner.code(NOON, 0), owner.code(NOON, -20));
    assert_eq!(
        owner.judge(&spent, ThrottleScope::OwnProgram, NOON),
        ACCEPTED
    );
    assert_eq!(
        owner
            .account
            .try_code(&old, ThrottleScope::OwnProgram, NOON),
        Err(Refusal::AlreadyUsed)
    );
    assert_eq!(
        owner.judge(&spent, ThrottleScope::OwnProgram, NOON),
        Judgement::AlreadyUsed
    );
}

#[test]
fn code_of_a_drift_hint_stays_used_after_the_clock_is_set_back() {
    let mut owner = Owner::new();
    let earlier = after(NOON, -600);
    let code = owner.code(earlier, 0);
    assert_eq!(
        owner
            .account
            .try_code(&code, ThrottleScope::OwnProgram, NOON),
        Err(ahead(-600))
    );
    assert_eq!(
        owner.judge(&code, ThrottleScope::OwnProgram, earlier),
        Judgement::AlreadyUsed
    );
    let now = owner.code(NOON, 0);
    assert_eq!(
        owner.judge(&now, ThrottleScope::OwnProgram, NOON),
        ACCEPTED,
        "the owner loses nothing"
    );
}

// An attacker at the owner's terminal, with neither the phone nor the sheet.

#[derive(Debug, Clone, Copy)]
enum Guess {
    Wrong,
    AlreadyUsed,
    Off(i64),
    WrongBackup,
    OtherBackup,
    Malformed,
    Nothing,
}

fn guess() -> impl Strategy<Value = Guess> {
    prop_oneof![
        Just(Guess::Wrong),
        Just(Guess::AlreadyUsed),
        (2..=5_i64).prop_map(Guess::Off),
        (-5..=-2_i64).prop_map(Guess::Off),
        Just(Guess::WrongBackup),
        Just(Guess::OtherBackup),
        Just(Guess::Malformed),
        Just(Guess::Nothing),
    ]
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn no_change_of_an_enrollment_without_a_code(
        paused in any::<bool>(),
        offered in any::<bool>(),
        tries in prop::collection::vec((0..11_u8, guess(), 0..90_i64, any::<bool>()), 1..40),
    ) {
        let mut owner = Owner::new();
        let spent = owner.code(NOON, 0);
        let _: Judgement = owner.judge(&spent, ThrottleScope::OwnProgram, NOON);
        if paused {
            owner.account.pause(&sheet::FIRST.code(0), NOON).unwrap();
        }
        if offered {
            let phone = Phone::usual(1);
            owner.account.move_to(None, phone.authenticator(), &sheet::FIRST.code(1), NOON).unwrap();
        }
        let (state, left) = (owner.account.state(), owner.backup_codes_left());
        let key = owner.account.authenticators()[0].secret().unwrap().to_base32();
        let mut now = NOON;
        for (what, guess, wait, patient) in tries {
            now = after(now, wait);
            let proof = match guess {
                Guess::Wrong => wrong_code(),
                Guess::AlreadyUsed => owner.code(NOON, 0),
                Guess::Off(steps) => owner.code(now, steps),
                Guess::WrongBackup => sheet::FIRST.wrong(),
                Guess::OtherBackup => sheet::SECOND.code(0),
                Guess::Malformed => Credential::Malformed,
                Guess::Nothing => Credential::Empty,
            };
            let account = &mut owner.account;
            let granted = match what {
                0 => account.set_up(Phone::usual(2).authenticator(), now),
                1 => MOVE(account, &proof, now),
                2 => NEW_CODES(account, &proof, now),
                3 => PAUSE(account, &proof, now),
                4 => RESUME(account, &proof, now),
                5 => REMOVE(account, &proof, now),
                6 => account.try_code(&proof, ThrottleScope::OwnProgram, now).map(|_| ()),
                7 => account.confirm(&wrong_entry(), Some(sheet::SECOND.set()), now),
                8 => account.check_pending(&wrong_entry(), now).map(|_| ()),
                9 => account.abandon().and(Err(Refusal::NothingPending)),
                _ => match account.judge(&proof, ThrottleScope::Console, now) {
                    Judgement::Accepted(_) => Ok(()),
                    _ => Err(Refusal::NotACode),
                },
            };
            prop_assert!(granted.is_err(), "{} with {:?}", what, guess);
            prop_assert_eq!((owner.account.state(), owner.backup_codes_left()), (state, left));
            let keys = owner.account.authenticators();
            prop_assert_eq!(keys.len(), 1);
            prop_assert_eq!(&*keys[0].secret().unwrap().to_base32(), &*key);
            if let (true, LockState::Until(until)) =
                (patient, owner.account.lock_state(ThrottleScope::OwnProgram, now))
            {
                now = until;
            }
        }
    }
}
