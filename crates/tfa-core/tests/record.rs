//! Records: what the decoder accepts, and what it refuses.

use std::time::Duration;

use proptest::prelude::*;
use tfa_core::{
    Account, Algorithm, AnswerId, Answered, AskCode, AttemptId, AuditOutcome, Authenticator,
    BackupSet, Change, ChangedBy, Client, Credential, DeviceId, DeviceMark, Dialog, Factors,
    HostName, Input, Judgement, KeyFingerprint, KeyType, MAX_AUTHENTICATORS, MemberPlace,
    MemberScope, Parameters, Policy, RememberRules, RemoteOrigin, Requirement, Secret, State, Term,
    ThrottleScope, Time, Turn, Undecodable, UserExemption,
};

use crate::cases;
use crate::cbor::Item;
use crate::current_record;
use crate::host::{login, policy_of, required};
use crate::invitation::{invitation, invitation_code};
use crate::owner::{CODE, Owner, UID, wrong_code, wrong_entry};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

/// A change of an account, some time after the previous one.
#[derive(Debug, Clone, Copy)]
enum Event {
    Wrong(ThrottleScope),
    Login(ThrottleScope),
    WrongLogin(ThrottleScope),
    BackupLogin(ThrottleScope, usize),
    Backup(usize),
    Hint(i64),
    Move,
    WrongConfirmation,
    EarlyConfirmation,
    Confirm,
    Pause,
    Resume,
    Remove,
    SetUp,
    Reset,
    Require,
    ForbidGrace,
    Invite,
    Exempt,
    WrongWord,
    Note(AuditOutcome, u8),
}

fn somewhere() -> ThrottleScope {
    let key = KeyFingerprint([7; 32]);
    let address = "2001:db8::7".parse().unwrap();
    ThrottleScope::Remote(RemoteOrigin::new(Some(key), Some(address)))
}

/// A place at the member of the fixtures.
pub(crate) fn at_member(place: MemberPlace) -> ThrottleScope {
    let member = HostName::new("web1.example").unwrap();
    ThrottleScope::AtMember(MemberScope::new(&member, place))
}

fn scope() -> impl Strategy<Value = ThrottleScope> {
    prop::sample::select(vec![
        ThrottleScope::UNKNOWN,
        ThrottleScope::Console,
        ThrottleScope::OwnProgram,
        ThrottleScope::Session,
        somewhere(),
    ])
}

fn events() -> impl Strategy<Value = Vec<(Event, i64)>> {
    let event = prop_oneof![
        scope().prop_map(Event::Wrong),
        scope().prop_map(Event::Login),
        scope().prop_map(Event::WrongLogin),
        (scope(), 0..10_usize).prop_map(|(scope, place)| Event::BackupLogin(scope, place)),
        (0..10_usize).prop_map(Event::Backup),
        (2..10_i64).prop_map(Event::Hint),
        Just(Event::Move),
        Just(Event::WrongConfirmation),
        Just(Event::EarlyConfirmation),
        Just(Event::Confirm),
        Just(Event::Pause),
        Just(Event::Resume),
        Just(Event::Remove),
        Just(Event::SetUp),
        Just(Event::Reset),
        Just(Event::Require),
        Just(Event::ForbidGrace),
        Just(Event::Invite),
        Just(Event::Exempt),
        Just(Event::WrongWord),
        (audit_outcome(), 0..4_u8).prop_map(|(outcome, service)| Event::Note(outcome, service)),
    ];
    prop::collection::vec((event, 0..100_i64), 0..30)
}

fn audit_outcome() -> impl Strategy<Value = AuditOutcome> {
    prop::sample::select(vec![
        AuditOutcome::Asked,
        AuditOutcome::Notified,
        AuditOutcome::SetUp,
        AuditOutcome::TooLate,
        AuditOutcome::NotVerified,
        AuditOutcome::Undetermined,
    ])
}

