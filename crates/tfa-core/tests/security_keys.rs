//! Security keys: enrolled, accepted in a login, and without codes.

use proptest::prelude::*;
use tfa_core::{
    Account, AskCode, AuthPhaseResult, Authenticator, AuthenticatorKind, CONFIRM_TIMEOUT,
    ChangedBy, Client, Credential, Dialog, Exemption, Factor, Factors, Input, Judgement,
    KeyFingerprint, KeyType, LockState, MAX_AUTHENTICATORS, Message, Next, PhaseInput,
    PolicyDecision, Proof, Refusal, Requirement, Source, SshKey, State, ThrottleScope, Time, Turn,
    Verdict, confirm_by_security_key, verify_by_security_key,
};

use crate::cases;
use crate::invitation::invitation;
use crate::owner::{Owner, UID, wrong_code};
use crate::phone::{NOON, after};
use crate::sheet;

const SSHD: Client<'static> = Client {
    service: "sshd",
    from: "192.0.2.7",
    shows: true,
    answer: None,
};
const ACCOUNT: PhaseInput = PhaseInput::Account {
    auth_result: AuthPhaseResult::NotRequired,
    guarded: true,
    silent: false,
};

fn key(number: u8) -> SshKey {
    SshKey {
        fingerprint: KeyFingerprint([number; 32]),
        key_type: KeyType::SkEd25519,
        is_certificate: false,
    }
}

fn of_type(key_type: KeyType) -> SshKey {
    SshKey { key_type, ..key(1) }
}

/// An owner with a phone, and the security key 1 under the id 2.
fn owner_with_key() -> Owner {
    let mut owner = Owner::new();
    let added = owner
        .account
        .add_security_key("yubi", key(1), Proof::Verified, NOON);
    assert_eq!(added.map(|id| id.number()), Ok(2));
    owner
}

/// An owner whose only authenticator is the security key 1.
fn owner_of_key_alone() -> Owner {
    let mut owner = owner_with_key();
    let phone = owner.account.authenticators()[0].id();
    owner.account.unbind(phone, NOON).unwrap();
    owner
}

fn verified(account: &mut Account, keys: &[SshKey], now: Time) -> Option<Turn> {
    verify_by_security_key(account, keys, SSHD, now)
}

#[test]
fn an_enrolled_key_verifies_the_login_without_a_question() {
    let mut account = owner_with_key().account;
    let login = after(NOON, 300);
    let turn = verified(&mut account, &[key(9), key(1)], login).unwrap();
    let id = account.authenticators()[1].id();
    assert_eq!(
        turn.next,
        Next::End(Verdict::Verified(Factor::SecurityKey(id)))
    );
    assert_eq!(turn.says, None);
    assert_eq!(account.authenticators()[1].last_accepted(), Some(login));
    assert_ne!(account.authenticators()[0].last_accepted(), Some(login));
    assert_eq!(account.last_login(), Some(login));
}

#[test]
fn a_certificate_of_the_key_is_accepted_as_the_key_is() {
    let certificate = SshKey {
        is_certificate: true,
        ..key(1)
    };
    assert!(verified(&mut owner_with_key().account, &[certificate], NOON).is_some());
}

#[test]
fn no_other_key_verifies_a_login_and_none_changes_the_account() {
    let mut account = owner_with_key().account;
    let before = account.encode().to_vec();
    let plain = of_type(KeyType::Ed25519);
    let other_type = of_type(KeyType::SkEcdsa);
    for keys in [&[][..], &[key(2)], &[plain], &[other_type]] {
        assert_eq!(verified(&mut account, keys, NOON), None, "{keys:?}");
    }
    assert_eq!(account.encode().to_vec(), before);
}

#[test]
fn a_removed_key_verifies_nothing() {
    let mut account = owner_with_key().account;
    let id = account.authenticators()[1].id();
    account
        .remove_authenticator(id, &[Factors::ANY], Proof::Verified, NOON)
        .unwrap();
    assert_eq!(verified(&mut account, &[key(1)], NOON), None);
}

