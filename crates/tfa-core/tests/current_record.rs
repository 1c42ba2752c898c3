//! The record of today, with a value in each field, byte for byte as it is stored on hosts.

use tfa_core::{
    Account, AddressPrefix, Algorithm, Authenticator, AuthenticatorId, AuthenticatorKind,
    BoundSetId, Change, ChangedBy, CodeFormat, Counter, DeviceId, DeviceMark, Factor,
    FailureReason, HostName, Imported, ImportedCodes, Judgement, KeyFingerprint, KeyType,
    MemberPlace, Next, OfflineEvent, OfflineOutcome, Proof, RememberRules, Secret, SshKey, Term,
    ThrottleScope, Undecodable, Verdict, VerifiedBy,
};

use crate::cbor::Item;
use crate::imports::{import, set, tracked};
use crate::owner::FIRST;
use crate::phone::{NOON, Phone, after};
use crate::record::{answer, at_member, bytes_of, full};
use crate::sheet;
use crate::wrong_codes::{GUESSER, SSHD};

const UNKNOWN: ThrottleScope = ThrottleScope::UNKNOWN;

/// Do not change it: a record like this one must be read by every later version. If the format changes
/// on purpose, keep this one with a test of its own, and add another.
const TWENTY_FIELDS: &str = include_str!("records/twenty-fields.hex");

/// The record before notices told whose logins end them.
const NINETEEN_FIELDS: &str = include_str!("records/nineteen-fields.hex");

/// The record before answers were kept.
const EIGHTEEN_FIELDS: &str = include_str!("records/eighteen-fields.hex");

/// The account of the fixture: [`full`], with an authenticator, devices, a notice and failed attempts
/// of each further kind, and with bound codes. So that no two fields can be exchanged, their values differ.
pub(crate) fn account() -> Account {
    let mut account = full();
    let format = CodeFormat::new(Algorithm::Sha256, 8).unwrap();
    let key = Secret::new(&[9; 32]).unwrap();
    let token = Authenticator::hotp("token", format, key, Counter::new(42));
    account.bind(token, NOON).unwrap();
    let blue = SshKey {
        fingerprint: KeyFingerprint([9; 32]),
        key_type: KeyType::SkEcdsa,
        is_certificate: false,
    };
    let blue = Authenticator::security_key("blue", blue).unwrap();
    account.bind(blue, NOON).unwrap();

    let rules = RememberRules {
        days: 30,
        minutes: 5,
        ..RememberRules::default()
    };
    let host = HostName::new("web1.example").unwrap();
    let address = DeviceMark::Address(AddressPrefix::V4([192, 0, 2, 7]), None);
    let key = DeviceMark::Key {
        fingerprint: KeyFingerprint([8; 32]),
        key_type: KeyType::Ecdsa,
        member: None,
    };
    for (device, seconds) in [
        (address, 0),
        (address, 10),
        (address.at_member(&host), 20),
        (key.at_member(&host), 30),
    ] {
        account
            .remember_device(device, Term::Minutes, &rules, after(NOON, seconds))
            .unwrap();
    }
    account.note_device_use(DeviceId::new(2), after(NOON, 40));
    let entered = Change::RecoveryCodeEntered("/dev/tty1".to_owned());
    account.notify(entered, ChangedBy::Administrator, NOON);
    let replaced = Change::AuthenticatorReplaced {
        old: "phone".to_owned(),
        new: "tablet".to_owned(),
    };
    account.notify(replaced, ChangedBy::Owner, NOON);
    let of_another_time = Phone::usual(7).code(after(NOON, 1200));
    let console = at_member(MemberPlace::Console);
    let answered = answer(&mut account, &of_another_time, console, 8, after(NOON, 40));
    assert!(answered.is_some());
    let locked = FailureReason::Locked(Some(after(NOON, 3600)));
    account.record_refusal(locked, GUESSER, NOON);
    bind_codes(&mut account, &host);
    for by in [
        VerifiedBy::Authenticator(AuthenticatorId::new(2)),
        VerifiedBy::Device(DeviceId::new(3)),
        VerifiedBy::RecoveryCode,
    ] {
        account.report(by, GUESSER, NOON).unwrap();
    }
    account
}