/// Returns the account after these events. Refused requests have no effect.
fn account_after(events: &[(Event, i64)]) -> Account {
    let Owner {
        mut account,
        mut phone,
    } = Owner::new();
    let (mut now, mut label) = (NOON, 7);
    for ((event, wait), number) in events.iter().zip(1..) {
        now = after(now, *wait);
        let (proof, new) = (phone.code(now), Phone::usual(label + 1));
        let _granted: bool = match *event {
            Event::Wrong(scope) => {
                matches!(
                    account.judge(&wrong_code(), scope, now),
                    Judgement::Accepted(_)
                )
            }
            Event::Login(scope) => answer(&mut account, &proof, scope, number, now).is_some(),
            Event::WrongLogin(scope) => {
                answer(&mut account, &wrong_code(), scope, number, now).is_some()
            }
            Event::BackupLogin(scope, place) => {
                let code = sheet::FIRST.code(place);
                answer(&mut account, &code, scope, number, now).is_some()
            }
            Event::Backup(place) => {
                let code = sheet::FIRST.code(place);
                matches!(
                    account.judge(&code, ThrottleScope::Console, now),
                    Judgement::Accepted(_)
                )
            }
            Event::Hint(steps) => account
                .try_code(
                    &phone.code(after(now, 30 * steps)),
                    ThrottleScope::OwnProgram,
                    now,
                )
                .is_ok(),
            Event::Move => account
                .move_to(None, new.authenticator(), &proof, now)
                .is_ok(),
            Event::WrongConfirmation => account.check_pending(&wrong_entry(), now).is_ok(),
            Event::EarlyConfirmation => account
                .check_pending(&new.typed(after(now, 300)), now)
                .is_ok(),
            Event::Confirm => {
                let codes = Some(sheet::FIRST.set());
                let confirmed = account.confirm(&new.typed(now), codes, now).is_ok();
                if confirmed {
                    (phone, label) = (new, label + 1);
                }
                confirmed
            }
            Event::Pause => account.pause(&proof, now).is_ok(),
            Event::Resume => account.resume(&proof, now).is_ok(),
            Event::Remove => account.remove(&proof, now).is_ok(),
            Event::SetUp => account.set_up(new.authenticator(), now).is_ok(),
            Event::Reset => {
                account.reset();
                true
            }
            Event::Require => {
                account.require(now);
                true
            }
            Event::ForbidGrace => {
                account.forbid_grace();
                true
            }
            Event::Invite => {
                account.invite(invitation(now));
                true
            }
            Event::Exempt => {
                let length = Duration::from_secs(86_400);
                let exemption = UserExemption::new("a lost phone", length, now);
                account.exempt(exemption.unwrap());
                true
            }
            Event::WrongWord => {
                let wrong = Input::parse("00000-00000");
                account
                    .check_invitation(&wrong, ThrottleScope::UNKNOWN, now)
                    .is_ok()
            }
            Event::Note(outcome, service) => {
                account.record_audit(outcome, &format!("service-{service}"), "192.0.2.7", now);
                true
            }
        };
    }
    account
}

/// One answer of a login. Returns the turn after it; `None` if the login asks for none.
pub(crate) fn answer(
    account: &mut Account,
    typed: &Credential,
    scope: ThrottleScope,
    number: u32,
    now: Time,
) -> Option<Turn> {
    let attempt = AttemptId::new([1; AttemptId::LENGTH]);
    let client = Client {
        from: "192.0.2.7",
        service: "sshd",
        shows: true,
        answer: Some(AnswerId { attempt, number }),
    };
    let Some(Dialog::AskCode(question)) = AskCode::begin(account, scope, now).dialog else {
        return None;
    };
    match question.answer(Some(Factors::ANY), account, typed, client, now) {
        Answered::Turn(turn, _) => Some(turn),
        Answered::Rehash | Answered::DrawCodes => None,
    }
}