#[test]
fn logins_within_a_minute_leave_the_record_as_it_is() {
    let mut account = owner_with_key().account;
    let _ = verified(&mut account, &[key(1)], NOON);
    let before = account.encode().to_vec();
    for seconds in [0, 59] {
        assert!(verified(&mut account, &[key(1)], after(NOON, seconds)).is_some());
        assert_eq!(account.encode().to_vec(), before, "{seconds}");
    }
    // Also a use that a clock noted which was ahead.
    for seconds in [60, -1] {
        let mut account = account.clone();
        let login = after(NOON, seconds);
        assert!(verified(&mut account, &[key(1)], login).is_some());
        assert_eq!(account.last_login(), Some(login));
    }
}

#[test]
fn locks_of_codes_neither_stop_a_key_nor_end_with_it() {
    let mut owner = owner_with_key();
    let scope = ThrottleScope::UNKNOWN;
    for _ in 0..5 {
        let _: Judgement = owner.judge(&wrong_code(), scope, NOON);
    }
    let locked = |account: &Account| account.lock_state(scope, NOON);
    let failures = |account: &Account| account.throttle().counter(scope).failures();
    let before = (locked(&owner.account), failures(&owner.account));
    assert_ne!(before.0, LockState::Unlocked);
    let turn = verified(&mut owner.account, &[key(1)], NOON).unwrap();
    assert_eq!((locked(&owner.account), failures(&owner.account)), before);
    // It reports them, as a login with a code does.
    let report = turn.report.unwrap();
    assert_eq!(report.wrong_codes.map(|wrong| wrong.count), Some(5));
    assert!(owner.account.wrong_codes().is_none());
}

#[test]
fn a_client_that_shows_nothing_leaves_wrong_codes_to_a_later_login() {
    let mut owner = owner_with_key();
    let _: Judgement = owner.judge(&wrong_code(), ThrottleScope::UNKNOWN, NOON);
    let silent = Client {
        shows: false,
        ..SSHD
    };
    let turn = verify_by_security_key(&mut owner.account, &[key(1)], silent, NOON).unwrap();
    assert_eq!(turn.report, None);
    assert!(owner.account.wrong_codes().is_some());
}

#[test]
fn adding_a_key_needs_a_proof_and_activates_it_at_once() {
    let mut owner = Owner::new();
    let wrong = wrong_code();
    let refused = owner.account.add_security_key("yubi", key(1), &wrong, NOON);
    assert_eq!(refused, Err(Refusal::WrongCode(None)));
    assert_eq!(owner.account.authenticators().len(), 1);
    let code = owner.code(NOON, 0);
    let added = owner.account.add_security_key("yubi", key(1), &code, NOON);
    assert!(added.is_ok() && owner.account.pending().is_none());
    let [_, added] = owner.account.authenticators() else {
        panic!("there are two");
    };
    assert_eq!((added.name(), added.created()), ("yubi", Some(NOON)));
    assert_eq!(added.kind(), AuthenticatorKind::SecurityKey);
    assert_eq!(added.key_fingerprint(), Some(key(1).fingerprint));
    assert!(added.format().is_none() && added.secret().is_none());
    assert!(added.period().is_none() && added.counter().is_none());
    assert!(added.uri("host", "alice").is_none());
}

#[test]
fn a_key_of_the_administrator_is_active_at_once_and_is_added_once() {
    let mut account = waiting();
    let yubi = Authenticator::security_key("yubi", key(2)).unwrap();
    let spare = Authenticator::security_key("spare", key(2)).unwrap();
    account.bind(yubi, NOON).unwrap();
    // The key that waited was offered for the password alone.
    assert!(account.pending_key_among(&[key(1)], NOON).is_none());
    assert_eq!(account.state(), State::Enabled);
    assert!(verified(&mut account.clone(), &[key(2)], NOON).is_some());
    assert_eq!(verified(&mut account.clone(), &[key(1)], NOON), None);
    let before = account.encode();
    assert_eq!(account.bind(spare, NOON), Err(Refusal::KeyTaken));
    assert_eq!(account.encode(), before);
    let changes = account.changes_to_report().unwrap();
    assert_eq!(changes.newest[0].by, ChangedBy::Administrator);
}

