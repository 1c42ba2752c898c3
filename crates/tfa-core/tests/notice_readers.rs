//! Notices of changes stay until a login with something older than the change has shown them.

use tfa_core::{
    Account, Answered, AskCode, BoundSetId, Change, ChangedBy, Client, Credential, DeviceMark,
    Dialog, Factors, HostName, KeyFingerprint, KeyType, Match, Next, RememberRules, SshKey, Term,
    ThrottleScope, Time, Turn, Verdict, VerifiedBy, verify_by_security_key,
};

use crate::cbor::Item;
use crate::owner::Owner;
use crate::phone::{NOON, Phone, after};
use crate::sheet;
use crate::wrong_codes::{GUESSER, SSHD, login};

const DAY: i64 = 86_400;

fn hour(hours: i64) -> Time {
    after(NOON, 3600 * hours)
}

fn added(name: &str) -> Change {
    Change::AuthenticatorAdded(name.to_owned())
}

/// The phone of a thief.
fn thief() -> Phone {
    Phone::usual(8)
}

/// An owner to whose account a thief has added a phone, with one code of the owner.
fn with_thief() -> Owner {
    let mut owner = Owner::new();
    add(&mut owner, &thief(), "thief", NOON);
    owner
}

/// Adds a phone with a code of the owner's.
fn add(owner: &mut Owner, phone: &Phone, name: &str, now: Time) {
    let proof = owner.code(now, 0);
    add_with(&mut owner.account, &proof, phone, name, now);
}

fn add_with(account: &mut Account, proof: &Credential, phone: &Phone, name: &str, now: Time) {
    let new = phone.authenticator_named(name);
    account.add(new, proof, now).unwrap();
    account.confirm(&phone.typed(now), None, now).unwrap();
}

fn changes_of(turn: Turn) -> Vec<Change> {
    let changes = turn.report.and_then(|report| report.changes);
    let newest = changes.map_or_else(Vec::new, |changes| changes.newest);
    newest.into_iter().map(|one| one.change).collect()
}

/// The changes that a login with this right answer shows.
fn shown(owner: &mut Owner, typed: Credential, client: Client<'_>, now: Time) -> Vec<Change> {
    let turn = login(owner, client, &[typed], now);
    let verdict = turn.next;
    let is_verified = matches!(verdict, Next::End(Verdict::Verified(_)));
    assert!(is_verified, "{verdict:?}");
    changes_of(turn)
}

/// The changes that a login with a code of this phone shows.
fn shown_to(owner: &mut Owner, phone: &Phone, now: Time) -> Vec<Change> {
    shown(owner, phone.code(now), SSHD, now)
}

/// The changes that a login of the owner shows.
fn shown_to_owner(owner: &mut Owner, now: Time) -> Vec<Change> {
    let code = owner.code(now, 0);
    shown(owner, code, SSHD, now)
}

#[test]
fn login_with_the_new_authenticator_does_not_end_its_notice() {
    let mut owner = with_thief();
    for hours in 1..4 {
        let code = thief().code(hour(hours));
        shown(&mut owner, code, GUESSER, hour(hours));
    }
    assert_eq!(shown_to_owner(&mut owner, hour(5)), [added("thief")]);
    assert_eq!(shown_to_owner(&mut owner, hour(6)), []);
    assert_eq!(shown_to(&mut owner, &thief(), hour(7)), []);
    // Nothing of it stays in the record.
    assert!(Item::parse(&owner.account.encode()).fields().len() <= 16);
}

#[test]
fn each_newer_authenticator_shows_a_notice_once() {
    let mut owner = with_thief();
    let now = hour(1);
    assert_eq!(shown_to(&mut owner, &thief(), now), [added("thief")]);
    // The first login may not have arrived.
    let soon = after(now, 60);
    assert_eq!(shown_to(&mut owner, &thief(), soon), [added("thief")]);
    assert_eq!(shown_to(&mut owner, &thief(), hour(2)), []);
}

#[test]
fn backup_codes_end_a_notice_if_they_are_older() {
    let mut owner = with_thief();
    let old = sheet::FIRST.code(1);
    assert_eq!(shown(&mut owner, old, SSHD, hour(1)), [added("thief")]);
    assert_eq!(shown_to_owner(&mut owner, hour(2)), []);

    let mut owner = Owner::new();
    let proof = owner.code(NOON, 0);
    let new = sheet::SECOND.set();
    owner
        .account
        .replace_backup_codes(new, &proof, NOON)
        .unwrap();
    let expected = [Change::BackupCodesReplaced];
    let new = |place: usize| sheet::SECOND.code(place);
    assert_eq!(shown(&mut owner, new(1), GUESSER, hour(1)), expected);
    assert_eq!(shown(&mut owner, new(2), GUESSER, hour(2)), []);
    assert_eq!(shown_to_owner(&mut owner, hour(3)), expected);
    assert_eq!(shown_to_owner(&mut owner, hour(4)), []);
}