/// An account in which every field is set, including a pending authenticator and a lock of an hour.
pub(crate) fn full() -> Account {
    let mut events = vec![
        (Event::Require, 0),
        (Event::Note(AuditOutcome::Asked, 0), 0),
        (Event::Note(AuditOutcome::NotVerified, 1), 0),
        (Event::Login(somewhere()), 30),
        (Event::WrongLogin(somewhere()), 0),
        (Event::BackupLogin(somewhere(), 4), 0),
        // With a used code.
        (Event::Login(somewhere()), 0),
        (Event::Move, 30),
        (Event::EarlyConfirmation, 0),
        (Event::Backup(3), 0),
        (Event::Invite, 0),
        (Event::Exempt, 0),
    ];
    for scope in [
        ThrottleScope::UNKNOWN,
        ThrottleScope::Console,
        ThrottleScope::OwnProgram,
        ThrottleScope::Session,
        somewhere(),
    ] {
        // Not at one time, so that no two counters are the same.
        events.push((Event::Wrong(scope), 1));
        events.extend([(Event::Wrong(scope), 0); 4]);
    }
    for place in [
        MemberPlace::Session,
        MemberPlace::Console,
        MemberPlace::OwnProgram,
    ] {
        events.push((Event::Wrong(at_member(place)), 1));
    }
    // After enrollment, which clears this flag.
    events.push((Event::ForbidGrace, 0));
    let mut account = account_after(&events);
    let key = DeviceMark::Key {
        fingerprint: KeyFingerprint([7; 32]),
        key_type: KeyType::Ed25519,
        member: None,
    };
    let rules = RememberRules {
        days: 30,
        ..RememberRules::default()
    };
    let device = account.remember_device(key, Term::Days, &rules, NOON);
    assert_eq!(device.map(DeviceId::number), Ok(1));
    account.notify(Change::Paused, ChangedBy::Administrator, NOON);
    assert!(account.used_codes().is_some() && account.failed_attempts(NOON).count() > 1);
    assert!(account.pending().is_some() && account.last_login().is_some());
    assert!(account.first_required().is_some() && account.has_no_grace());
    assert!(account.invitation().is_some());
    assert_eq!(account.audit_records().len(), 2);
    account
}

/// The path of each structure in the record of [`current_record::account`], and the number of its fields in this version,
/// including empty ones. Lists are not structures.
const STRUCTURES: &[(&[usize], usize)] = &[
    (&[], 20),
    (&[2, 0], 2),
    (&[2, 0, 0], 4),
    (&[2, 0, 1, 1, 0], 6),
    (&[2, 0, 1, 1, 0, 0], 3),
    (&[2, 1, 1, 1, 0], 3),
    (&[2, 1, 1, 1, 0, 0], 2),
    (&[2, 2, 1, 1, 0], 2),
    (&[3], 5),
    (&[3, 0], 2),
    (&[3, 0, 0], 4),
    (&[3, 0, 1, 1, 0], 6),
    (&[3, 0, 1, 1, 0, 0], 3),
    (&[4], 4),
    (&[4, 0], 3),
    (&[5], 6),
    (&[5, 0], 3),
    (&[5, 1], 3),
    (&[5, 2], 3),
    (&[5, 3], 3),
    (&[5, 4], 3),
    (&[5, 5], 3),
    (&[5, 5, 1], 3),
    (&[5, 5, 2, 0], 6),
    (&[5, 5, 2, 0, 3], 3),
    (&[5, 5, 2, 0, 4], 3),
    (&[5, 5, 2, 0, 5], 3),
    (&[9], 4),
    (&[10, 0], 5),
    (&[10, 1], 5),
    (&[11], 4),
    (&[13], 2),
    (&[13, 0, 0], 7),
    (&[13, 0, 0, 1, 1], 3),
    (&[13, 0, 1, 1, 1], 2),
    (&[14, 0], 3),
    (&[14, 0, 2], 3),
    (&[15], 3),
    (&[16], 4),
    (&[16, 0], 4),
    (&[16, 0, 0, 0], 3),
    (&[16, 0, 3], 3),
    (&[16, 0, 3, 2, 0], 2),
    (&[16, 1], 4),
    (&[16, 3], 4),
    (&[16, 3, 0, 0], 4),
    (&[16, 3, 3], 3),
    (&[17, 0], 5),
    (&[17, 1], 5),
    (&[17, 3, 0, 1, 0], 2),
    (&[18, 0], 3),
    (&[18, 1], 3),
    (&[18, 2], 3),
    (&[19, 0], 8),
    (&[19, 0, 5, 0], 4),
];

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_record_is_decoded_as_it_was_encoded(events in events()) {
        let account = account_after(&events);
        let bytes = account.encode();
        let read = Account::decode(&bytes).unwrap();
        prop_assert_eq!(&**read.encode(), &**bytes);
        prop_assert_eq!(read.uid(), account.uid());
        prop_assert_eq!(read.state(), account.state());
        prop_assert_eq!(read.throttle(), account.throttle());
        prop_assert_eq!(read.last_login(), account.last_login());
        prop_assert_eq!(read.is_blank(), account.is_blank());
        prop_assert_eq!(read.first_required(), account.first_required());
        prop_assert_eq!(read.has_no_grace(), account.has_no_grace());
        prop_assert_eq!(read.is_invited(NOON), account.is_invited(NOON));
        prop_assert_eq!(read.audit_records(), account.audit_records());
        prop_assert_eq!(read.exemption(NOON), account.exemption(NOON));
        let left = |account: &Account| account.backup().map(BackupSet::left);
        prop_assert_eq!(left(&read), left(&account));
        prop_assert_eq!(read.authenticators().len(), account.authenticators().len());
    }

    #[test]
    fn a_record_stays_small_after_any_events(events in events()) {
        let bytes = account_after(&events).encode();
        prop_assert!(bytes.len() < 1450, "{} bytes", bytes.len());
        // The buffer did not grow, so no reallocation left a copy of a key in memory.
        prop_assert_eq!(bytes.len(), bytes.capacity());
    }

    #[test]
    fn arbitrary_bytes_do_not_panic_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        use_if_read(&bytes);
    }

    #[test]
    fn fields_of_a_later_version_are_ignored(fields in prop::collection::vec(item(), 1..4)) {
        let bytes = current_record::account().encode();
        let record = Item::parse(&bytes);
        for (path, known) in STRUCTURES {
            let mut later = record.clone();
            let structure = later.at(path).fields();
            structure.resize(*known, Item::Null);
            structure.extend(fields.iter().cloned());
            let read = Account::decode(&later.bytes());
            prop_assert!(read.is_ok(), "{path:?}");
            prop_assert_eq!(&**read.unwrap().encode(), &**bytes, "{:?}", path);
        }
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn a_changed_record_does_not_panic_the_decoder(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut bytes = FULL.clone();
        for (place, byte, change) in changes {
            if bytes.is_empty() {
                break;
            }
            let place = place.index(bytes.len());
            match change {
                0 => bytes[place] = byte,
                1 => bytes[place] ^= 1 << (byte % 8),
                2 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        use_if_read(&bytes);
    }
}

static FULL: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| full().encode().to_vec());

/// Any value of a field.
fn item() -> impl Strategy<Value = Item> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Item::Number),
        any::<bool>().prop_map(Item::Truth),
        Just(Item::Null),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Item::Bytes),
        ".{0,20}".prop_map(Item::Text),
    ];
    leaf.prop_recursive(4, 20, 5, |inner| {
        prop::collection::vec(inner, 0..5).prop_map(Item::Array)
    })
}