#[test]
fn a_key_that_cannot_be_added_uses_up_no_code() {
    let mut owner = owner_with_key();
    let now = after(NOON, 30);
    let code = owner.code(now, 0);
    let mut add = |name: &str, key| owner.account.add_security_key(name, key, &code, now);
    for plain in [KeyType::Rsa, KeyType::Dsa, KeyType::Ecdsa, KeyType::Ed25519] {
        let refused = add("plain", of_type(plain));
        assert_eq!(refused, Err(Refusal::NotASecurityKey), "{plain:?}");
    }
    assert_eq!(add("again", key(1)), Err(Refusal::KeyTaken));
    assert_eq!(add("YUBI", key(2)), Err(Refusal::NameTaken));
    for number in 2..MAX_AUTHENTICATORS {
        let number = u8::try_from(number).unwrap();
        let name = format!("key {number}");
        let account = &mut owner.account;
        let added = account.add_security_key(&name, key(number), Proof::Verified, now);
        assert!(added.is_ok());
    }
    let full = owner.account.add_security_key("more", key(99), &code, now);
    assert_eq!(full, Err(Refusal::TooManyAuthenticators));
    assert!(matches!(
        owner.judge(&code, ThrottleScope::UNKNOWN, now),
        Judgement::Accepted(_)
    ));
    let nothing = Account::new(UID).add_security_key("yubi", key(1), Proof::Verified, now);
    assert_eq!(nothing, Err(Refusal::NotSetUp));
}

#[test]
fn a_key_replaces_an_authenticator_and_withdraws_a_pending_one() {
    let mut account = owner_with_key().account;
    let phone = account.authenticators()[0].clone();
    account
        .add(named(&phone, "tablet"), Proof::Verified, NOON)
        .unwrap();
    let moved =
        account.move_to_security_key(Some(phone.id()), "blue", key(2), Proof::Verified, NOON);
    assert_eq!(moved.map(|id| id.number()), Ok(3));
    let names: Vec<_> = account
        .authenticators()
        .iter()
        .map(Authenticator::name)
        .collect();
    assert_eq!(names, ["yubi", "blue"]);
    assert!(account.pending().is_none());
    let unnamed = account.move_to_security_key(None, "red", key(3), Proof::Verified, NOON);
    assert_eq!(unnamed, Err(Refusal::SeveralAuthenticators));
    // And a phone replaces a key, as it replaces a phone.
    let yubi = account.authenticators()[0].id();
    account
        .move_to(Some(yubi), named(&phone, "yubi"), Proof::Verified, NOON)
        .unwrap();
    assert!(account.pending().is_some());
}

/// An authenticator with codes under another name.
fn named(phone: &Authenticator, name: &str) -> Authenticator {
    let secret = phone.secret().unwrap().clone();
    Authenticator::totp(name, tfa_core::Parameters::default(), secret)
}

#[test]
fn a_login_without_the_only_key_asks_for_a_backup_code_and_says_why() {
    let mut owner = owner_of_key_alone();
    assert_eq!(owner.account.digits_of(Factors::ANY), 0);
    let begun = AskCode::begin(&owner.account, ThrottleScope::Console, NOON);
    let says = Message::NoSecurityKey {
        backup_codes_left: 10,
    };
    assert_eq!(begun.turn.says, Some(says));
    assert_eq!(begun.turn.next, Next::AskBackupCode);
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("a question");
    };
    let mut answer = |question: &AskCode, credential: &Credential| {
        let account = &mut owner.account;
        match question.answer(Some(Factors::ANY), account, credential, SSHD, NOON) {
            tfa_core::Answered::Turn(turn, Some(Dialog::AskCode(next))) => (turn, Some(next)),
            tfa_core::Answered::Turn(turn, _) => (turn, None),
            _ => panic!("a turn"),
        }
    };
    let (turn, next) = answer(&question, &wrong_code());
    assert_eq!(turn.next, Next::AskBackupCode);
    let (turn, _) = answer(&next.unwrap(), &sheet::FIRST.code(0));
    assert_eq!(turn.next, Next::End(Verdict::Verified(Factor::BackupCode)));
}