/// Has sets of codes registered for a member: one that is void, one in use, and one that the member has not used yet, of
/// which it reports.
fn bind_codes(account: &mut Account, host: &HostName) {
    let [void, in_use, new] = [6, 7, 8].map(|byte| BoundSetId::new([byte; 16]));
    for (set, seconds) in [(void, 0), (in_use, 1), (new, 2)] {
        let bound = account.bind_codes(host, set, Proof::Verified, after(NOON, seconds));
        assert_eq!(bound, Ok(()));
        if set == in_use {
            assert!(account.confirm_bound(host, set));
        }
    }
    let event = OfflineEvent {
        number: 5,
        at: after(NOON, 3),
        outcome: OfflineOutcome::UsedCode,
        service: "sshd".to_owned(),
        from: "192.0.2.7".to_owned(),
        set: in_use,
        left: 9,
    };
    let taken = account.take_events(host, &[event], after(NOON, 4)).len();
    assert_eq!(taken, 1);
}

#[test]
fn the_record_of_today_is_read_and_written_without_a_change() {
    let bytes = bytes_of(TWENTY_FIELDS);
    let account = Account::decode(&bytes).unwrap();
    assert_eq!(&**account.encode(), bytes, "written as it was read");
    assert_eq!(&**self::account().encode(), bytes, "written as it was made");
    assert_eq!(Item::parse(&bytes).fields().len(), 20);
    let is_set = |field: &Item| *field != Item::Null;
    assert!(Item::parse(&bytes).fields().iter().all(is_set));
}

#[test]
fn a_record_of_nineteen_fields_is_read_and_written_without_a_change() {
    let bytes = bytes_of(NINETEEN_FIELDS);
    let mut account = Account::decode(&bytes).unwrap();
    assert_eq!(&**account.encode(), bytes);
    has_its_meaning(&account);
    // Any login ends its notices.
    account
        .report(VerifiedBy::RecoveryCode, GUESSER, NOON)
        .unwrap();
    assert_eq!(account.changes_to_report(), None);
}

#[test]
fn a_record_of_eighteen_fields_is_read_and_written_without_a_change() {
    let bytes = bytes_of(EIGHTEEN_FIELDS);
    let account = Account::decode(&bytes).unwrap();
    assert_eq!(&**account.encode(), bytes);
    has_its_meaning(&account);
    assert_eq!(account.backup_codes_left(), 9);
}

#[test]
fn each_field_of_the_record_of_today_has_its_meaning() {
    let mut account = Account::decode(&bytes_of(TWENTY_FIELDS)).unwrap();
    has_its_meaning(&account);
    assert_eq!(account.backup_codes_left(), 8);
    let [bound] = account.bound_hosts().collect::<Vec<_>>()[..] else {
        panic!("one host");
    };
    assert_eq!(bound.host.as_str(), "web1.example");
    let in_use = bound.in_use().map(|set| (set.left, set.is_confirmed));
    assert_eq!(in_use, Some((9, true)));
    for (place, wrong) in [
        (MemberPlace::Session, 1),
        (MemberPlace::Console, 2),
        (MemberPlace::OwnProgram, 1),
    ] {
        let counter = account.throttle().counter(at_member(place));
        assert_eq!(counter.failures(), wrong, "{place:?}");
    }
    for (by, is_due) in [(VerifiedBy::RecoveryCode, false), (FIRST, true)] {
        let later = after(NOON, 3600);
        let changes = account.clone().report(by, SSHD, later);
        let changes = changes.is_some_and(|report| report.changes.is_some());
        assert_eq!(changes, is_due, "{by:?}");
    }
    // The sixth event of the fixture is a login with this code.
    account.unlock();
    for (number, verdict) in [
        (6, Next::End(Verdict::Verified(Factor::BackupCode))),
        (7, Next::AskCode { digits: 0 }),
    ] {
        let code = sheet::FIRST.code(4);
        let Some(turn) = answer(&mut account, &code, UNKNOWN, number, after(NOON, 30)) else {
            panic!("not asked")
        };
        assert_eq!(turn.next, verdict, "{number}");
    }
}