/// Uses an account that was decoded from these bytes. No number in it may cause a panic.
fn use_if_read(bytes: &[u8]) {
    let Ok(mut account) = Account::decode(bytes) else {
        return;
    };
    let _: Judgement = account
        .clone()
        .judge(&wrong_code(), ThrottleScope::Console, NOON);
    let _: Judgement = account
        .clone()
        .judge(&sheet::FIRST.wrong(), ThrottleScope::Console, NOON);
    let _: bool = account
        .clone()
        .try_code(&wrong_code(), ThrottleScope::OwnProgram, NOON)
        .is_ok();
    let _: bool = account.check_pending(&wrong_entry(), NOON).is_ok();
    let shown = account.check_invitation(&invitation_code(), ThrottleScope::UNKNOWN, NOON);
    assert!(shown.is_err() || account.is_invited(NOON));
    for policy in [Policy::default(), policy_of(required(7))] {
        let _: Requirement = policy.decide(&login(), Some(&account), NOON).requirement;
    }
    account.record_audit(AuditOutcome::Asked, "sshd", "", NOON);
    assert!(account.audit_records().len() <= 8);
    let _: (State, u8) = (account.state(), account.digits_of(Factors::ANY));
    for authenticator in account.authenticators() {
        assert!(
            authenticator
                .uri("host", "name")
                .unwrap()
                .starts_with("otpauth://")
        );
    }
    assert!(!account.encode().is_empty());
}

#[test]
fn a_truncated_or_extended_record_is_refused() {
    let bytes = full().encode();
    for length in 0..bytes.len() {
        assert!(Account::decode(&bytes[..length]).is_err(), "{length} bytes");
    }
    for more in [&[0][..], &bytes] {
        assert!(Account::decode(&[&bytes, more].concat()).is_err());
    }
}

/// Decodes a full record with one changed item.
fn changed(path: &[usize], item: Item) -> Result<Account, Undecodable> {
    let mut record = Item::parse(&FULL);
    *record.at(path) = item;
    Account::decode(&record.bytes())
}