#[test]
fn a_login_without_key_and_backup_codes_is_refused_with_the_reason() {
    let mut owner = owner_of_key_alone();
    for place in 0..10 {
        let code = sheet::FIRST.code(place);
        let _: Judgement = owner.judge(&code, ThrottleScope::UNKNOWN, NOON);
    }
    let begun = AskCode::begin(&owner.account, ThrottleScope::Console, NOON);
    let says = Message::NoSecurityKey {
        backup_codes_left: 0,
    };
    assert_eq!(begun.turn.says, Some(says));
    assert_eq!(begun.turn.next, Next::End(Verdict::Denied));
    assert!(begun.dialog.is_none());
    // An administrator at the console can still enter the recovery code of the host.
    for scope in [ThrottleScope::Console, ThrottleScope::UNKNOWN] {
        let begun =
            AskCode::begin_with_recovery(&owner.account, Factors::ANY, scope, || true, NOON);
        let is_asked = matches!(begun.dialog, Some(Dialog::AskRecoveryCode(_)));
        let is_console = scope == ThrottleScope::Console;
        assert_eq!(is_asked, is_console, "{scope:?}");
        assert_eq!(begun.dialog.is_some(), is_console, "{scope:?}");
    }
}

#[test]
fn codes_are_neither_accepted_nor_tested_nor_resynchronized_by_a_key() {
    let mut account = owner_of_key_alone().account;
    let typed = Input::parse("123456");
    let code = crate::phone::code("123456");
    assert_eq!(
        account.try_code(&code, ThrottleScope::OwnProgram, NOON),
        Err(Refusal::WrongCode(None))
    );
    let other = Input::parse("654321");
    assert_eq!(
        account.resynchronize(&typed, &other, ThrottleScope::OwnProgram, NOON),
        Err(Refusal::WrongCode(None))
    );
    assert_eq!(account.used_ahead(NOON), None);
}

fn decision(requirement: Requirement) -> PolicyDecision {
    PolicyDecision {
        requirement,
        strict_factors: Factors::ANY,
        required: true,
        records_first_login: false,
        enrolls_in_login: true,
        audited: None,
        terms: Default::default(),
        source: Source::default(),
    }
}

/// A user who has enrolled a first security key, which waits for a login.
fn waiting() -> Account {
    let mut account = Account::new(UID);
    account
        .set_up_security_key("yubi", key(1), sheet::FIRST.set(), NOON)
        .unwrap();
    account
}

fn confirmed(account: &mut Account, keys: &[SshKey], now: Time) -> Option<Turn> {
    let decision = decision(Requirement::SetUp);
    confirm_by_security_key(account, &decision, ACCOUNT, keys, now)
}

#[test]
fn a_first_key_counts_for_nothing_before_a_login_has_used_it() {
    let mut account = waiting();
    assert_eq!(account.state(), State::Pending);
    assert_eq!(account.backup_codes_left(), 0);
    assert_eq!(verified(&mut account, &[key(1)], NOON), None);
    let judgement = account.judge(&sheet::FIRST.code(0), ThrottleScope::UNKNOWN, NOON);
    assert_eq!(judgement, Judgement::Wrong(LockState::Unlocked));
    let code = Input::parse("123456");
    let refused = account.confirm(&code, Some(sheet::SECOND.set()), NOON);
    assert_eq!(refused, Err(Refusal::NeedsLoginWithKey));
    assert!(account.pending().is_some());
}

#[test]
fn a_login_with_the_first_key_activates_it_with_its_backup_codes() {
    let mut account = waiting();
    account.require(NOON);
    account.forbid_grace();
    let login = after(NOON, 3600);
    for keys in [&[][..], &[key(2)], &[of_type(KeyType::Ed25519)]] {
        assert_eq!(confirmed(&mut account, keys, login), None, "{keys:?}");
    }
    let turn = confirmed(&mut account, &[key(1)], login).unwrap();
    assert_eq!(turn.says, Some(Message::SecurityKeyActive));
    assert_eq!(turn.next, Next::End(Verdict::Enrolled));
    assert_eq!(account.state(), State::Enabled);
    assert!(account.pending().is_none() && !account.has_no_grace());
    assert_eq!(account.first_required(), None);
    let [yubi] = account.authenticators() else {
        panic!("there is one");
    };
    assert_eq!(yubi.created(), Some(login));
    assert_eq!(account.backup_codes_left(), 10);
    let judgement = account.judge(&sheet::FIRST.code(0), ThrottleScope::UNKNOWN, login);
    assert_eq!(judgement, Judgement::Accepted(Factor::BackupCode));
    assert!(verified(&mut account, &[key(1)], login).is_some());
}