#[test]
fn a_new_authenticator_ends_none_of_the_changes_that_it_made() {
    let mut owner = with_thief();
    let (now, further) = (hour(1), Phone::usual(9));
    let proof = thief().code(now);
    add_with(&mut owner.account, &proof, &further, "further", now);
    let (now, set) = (hour(2), sheet::SECOND.set());
    let proof = thief().code(now);
    owner
        .account
        .replace_backup_codes(set, &proof, now)
        .unwrap();
    let expected = [
        added("thief"),
        added("further"),
        Change::BackupCodesReplaced,
    ];
    for (hours, code) in [
        (3, thief().code(hour(3))),
        (4, further.code(hour(4))),
        (5, sheet::SECOND.code(1)),
    ] {
        assert_eq!(shown(&mut owner, code, GUESSER, hour(hours)), expected);
    }
    assert_eq!(shown_to_owner(&mut owner, hour(6)), expected);
    assert_eq!(shown_to_owner(&mut owner, hour(7)), []);
}

#[test]
fn a_security_key_ends_a_notice_if_it_is_older() {
    let key = |label: u8| SshKey {
        fingerprint: KeyFingerprint([label; 32]),
        key_type: KeyType::SkEd25519,
        is_certificate: false,
    };
    let mut owner = Owner::new();
    let by_key = |owner: &mut Owner, label: u8, hours: i64| {
        let keys = [key(label)];
        let turn = verify_by_security_key(&mut owner.account, &keys, SSHD, hour(hours));
        changes_of(turn.unwrap())
    };
    let proof = owner.code(NOON, 0);
    owner
        .account
        .add_security_key("blue", key(1), &proof, NOON)
        .unwrap();
    assert_eq!(by_key(&mut owner, 1, 1), [added("blue")]);
    assert_eq!(by_key(&mut owner, 1, 4), []);
    assert_eq!(shown_to_owner(&mut owner, hour(5)), [added("blue")]);

    add(&mut owner, &thief(), "thief", hour(6));
    assert_eq!(by_key(&mut owner, 1, 7), [added("thief")]);
    assert_eq!(shown_to_owner(&mut owner, hour(8)), []);
}

#[test]
fn a_remembered_device_shows_a_notice_once_and_does_not_end_it() {
    let rules = RememberRules {
        days: 30,
        ..RememberRules::default()
    };
    let mut owner = Owner::new();
    let mut device = |label: u8| {
        let mark = DeviceMark::Key {
            fingerprint: KeyFingerprint([label; 32]),
            key_type: KeyType::Ed25519,
            member: None,
        };
        let account = &mut owner.account;
        account.remember_device(mark, Term::Days, &rules, NOON)
    };
    let (own, other) = (device(1).unwrap(), device(2).unwrap());
    let remembered = Change::DeviceRemembered("ssh key".to_owned());
    owner
        .account
        .notify(remembered.clone(), ChangedBy::Owner, NOON);
    for (hours, device, expected) in [(1, other, 1), (2, own, 1), (3, own, 0), (4, other, 0)] {
        let by = VerifiedBy::Device(device);
        let is_due = owner.account.has_report(by, hour(hours));
        let turn = tfa_core::remembered(&mut owner.account, device, SSHD, hour(hours));
        assert_eq!(changes_of(turn).len(), expected, "{hours}");
        assert_eq!(is_due, expected > 0, "{hours}");
    }
    assert_eq!(shown_to_owner(&mut owner, hour(5)), [remembered]);
    assert_eq!(shown_to_owner(&mut owner, hour(6)), []);
}

#[test]
fn a_recovery_code_of_the_host_ends_no_notice() {
    let mut owner = with_thief();
    let now = hour(1);
    let begun = AskCode::begin(&owner.account, ThrottleScope::Console, now);
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("a code is asked for");
    };
    let code = Credential::Recovery(Match::Fresh(()));
    let ask = Some(Factors::ANY);
    let answered = question.answer(ask, &mut owner.account, &code, SSHD, now);
    let Answered::Turn(turn, None) = answered else {
        panic!("the dialog ends");
    };
    assert_eq!(changes_of(turn), [added("thief")]);
    assert_eq!(shown_to_owner(&mut owner, hour(2))[0], added("thief"));
}