#[test]
fn decoding_refuses_parameters_out_of_range() {
    for authenticator in [[2, 0], [3, 0]] {
        let parameter = |place, number| {
            changed(
                &[authenticator[0], authenticator[1], 1, 1, 0, 0, place],
                Item::Number(number),
            )
            .is_ok()
        };
        for number in [3, 255, u64::MAX] {
            assert!(!parameter(0, number), "algorithm {number}");
        }
        for number in [0, 1, 5, 7, 9, 10, 255, 262] {
            assert!(!parameter(1, number), "{number} digits");
        }
        for number in [0, 1, 14, 121, u64::from(u32::MAX), u64::MAX] {
            assert!(!parameter(2, number), "{number} seconds");
        }
        assert!(parameter(0, 2) && parameter(1, 8) && parameter(2, 120));
        for (length, fits) in [
            (0, false),
            (9, false),
            (10, true),
            (128, true),
            (129, false),
        ] {
            let path = [authenticator[0], authenticator[1], 1, 1, 0, 1];
            let key = Item::Bytes(vec![1; length]);
            assert_eq!(changed(&path, key).is_ok(), fits, "{length} bytes");
        }
    }
}

#[test]
fn hash_parameters_and_sets_out_of_range_are_refused() {
    for number in [1024 * 1024 + 1, u64::from(u32::MAX)] {
        assert!(changed(&[4, 0, 1], Item::Number(number)).is_err());
    }
    assert!(changed(&[4, 0, 2], Item::Number(17)).is_err());
    for (path, length) in [
        ([4, 0, 0], 15),
        ([4, 0, 0], 17),
        ([4, 1, 0], 31),
        ([4, 1, 0], 33),
    ] {
        assert!(changed(&path, Item::Bytes(vec![1; length])).is_err());
    }
    let digests = |count| Item::Array(vec![Item::Bytes(vec![1; 32]); count]);
    assert!(changed(&[4, 1], digests(10)).is_ok());
    assert!(changed(&[4, 1], digests(11)).is_err());
    assert!(changed(&[4, 2], digests(10)).is_ok());
    assert!(changed(&[4, 2], digests(11)).is_err());
}

#[test]
fn a_record_without_a_required_field_is_refused() {
    for place in [0, 1, 2, 5, 8, 10] {
        assert!(changed(&[place], Item::Null).is_err(), "field {place}");
    }
    for place in 0..6 {
        let mut record = Item::parse(&FULL);
        record.fields().truncate(place);
        assert!(Account::decode(&record.bytes()).is_err(), "{place} fields");
    }
}

#[test]
fn missing_optional_fields_are_decoded_as_empty() {
    for (path, fields) in [
        (&[2, 0, 0][..], 2),
        (&[2, 0, 1, 1, 0], 2),
        (&[3, 0, 1, 1, 0], 2),
        (&[5, 0], 1),
        (&[5, 1], 1),
    ] {
        let mut older = Item::parse(&FULL);
        older.at(path).fields().truncate(fields);
        let read = Account::decode(&older.bytes()).unwrap();
        let mut written = Item::parse(&read.encode());
        assert_eq!(*written.at(path), *older.at(path));
    }
}

#[test]
fn record_from_before_the_policy_decodes_without_policy_data() {
    for fields in 6..=10 {
        let mut older = Item::parse(&FULL);
        older.fields().truncate(fields);
        let read = Account::decode(&older.bytes()).unwrap();
        assert_eq!(read.last_login().is_some(), fields > 6);
        assert_eq!(read.first_required().is_some(), fields > 7);
        assert_eq!(read.has_no_grace(), fields > 8);
        assert_eq!(read.invitation().is_some(), fields > 9);
        assert!(read.audit_records().is_empty());
        // No field of the old record is lost.
        let mut written = Item::parse(&read.encode());
        assert_eq!(written.fields()[..fields], older.fields()[..]);
    }
}

#[test]
fn decoding_checks_bounds_of_audit_records_and_invitations() {
    let seen = Item::parse(&FULL).at(&[10, 0]).clone();
    let list = |count| changed(&[10], Item::Array(vec![seen.clone(); count]));
    assert!(list(0).is_ok() && list(8).is_ok());
    assert!(list(9).is_err());
    for number in [7, u64::MAX] {
        assert!(changed(&[10, 0, 0], Item::Number(number)).is_err());
    }
    let endless = u64::from(u32::MAX) + 1;
    assert!(changed(&[10, 0, 4], Item::Number(endless)).is_err());
    for (place, length) in [(0, 15), (0, 17), (1, 31), (1, 33)] {
        assert!(changed(&[9, place], Item::Bytes(vec![1; length])).is_err());
    }
}