#[test]
fn a_first_key_expires_and_a_clock_that_was_ahead_does_not_keep_it() {
    let timeout = i64::try_from(CONFIRM_TIMEOUT.as_secs()).unwrap();
    for seconds in [timeout + 1, -timeout - 1] {
        let login = after(NOON, seconds);
        assert_eq!(confirmed(&mut waiting(), &[key(1)], login), None);
    }
}

#[test]
fn only_a_login_that_may_enroll_activates_a_first_key() {
    for (requirement, phase) in [
        (Requirement::TooLate, ACCOUNT),
        (Requirement::Undetermined, ACCOUNT),
        (Requirement::Exempt(Exemption::Off), ACCOUNT),
        (
            Requirement::SetUp,
            PhaseInput::Auth {
                account_follows: true,
            },
        ),
        (
            Requirement::SetUp,
            PhaseInput::Account {
                auth_result: AuthPhaseResult::Denied,
                guarded: true,
                silent: false,
            },
        ),
        (
            Requirement::Grace(NOON),
            PhaseInput::Session {
                auth_result: AuthPhaseResult::NotRun,
                guarded: true,
            },
        ),
    ] {
        let mut account = waiting();
        let decision = decision(requirement);
        let turn = confirm_by_security_key(&mut account, &decision, phase, &[key(1)], NOON);
        assert_eq!(turn, None, "{requirement:?}, {phase:?}");
        assert_eq!(account.state(), State::Pending);
    }
}

#[test]
fn a_first_key_is_void_after_an_invitation_a_token_or_a_reset() {
    let mut invited = waiting();
    invited.invite(invitation(NOON));
    let mut bound = waiting();
    let phone = Owner::new().account.authenticators()[0].clone();
    bound.bind(named(&phone, "token"), NOON).unwrap();
    let mut reset = waiting();
    reset.reset();
    let mut abandoned = waiting();
    abandoned.abandon().unwrap();
    for mut account in [invited, bound, reset, abandoned] {
        assert_eq!(confirmed(&mut account, &[key(1)], NOON), None);
    }
    let mut enabled = Owner::new().account;
    let again = enabled.set_up_security_key("yubi", key(1), sheet::FIRST.set(), NOON);
    assert_eq!(again, Err(Refusal::AlreadySetUp));
}

#[test]
fn a_record_with_keys_is_decoded_as_it_was_encoded() {
    for account in [
        owner_with_key().account,
        owner_of_key_alone().account,
        waiting(),
    ] {
        let bytes = account.encode();
        let mut read = Account::decode(&bytes).unwrap();
        assert_eq!(read.encode().to_vec(), bytes.to_vec());
        let is_active = account.state() == State::Enabled;
        assert_eq!(verified(&mut read, &[key(1)], NOON).is_some(), is_active);
        assert_eq!(confirmed(&mut read, &[key(1)], NOON).is_some(), !is_active);
    }
}

#[test]
fn a_record_with_a_plain_key_as_a_security_key_is_refused() {
    use crate::cbor::Item;
    let mut record = Item::parse(&owner_with_key().account.encode());
    let key_type = record.at(&[2, 1, 1, 1, 0, 1]);
    assert_eq!(*key_type, Item::Number(5));
    *key_type = Item::Number(3);
    assert!(Account::decode(&record.bytes()).is_err());
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_login_is_verified_by_an_enrolled_key_and_by_no_other(
        enrolled in prop::collection::btree_set(0..6_u8, 0..5),
        accepted in prop::collection::vec(0..8_u8, 0..4),
    ) {
        let mut account = Owner::new().account;
        for number in &enrolled {
            let name = format!("key {number}");
            account.add_security_key(&name, key(*number), Proof::Verified, NOON).unwrap();
        }
        let keys: Vec<_> = accepted.iter().map(|number| key(*number)).collect();
        let expected = accepted.iter().any(|number| enrolled.contains(number));
        prop_assert_eq!(verified(&mut account, &keys, NOON).is_some(), expected);
    }
}