#[test]
fn an_owner_who_has_moved_sees_the_notice_once() {
    let mut owner = Owner::new();
    let (proof, new) = (owner.code(NOON, 0), Phone::usual(8));
    let authenticator = new.authenticator_named("new");
    owner
        .account
        .move_to(None, authenticator, &proof, NOON)
        .unwrap();
    owner.account.confirm(&new.typed(NOON), None, NOON).unwrap();
    assert_eq!(shown_to(&mut owner, &new, hour(1)).len(), 1);
    assert_eq!(shown_to(&mut owner, &new, hour(2)), []);
    // An earlier backup code shows that somebody else has moved the account.
    let mut stolen = Owner {
        account: owner.account.clone(),
        phone: Phone::usual(8),
    };
    let old = sheet::FIRST.code(1);
    assert_eq!(shown(&mut stolen, old, SSHD, hour(3)).len(), 1);
    // It ends some time after the first login that has shown it.
    let (early, late) = (hour(90 * 24), after(hour(90 * 24), 3660));
    for (now, expected) in [(early, 1), (late, 0)] {
        let mut later = Owner {
            account: owner.account.clone(),
            phone: Phone::usual(8),
        };
        let old = sheet::FIRST.code(2);
        assert_eq!(shown(&mut later, old, SSHD, now).len(), expected);
    }
    // With another change it is shown once more.
    let account = &mut owner.account;
    let now = hour(24);
    add_with(account, &new.code(now), &Phone::usual(9), "tablet", now);
    assert_eq!(shown_to(&mut owner, &new, hour(25)).len(), 2);
    assert_eq!(shown_to(&mut owner, &new, hour(26)), []);
}

#[test]
fn a_notice_that_no_login_has_shown_does_not_end_with_time() {
    let mut owner = with_thief();
    let now = after(NOON, 1000 * DAY);
    assert_eq!(shown_to_owner(&mut owner, now), [added("thief")]);
}

#[test]
fn where_nothing_is_older_any_login_ends_a_notice() {
    let mut account = Account::new(1000);
    account.notify(Change::Reset, ChangedBy::Administrator, NOON);
    let phone = Phone::usual(7);
    let token = phone.authenticator_named("token");
    account.bind(token, NOON).unwrap();
    let mut owner = Owner { account, phone };
    assert_eq!(shown_to_owner(&mut owner, hour(1)).len(), 2);
    assert_eq!(shown_to_owner(&mut owner, hour(2)), []);
    assert!(Item::parse(&owner.account.encode()).fields().len() <= 16);
}

#[test]
fn new_bound_codes_stay_until_an_older_authenticator_has_shown_them() {
    let mut owner = with_thief();
    let host = HostName::new("web1.example").unwrap();
    let (now, set) = (hour(1), BoundSetId::new([1; 16]));
    let proof = thief().code(now);
    owner.account.bind_codes(&host, set, &proof, now).unwrap();
    let mut sets = |phone: &Phone, hours: i64| {
        let code = phone.code(hour(hours));
        let turn = login(&mut owner, SSHD, &[code], hour(hours));
        let offline = turn.report.and_then(|report| report.offline);
        offline.map_or(0, |offline| offline.newest.len())
    };
    let phone = Phone::usual(7);
    for (phone, hours, expected) in [
        (&thief(), 2, 1),
        (&thief(), 3, 0),
        (&phone, 4, 1),
        (&phone, 5, 0),
    ] {
        assert_eq!(sets(phone, hours), expected, "{hours}");
    }
}

#[test]
fn the_readers_of_a_notice_have_a_bound_in_the_record() {
    let mut owner = with_thief();
    let before = owner.account.encode().len();
    let rules = RememberRules {
        days: 30,
        ..RememberRules::default()
    };
    for number in 0..200_u8 {
        let mark = DeviceMark::Key {
            fingerprint: KeyFingerprint([number; 32]),
            key_type: KeyType::Ed25519,
            member: None,
        };
        let account = &mut owner.account;
        let device = account.remember_device(mark, Term::Days, &rules, NOON);
        let by = VerifiedBy::Device(device.unwrap());
        let report = account.report(by, SSHD, hour(1)).unwrap();
        assert!(report.changes.is_some(), "{number}");
        account.forget_devices_except(None, &rules, hour(1));
    }
    let bytes = owner.account.encode();
    assert!(bytes.len() < before + 300, "{} {before}", bytes.len());
    assert!(Account::decode(&bytes).is_ok());
    assert_eq!(shown_to_owner(&mut owner, hour(2)), [added("thief")]);

    let mut record = Item::parse(&bytes);
    let one = record.at(&[16, 0, 3, 2, 0]).clone();
    *record.at(&[16, 0, 3, 2]) = Item::Array(vec![one; 17]);
    assert!(Account::decode(&record.bytes()).is_err());
}

/// A daemon that does not know the readers leaves them out: any login ends the notices then.
#[test]
fn the_readers_have_a_field_of_their_own() {
    let owner = with_thief();
    let mut record = Item::parse(&owner.account.encode());
    let Item::Array(changes) = record.at(&[16, 0]) else {
        panic!("no changes");
    };
    assert!(matches!(changes.pop(), Some(Item::Array(_))));
    let account = Account::decode(&record.bytes()).unwrap();
    let mut older = Owner {
        account,
        phone: Phone::usual(7),
    };
    assert_eq!(shown_to(&mut older, &thief(), hour(1)), [added("thief")]);
    assert_eq!(shown_to_owner(&mut older, hour(2)), []);
}
