//! Backup codes: each of the ten is accepted once.

use proptest::prelude::*;
use tfa_core::{Account, BackupSet, Credential, Factor, Judgement, LockState, ThrottleScope};

use crate::cases;
use crate::owner::{Owner, UID};
use crate::phone::{NOON, after};
use crate::sheet::{self, read};

const ACCEPTED: Judgement = Judgement::Accepted(Factor::BackupCode);

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn every_backup_code_is_accepted_once_in_any_order_and_origin(
        order in Just((0..BackupSet::SIZE).collect::<Vec<_>>()).prop_shuffle(),
        console in any::<u16>(),
    ) {
        let mut owner = Owner::new();
        for (used, place) in (1..).zip(order) {
            let origin = [ThrottleScope::UNKNOWN, ThrottleScope::Console][usize::from(console >> place & 1)];
            let code = sheet::FIRST.code(place);
            prop_assert_eq!(owner.judge(&code, origin, NOON), ACCEPTED);
            prop_assert_eq!(owner.backup_codes_left(), BackupSet::SIZE - used);
            for origin in [ThrottleScope::UNKNOWN, ThrottleScope::Console] {
                let again = owner.judge(&code, origin, NOON);
                prop_assert_eq!(again, Judgement::AlreadyUsed);
                prop_assert_eq!(owner.failures(origin), 0);
            }
        }
    }
}

#[test]
fn ten_different_codes_are_drawn_and_parse_as_printed() {
    let printed: std::collections::BTreeSet<_> = (0..BackupSet::SIZE)
        .map(|place| sheet::FIRST.printed(place))
        .collect();
    assert_eq!(printed.len(), 10);
    for printed in printed {
        assert_eq!(printed.len(), 11);
        assert_eq!(
            read(&printed.to_lowercase().replace('-', " ")).to_printed(),
            printed
        );
    }
}

#[test]
fn a_code_is_right_if_hashed_with_the_parameters_of_the_set() {
    let mut owner = Owner::new();
    let typed = read(&sheet::FIRST.printed(4));
    let hash_params = owner.account.backup().unwrap().hash_params().clone();
    let credential = Credential::Backup(typed.clone(), hash_params.hash(&typed).ok());
    assert_eq!(
        owner.judge(&credential, ThrottleScope::UNKNOWN, NOON),
        ACCEPTED
    );
    assert_eq!(
        owner.judge(&credential, ThrottleScope::UNKNOWN, NOON),
        Judgement::AlreadyUsed
    );
}

#[test]
fn code_hashed_for_another_set_is_rehashed_and_not_counted() {
    let mut owner = Owner::new();
    for credential in [sheet::SECOND.code(0), sheet::unhashed()] {
        let judgement = owner.judge(&credential, ThrottleScope::UNKNOWN, NOON);
        assert_eq!(judgement, Judgement::Rehash);
    }
    assert_eq!(
        (
            owner.failures(ThrottleScope::UNKNOWN),
            owner.backup_codes_left()
        ),
        (0, 10)
    );
}

#[test]
fn a_backup_code_without_a_set_is_wrong_and_counts() {
    for credential in [sheet::unhashed(), sheet::FIRST.code(0)] {
        let mut blank = Account::new(UID);
        let judgement = blank.judge(&credential, ThrottleScope::UNKNOWN, NOON);
        assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked));
        assert_eq!(
            blank.throttle().counter(ThrottleScope::UNKNOWN).failures(),
            1
        );
    }
}

#[test]
fn a_new_set_invalidates_the_old_one() {
    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    owner
        .account
        .replace_backup_codes(sheet::SECOND.set(), &proof, NOON)
        .unwrap();
    let old = owner.judge(&sheet::FIRST.code(0), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(old, Judgement::Rehash);
    assert_eq!(
        owner.judge(&sheet::SECOND.code(0), ThrottleScope::UNKNOWN, NOON),
        ACCEPTED
    );
}

#[test]
fn a_remote_backup_code_clears_only_the_remote_count() {
    let mut owner = Owner::new();
    owner.fail(4, ThrottleScope::UNKNOWN, NOON);
    owner.fail(4, ThrottleScope::Console, NOON);
    assert_eq!(
        owner.judge(&sheet::FIRST.code(0), ThrottleScope::UNKNOWN, NOON),
        ACCEPTED
    );
    assert_eq!(
        (
            owner.failures(ThrottleScope::UNKNOWN),
            owner.failures(ThrottleScope::Console)
        ),
        (0, 4)
    );
}

#[test]
fn a_timed_lock_also_refuses_backup_codes() {
    for origin in [ThrottleScope::UNKNOWN, ThrottleScope::Console] {
        let mut owner = Owner::new();
        let until = owner.fail(5, origin, NOON);
        let closed = Judgement::Locked(LockState::Until(until));
        assert_eq!(
            owner.judge(&sheet::FIRST.code(0), origin, after(until, -1)),
            closed
        );
        assert_eq!(owner.judge(&sheet::FIRST.code(0), origin, until), ACCEPTED);
    }
}