#[test]
fn records_of_the_first_version_are_decoded() {
    // Written by hand. Do not change it: records like this one are stored on hosts.
    let record = "87 1903e8 f4 \
        81 84 6570686f6e65 83 00 06 181e \
            54 3132333435363738393031323334353637383930 1a03938700 \
        83 83 666d6f62696c65 83 02 08 183c \
            50 30313233343536373839616263646566 1a6b49d200 02 \
        82 83 50 000102030405060708090a0b0c0d0e0f 194c00 02 \
            81 5820 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f \
        82 82 05 1a6b49d21e 81 00 \
        1a6b49d200";
    let bytes = bytes_of(record);
    let mut account = Account::decode(&bytes).unwrap();
    assert_eq!((account.uid(), account.state()), (UID, State::Enabled));
    let [phone] = account.authenticators() else {
        panic!("there is one authenticator");
    };
    assert_eq!(
        (phone.name(), phone.format().unwrap(), phone.period()),
        ("phone", Parameters::default().format(), Some(30))
    );
    assert_eq!(
        *phone.secret().unwrap().to_base32(),
        "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    );
    let mobile = account.pending().unwrap().authenticator();
    let parameters = Parameters::new(Algorithm::Sha512, 8, 60).unwrap();
    assert_eq!(
        (mobile.name(), mobile.format().unwrap(), mobile.period()),
        ("mobile", parameters.format(), Some(parameters.period()))
    );
    assert_eq!(account.backup().map(BackupSet::left), Some(1));
    assert_eq!(
        account
            .throttle()
            .counter(ThrottleScope::UNKNOWN)
            .failures(),
        5
    );
    assert_eq!(account.last_login(), Some(NOON));
    // Its used step stays used, and its lock is in force.
    let phone = Phone::new(b"12345678901234567890", Parameters::default());
    let spent = account.judge(&phone.code(NOON), ThrottleScope::Console, NOON);
    assert_eq!(spent, Judgement::AlreadyUsed);
    assert!(matches!(
        account.judge(&phone.code(NOON), ThrottleScope::UNKNOWN, NOON),
        Judgement::Locked(_)
    ));
    // It is encoded as it was read, with the missing fields added as empty.
    let (mut read, mut written) = (Item::parse(&bytes), Item::parse(&account.encode()));
    let (written_fields, read_fields) = (written.fields(), read.fields());
    assert_eq!(written_fields[..2], read_fields[..2]);
    assert_eq!(written_fields[4..7], read_fields[4..]);
    let nothing = [
        Item::Null,
        Item::Truth(false),
        Item::Null,
        Item::Array(vec![]),
        Item::Null,
        // The id of its authenticator.
        Item::Number(1),
    ];
    assert_eq!(written.fields()[7..], nothing);
}

/// A full record of the version before used steps were stored as ranges. Do not change it: records
/// like this one are stored on hosts.
const ELEVEN_FIELDS: &str = include_str!("records/eleven-fields.hex");

pub(crate) fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn a_record_of_eleven_fields_keeps_its_contents() {
    let bytes = bytes_of(ELEVEN_FIELDS);
    let mut account = Account::decode(&bytes).unwrap();
    let (mut read, mut written) = (Item::parse(&bytes), Item::parse(&account.encode()));
    let (written, read) = (written.fields(), read.fields());
    // Authenticators are written in the form of today.
    assert_eq!(written[..2], read[..2]);
    assert_eq!(written[4..11], read[4..]);
    assert_eq!(
        account
            .throttle()
            .counter(ThrottleScope::Console)
            .failures(),
        5
    );
    assert_eq!(account.backup().map(BackupSet::left), Some(9));
    assert!(account.invitation().is_some() && account.audit_records().len() == 2);
    // The step of its last login is used, and so is every earlier step.
    account.unlock();
    let phone = Phone::usual(7);
    for seconds in [60, 30] {
        let moment = after(NOON, seconds);
        let judgement = account.judge(&phone.code(moment), ThrottleScope::UNKNOWN, moment);
        assert_eq!(judgement, Judgement::AlreadyUsed);
    }
    let later = after(NOON, 90);
    let judgement = account.judge(&phone.code(later), ThrottleScope::UNKNOWN, later);
    assert_eq!(judgement, Judgement::Accepted(CODE));
}

/// A full record of the version before authenticators had an id, with burned steps and gaps between
/// used ones. Not to be changed: records like this one are on disks.
const TWELVE_FIELDS: &str = include_str!("records/twelve-fields.hex");

#[test]
fn a_record_of_twelve_fields_keeps_each_field_of_its_authenticators() {
    let bytes = bytes_of(TWELVE_FIELDS);
    let account = Account::decode(&bytes).unwrap();
    let (mut read, mut written) = (Item::parse(&bytes), Item::parse(&account.encode()));
    for path in [[2, 0], [3, 0]] {
        let old = read.at(&path).fields().clone();
        let [name, rest @ ..] = old.as_slice() else {
            panic!("an authenticator has fields");
        };
        assert!(rest.iter().all(|field| *field != Item::Null) || path == [3, 0]);
        let label = written.at(&path).fields()[0].clone();
        let id = if path == [2, 0] { 1 } else { 0 };
        let fields = [Item::Number(id), name.clone(), Item::Null, Item::Null];
        let mut label = label;
        label.fields().resize(4, Item::Null);
        assert_eq!(label.fields()[..], fields);
        let mut state = written.at(&[path[0], path[1], 1, 1, 0]).clone();
        state.fields().resize(rest.len(), Item::Null);
        assert_eq!(state.fields()[..], *rest);
    }
    let (mut pending, mut before) = (written.at(&[3]).clone(), read.at(&[3]).clone());
    assert_eq!(pending.fields()[1..3], before.fields()[1..3]);
    for place in [0, 1, 4, 5, 6, 7, 8, 9, 10, 11] {
        assert_eq!(written.at(&[place]), read.at(&[place]), "field {place}");
    }
}

#[test]
fn the_largest_record_has_twenty_kilobytes() {
    let parameters = Parameters::new(Algorithm::Sha512, 8, 120).unwrap();
    let largest = || {
        let name = "\u{10ffff}".repeat(1000);
        Authenticator::totp(&name, parameters, Secret::new(&[255; 128]).unwrap())
    };
    let phone = Phone::new(&[255; 128], parameters);
    let mut account = Account::new(u32::MAX);
    account.set_up(largest(), NOON).unwrap();
    account
        .confirm(&phone.typed(NOON), Some(sheet::FIRST.set()), NOON)
        .unwrap();
    let next = after(NOON, 120);
    account
        .move_to(None, largest(), &phone.code(next), next)
        .unwrap();
    for year in 0..100 {
        let login = after(next, year * 31_536_000);
        let judgement = account.judge(&phone.code(login), ThrottleScope::UNKNOWN, login);
        assert!(matches!(
            judgement,
            Judgement::Accepted(_) | Judgement::AlreadyUsed
        ));
    }
    let early = Input::parse(&phone.shows(after(next, 1200)));
    assert!(account.check_pending(&early, next).is_err());
    let pending = Item::parse(&account.encode()).at(&[3]).clone();
    let used = Item::parse(&account.encode()).at(&[2, 0, 1]).clone();
    for number in 1..MAX_AUTHENTICATORS {
        let name = format!("{number}{}", "\u{10ffff}".repeat(1000));
        let secret = Secret::new(&[255; 128]).unwrap();
        let another = Authenticator::totp(&name, parameters, secret);
        account.bind(another, next).unwrap();
    }
    // As if each of them had as many used steps, and one were pending.
    let mut record = Item::parse(&account.encode());
    for number in 1..MAX_AUTHENTICATORS {
        *record.at(&[2, number, 1]) = used.clone();
    }
    *record.at(&[3]) = pending;
    let mut account = Account::decode(&record.bytes()).unwrap();
    account.invite(invitation(next));
    account.require(next);
    account.forbid_grace();
    let name = "\u{10ffff}".repeat(1000);
    for service in 0..20 {
        let service = format!("{service}{name}");
        account.record_audit(AuditOutcome::Undetermined, &service, &name, next);
    }
    assert!(
        account.encode().len() < 20 * 1024,
        "{} bytes",
        account.encode().len()
    );
}