/// The fields that all these records have.
fn has_its_meaning(account: &Account) {
    let kinds: Vec<_> = account
        .authenticators()
        .iter()
        .map(|one| (one.id().number(), one.name(), one.kind()))
        .collect();
    let expected = [
        (1, "phone", AuthenticatorKind::Totp),
        (2, "token", AuthenticatorKind::Hotp),
        (3, "blue", AuthenticatorKind::SecurityKey),
    ];
    assert_eq!(kinds, expected);
    let token = &account.authenticators()[1];
    assert_eq!(token.counter(), Some(Counter::new(42)));
    assert_eq!(token.format().map(|format| format.digits()), Some(8));
    let blue = account.authenticators()[2].key_fingerprint();
    assert_eq!(blue, Some(KeyFingerprint([9; 32])));
    assert_eq!(
        (account.uid(), account.last_login()),
        (1000, Some(after(NOON, 30)))
    );
    assert_eq!(
        account.pending().map(|one| one.authenticator().name()),
        Some("phone")
    );
    assert!(account.is_invited(NOON) && account.has_no_grace());
    assert_eq!(account.known_origins(NOON), 2);
    let exemption = account.exemption(NOON).unwrap();
    assert_eq!(exemption.reason(), "a lost phone");
    let changes = account.changes_to_report().unwrap();
    let newest = changes.newest.last().map(|notice| notice.by);
    assert_eq!(newest, Some(ChangedBy::Owner));
    let failed: Vec<_> = account.failed_attempts(NOON).collect();
    let locked = failed.last().unwrap();
    assert_eq!(
        (locked.reason, locked.from.as_str()),
        (FailureReason::Locked(Some(after(NOON, 3600))), "192.0.2.66")
    );
}

/// The fixture with another number of a variant.
pub(crate) fn with_variant(path: &[usize], number: u64) -> Result<Account, Undecodable> {
    let mut record = Item::parse(&bytes_of(TWENTY_FIELDS));
    let item = record.at(path);
    assert!(matches!(item, Item::Number(_)), "{path:?}: {item:?}");
    *item = Item::Number(number);
    Account::decode(&record.bytes())
}

#[test]
fn a_kind_of_a_later_version_is_refused_and_not_left_out() {
    for (what, path) in [
        ("an authenticator", &[2, 2, 1, 0][..]),
        ("the mark of a device", &[13, 0, 0, 1, 0]),
        ("a change", &[16, 0, 0, 0, 0, 0]),
        ("who changed it", &[16, 0, 0, 0, 1]),
        ("what a login was verified by", &[16, 0, 3, 2, 0, 0, 0]),
        ("the reason of a failed attempt", &[17, 0, 0, 0]),
        ("what an answer was judged as", &[18, 0, 2, 0]),
    ] {
        assert!(with_variant(path, 99).is_err(), "{what}");
    }
}

/// A record of an import with backup codes, which a login has reported.
const IMPORTED: &str = include_str!("records/imported.hex");

#[test]
fn the_record_of_an_import_is_read_and_written_without_a_change() {
    let bytes = bytes_of(IMPORTED);
    let account = Account::decode(&bytes).unwrap();
    assert_eq!(&**account.encode(), bytes, "written as it was read");
    let mut made = Account::new(1000);
    let phone = tracked(Phone::usual(7).authenticator(), &[59_999_998]);
    let imported = import(&mut made, &[phone], ImportedCodes::Set(&set()), NOON);
    assert_eq!(imported, Ok(Imported::Enrolled));
    made.report(FIRST, SSHD, after(NOON, 30)).unwrap();
    assert_eq!(&**made.encode(), bytes, "written as it was made");
}

/// A record of an import that knows no used steps: its authenticator has a last void step.
const VOID_STEP: &str = include_str!("records/void-step.hex");

#[test]
fn a_record_with_a_void_step_is_read_and_written_without_a_change() {
    let bytes = bytes_of(VOID_STEP);
    let mut account = Account::decode(&bytes).unwrap();
    assert_eq!(&**account.encode(), bytes, "written as it was read");
    let code = Phone::usual(7).code(NOON);
    let judged = account.judge(&code, UNKNOWN, NOON);
    assert_eq!(judged, Judgement::Void(after(NOON, 60)));
}
