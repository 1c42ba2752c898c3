//! Remembered devices: for how long, and for which logins.

use std::net::IpAddr;

use proptest::prelude::*;
use tfa_core::{
    Account, Answered, AskCode, AskRemember, Change, Client, Credential, Device, DeviceId,
    DeviceKind, DeviceMark, Dialog, Factors, HostName, KeyFingerprint, KeyType, Login, LoginOrigin,
    MAX_DEVICES, Next, Refusal, RememberRules, Rememberable, SshKey, Term, ThrottleScope, Time,
    Turn, Verdict,
};

use crate::cases;
use crate::host::login;
use crate::owner::{CODE, Owner, account};
use crate::phone::{NOON, Phone, after};
use crate::sheet;

const DAY: i64 = 86_400;
const MONTH: RememberRules = RememberRules {
    days: 30,
    minutes: 0,
    session_minutes: 0,
    by: Vec::new(),
    services: Vec::new(),
    of_verifier: false,
};

fn key(label: u8) -> SshKey {
    SshKey {
        fingerprint: KeyFingerprint([label; 32]),
        key_type: KeyType::Ed25519,
        is_certificate: false,
    }
}

fn mark(label: u8) -> DeviceMark {
    DeviceMark::Key {
        fingerprint: KeyFingerprint([label; 32]),
        key_type: KeyType::Ed25519,
        member: None,
    }
}

fn by(kinds: &[DeviceKind]) -> RememberRules {
    RememberRules {
        days: 30,
        by: kinds.to_vec(),
        ..RememberRules::default()
    }
}

fn from(address: &str, keys: &[u8]) -> Login {
    Login {
        origin: LoginOrigin::new(address, false, false),
        keys: keys.iter().map(|label| key(*label)).collect(),
        ..login()
    }
}

fn shown(rules: &RememberRules, login: &Login) -> Vec<String> {
    let marks = rules.devices_of(login);
    marks.iter().map(DeviceMark::to_string).collect()
}

fn is_remembered(account: &Account, label: u8, rules: &RememberRules, now: Time) -> bool {
    let device = account.remembered_device(&[mark(label)], rules, now);
    device.is_some()
}

fn remember(account: &mut Account, label: u8, now: Time) -> DeviceId {
    account
        .remember_device(mark(label), Term::Days, &MONTH, now)
        .unwrap()
}

/// A right code, and what follows it.
fn give_code(owner: &mut Owner, offer: Rememberable<'_>, now: Time) -> (Turn, Option<AskRemember>) {
    let scope = ThrottleScope::UNKNOWN;
    let begun = AskCode::begin(&owner.account, scope, now);
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("no question");
    };
    let client = Client {
        service: "sshd",
        from: "192.0.2.7",
        shows: true,
        answer: None,
    };
    let code = owner.code(now, 0);
    let (any, account) = (Some(Factors::ANY), &mut owner.account);
    match question.answer_with_offer(any, account, &code, client, offer, now) {
        Answered::Turn(turn, None) => (turn, None),
        Answered::Turn(turn, Some(Dialog::AskRemember(question))) => (turn, Some(question)),
        _ => panic!("another dialog"),
    }
}

#[test]
fn a_login_shows_its_keys_or_else_its_address() {
    let keys = by(&[DeviceKind::Key]);
    let addresses = by(&[DeviceKind::Address]);
    let both = by(&[DeviceKind::Address, DeviceKind::Key]);
    let fingerprint = key(1).fingerprint.to_string();
    let with_key = from("192.0.2.7", &[1]);
    assert_eq!(shown(&keys, &with_key), [fingerprint.as_str()]);
    assert_eq!(shown(&both, &with_key), [fingerprint.as_str()]);
    assert_eq!(shown(&addresses, &with_key), ["192.0.2.7"]);
    assert_eq!(shown(&keys, &from("192.0.2.7", &[1, 2])).len(), 2);
    let without = from("192.0.2.7", &[]);
    assert_eq!(shown(&keys, &without), [""; 0]);
    assert_eq!(shown(&both, &without), ["192.0.2.7"]);
    for rules in [keys, addresses, both] {
        let su = Login {
            service: "su".to_owned(),
            ..with_key.clone()
        };
        assert_eq!(shown(&rules, &su), [""; 0]);
        let off = RememberRules { days: 0, ..rules };
        assert_eq!(shown(&off, &with_key), [""; 0]);
        let minutes = RememberRules { minutes: 5, ..off };
        assert_eq!(shown(&minutes, &with_key).len(), 1);
    }
}

#[test]
fn an_address_is_that_of_one_computer_or_of_its_ipv6_network() {
    let rules = by(&[DeviceKind::Address]);
    for (address, shows) in [
        ("192.0.2.7", Some("192.0.2.7")),
        ("::ffff:192.0.2.7", Some("192.0.2.7")),
        ("2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::/64")),
        ("127.0.0.1", None),
        ("::1", None),
        ("169.254.1.2", None),
        ("fe80::1%eth0", None),
        ("0.0.0.0", None),
        ("host.example.org", None),
        ("", None),
    ] {
        let shown = shown(&rules, &from(address, &[]));
        assert_eq!(shown.first().map(String::as_str), shows, "{address}");
    }
    let prefix = |address: &str| {
        let login = Login {
            origin: LoginOrigin::Address(address.parse::<IpAddr>().unwrap()),
            ..login()
        };
        rules.devices_of(&login)
    };
    let mut owner = Owner::new();
    let [home] = prefix("2001:db8::1")[..] else {
        panic!("no device");
    };
    owner
        .account
        .remember_device(home, Term::Days, &rules, NOON)
        .unwrap();
    let known = |address| {
        owner
            .account
            .remembered_device(&prefix(address), &rules, NOON)
            .is_some()
    };
    assert!(known("2001:db8::ffff:1") && !known("2001:db8:0:1::1") && !known("32.1.13.184"));
}

#[test]
fn a_device_is_remembered_from_its_code_on_and_no_use_extends_it() {
    let mut owner = Owner::new();
    let id = remember(&mut owner.account, 1, NOON);
    owner.account.note_device_use(id, after(NOON, 29 * DAY));
    for (seconds, remembered) in [
        (-1, false),
        (0, true),
        (30 * DAY - 1, true),
        (30 * DAY, false),
        (300 * DAY, false),
    ] {
        let now = after(NOON, seconds);
        assert_eq!(is_remembered(&owner.account, 1, &MONTH, now), remembered);
        assert!(!is_remembered(&owner.account, 2, &MONTH, now));
    }
}

#[test]
fn fewer_days_end_it_at_once_and_more_do_not_extend_it() {
    let mut owner = Owner::new();
    remember(&mut owner.account, 1, NOON);
    for (days, last) in [(0, -1), (1, DAY - 1), (7, 7 * DAY - 1), (90, 30 * DAY - 1)] {
        let rules = RememberRules { days, ..MONTH };
        for (seconds, remembered) in [(last, last > 0), (last + 1, false)] {
            let now = after(NOON, seconds);
            assert_eq!(is_remembered(&owner.account, 1, &rules, now), remembered);
        }
        assert_eq!(
            owner.account.devices(&rules, NOON).count(),
            usize::from(days > 0)
        );
    }
}

#[test]
fn a_device_of_a_clock_that_was_ahead_is_forgotten_with_the_next_code() {
    let mut owner = Owner::new();
    remember(&mut owner.account, 1, after(NOON, 365 * DAY));
    assert!(!is_remembered(&owner.account, 1, &MONTH, NOON));
    let none = Rememberable {
        rules: &MONTH,
        marks: &[],
        asks: false,
    };
    give_code(&mut owner, none, NOON);
    let later = after(NOON, 366 * DAY);
    assert!(!is_remembered(&owner.account, 1, &MONTH, later));
}

#[test]
fn the_last_use_is_due_once_a_day() {
    let mut owner = Owner::new();
    let id = remember(&mut owner.account, 1, NOON);
    let is_due = |account: &Account, seconds| {
        let rules = MONTH;
        let device = account.devices(&rules, NOON).next().unwrap();
        device.is_use_due(after(NOON, seconds))
    };
    assert!(!is_due(&owner.account, DAY - 1) && is_due(&owner.account, DAY));
    owner.account.note_device_use(id, after(NOON, DAY));
    assert!(!is_due(&owner.account, DAY + 1));
    let rules = MONTH;
    let device = owner.account.devices(&rules, NOON).next().unwrap();
    assert_eq!(device.first_used(), NOON);
    assert_eq!(device.last_used(), after(NOON, DAY));
}

#[test]
fn the_twenty_first_device_replaces_the_one_that_ends_first() {
    let mut owner = Owner::new();
    for (label, seconds) in (0..20).zip(0..) {
        remember(&mut owner.account, label, after(NOON, seconds));
    }
    // The second one is the oldest now.
    remember(&mut owner.account, 0, after(NOON, 50));
    remember(&mut owner.account, 20, after(NOON, 60));
    let now = after(NOON, 100);
    assert_eq!(owner.account.devices(&MONTH, now).count(), MAX_DEVICES);
    assert!(!is_remembered(&owner.account, 1, &MONTH, now));
    assert!(is_remembered(&owner.account, 0, &MONTH, now));
    let ids: Vec<u32> = owner
        .account
        .devices(&MONTH, now)
        .map(|device| device.id().number())
        .collect();
    assert_eq!(ids.first(), Some(&1));
    assert_eq!(ids.last(), Some(&21));
}

#[test]
fn forgetting_one_keeps_the_others_and_its_id_is_not_used_again() {
    let mut owner = Owner::new();
    let first = remember(&mut owner.account, 1, NOON);
    let second = remember(&mut owner.account, 2, NOON);
    let forgotten = owner.account.forget_device(second, &MONTH, NOON).unwrap();
    assert_eq!(forgotten.mark(), mark(2));
    let again = owner.account.forget_device(second, &MONTH, NOON);
    assert_eq!(again, Err(Refusal::NoSuchDevice));
    assert!(is_remembered(&owner.account, 1, &MONTH, NOON));
    assert!(!is_remembered(&owner.account, 2, &MONTH, NOON));
    let third = remember(&mut owner.account, 2, NOON);
    assert_eq!(third.number(), 3);
    let kept = owner
        .account
        .forget_devices_except(Some(first), &MONTH, NOON);
    assert_eq!(kept, 1);
    assert!(is_remembered(&owner.account, 1, &MONTH, NOON));
    assert_eq!(owner.account.forget_devices_except(None, &MONTH, NOON), 1);
    assert_eq!(owner.account.devices(&MONTH, NOON).count(), 0);
}

#[test]
fn a_change_of_the_authenticators_forgets_all_devices() {
    type Change = (&'static str, fn(&mut Account));
    let proof = tfa_core::Proof::Verified;
    let changes: [Change; 7] = [
        ("reset", Account::reset),
        ("remove", |account| {
            account.remove(tfa_core::Proof::Verified, NOON).unwrap();
        }),
        ("remove one", |account| {
            let id = account.authenticators()[1].id();
            let proof = tfa_core::Proof::Verified;
            account
                .remove_authenticator(id, &[Factors::ANY], proof, NOON)
                .unwrap();
        }),
        ("unbind", |account| {
            account
                .unbind(account.authenticators()[1].id(), NOON)
                .unwrap();
        }),
        ("move", |account| {
            let (old, new) = (account.authenticators()[0].id(), Phone::usual(9));
            let proof = tfa_core::Proof::Verified;
            account
                .move_to(Some(old), new.authenticator(), proof, NOON)
                .unwrap();
            account.confirm(&new.typed(NOON), None, NOON).unwrap();
        }),
        ("new backup codes", |account| {
            let proof = tfa_core::Proof::Verified;
            account
                .replace_backup_codes(sheet::SECOND.set(), proof, NOON)
                .unwrap();
        }),
        ("uid", |account| account.set_uid(4711)),
    ];
    for (name, change) in changes {
        let mut account = crate::owner::account_of_several(&[Phone::usual(7), Phone::usual(8)]);
        remember(&mut account, 1, NOON);
        let binding = account.binding();
        change(&mut account);
        assert!(!is_remembered(&account, 1, &MONTH, NOON), "{name}");
        // Nor does a code of before serve in its login session.
        assert_eq!(binding.holds(&account), name == "uid", "{name}");
    }
    let mut account = account(&Phone::usual(7));
    remember(&mut account, 1, NOON);
    account.unlock();
    let phone = Phone::usual(8);
    account
        .add(phone.authenticator_named("second"), proof, NOON)
        .unwrap();
    account.confirm(&phone.typed(NOON), None, NOON).unwrap();
    assert!(is_remembered(&account, 1, &MONTH, NOON), "they do not");
}

#[test]
fn an_account_without_authenticators_remembers_nothing() {
    let mut account = Account::new(1000);
    let refused = account.remember_device(mark(1), Term::Days, &MONTH, NOON);
    assert_eq!(refused, Err(Refusal::NotSetUp));
    assert!(account.is_blank());
}

fn offer<'a>(rules: &'a RememberRules, marks: &'a [DeviceMark]) -> Rememberable<'a> {
    Rememberable {
        rules,
        marks,
        asks: true,
    }
}

#[test]
fn a_right_code_is_followed_by_the_question_and_yes_remembers() {
    for (typed, remembers) in [
        ("y", true),
        ("YES", true),
        (" yes ", true),
        ("", false),
        ("n", false),
        ("yess", false),
        ("correct horse", false),
        ("y\0", false),
    ] {
        let mut owner = Owner::new();
        let marks = [mark(1), mark(2)];
        let (turn, question) = give_code(&mut owner, offer(&MONTH, &marks), NOON);
        let days = 30;
        assert_eq!(turn.next, Next::AskRemember { days, factor: CODE });
        assert!(!is_remembered(&owner.account, 1, &MONTH, NOON));
        let later = after(NOON, 90);
        let question = question.unwrap();
        let (turn, device) = question.answer(&mut owner.account, typed, &MONTH, later);
        assert_eq!(turn.next, Next::End(Verdict::Verified(CODE)), "{typed:?}");
        assert_eq!(device.is_some(), remembers, "{typed:?}");
        assert_eq!(is_remembered(&owner.account, 1, &MONTH, later), remembers);
        // From the code on, not from the answer.
        let end = device.map(|device: Device| device.until(&MONTH));
        assert_eq!(end, remembers.then_some(after(NOON, 30 * DAY)));
        assert!(!is_remembered(&owner.account, 2, &MONTH, later));
        // The owner learns of it at the next login.
        let changes = owner.account.changes_to_report();
        let named = changes.map(|changes| changes.newest[0].change.clone());
        let name = mark(1).name();
        assert_eq!(named, remembers.then_some(Change::DeviceRemembered(name)));
    }
}

#[test]
fn nothing_is_asked_of_a_login_that_cannot_be_remembered() {
    let (month, marks) = (MONTH, [mark(1)]);
    let silent = Rememberable {
        asks: false,
        ..offer(&month, &marks)
    };
    let no_days = RememberRules {
        days: 0,
        minutes: 5,
        ..MONTH
    };
    for offer in [silent, offer(&month, &[]), offer(&no_days, &marks)] {
        let mut owner = Owner::new();
        let (turn, question) = give_code(&mut owner, offer, NOON);
        assert_eq!(turn.next, Next::End(Verdict::Verified(CODE)));
        assert!(question.is_none());
    }
    let mut owner = Owner::new();
    remember(&mut owner.account, 1, NOON);
    let (turn, _) = give_code(&mut owner, offer(&MONTH, &marks), NOON);
    assert_eq!(
        turn.next,
        Next::End(Verdict::Verified(CODE)),
        "known already"
    );
}

#[test]
fn a_wrong_code_is_followed_by_no_question() {
    let mut owner = Owner::new();
    let begun = AskCode::begin(&owner.account, ThrottleScope::UNKNOWN, NOON);
    let Some(Dialog::AskCode(question)) = begun.dialog else {
        panic!("no question");
    };
    let client = Client {
        service: "sshd",
        from: "",
        shows: true,
        answer: None,
    };
    for credential in [crate::owner::wrong_code(), Credential::Empty] {
        let rules = RememberRules {
            minutes: 5,
            ..MONTH
        };
        let (any, account, marks) = (Some(Factors::ANY), &mut owner.account, [mark(1)]);
        let offer = offer(&rules, &marks);
        let answered = question.answer_with_offer(any, account, &credential, client, offer, NOON);
        let Answered::Turn(turn, _) = answered else {
            panic!("no turn");
        };
        assert!(!matches!(turn.next, Next::AskRemember { .. }));
        assert!(!is_remembered(account, 1, &rules, NOON));
    }
}

#[test]
fn minutes_remember_without_a_question_and_days_outlast_them() {
    let rules = RememberRules {
        minutes: 5,
        ..MONTH
    };
    let marks = [mark(1)];
    let mut owner = Owner::new();
    let (_, question) = give_code(&mut owner, offer(&rules, &marks), NOON);
    for (seconds, remembered) in [(0, true), (299, true), (300, false)] {
        let now = after(NOON, seconds);
        assert_eq!(is_remembered(&owner.account, 1, &rules, now), remembered);
    }
    let (_, device) = question
        .unwrap()
        .answer(&mut owner.account, "y", &rules, NOON);
    assert_eq!(device.map(|device| device.term()), Some(Term::Days));
    // A later code, which a rule may ask for, does not shorten it.
    let later = after(NOON, 600);
    give_code(&mut owner, offer(&rules, &marks), later);
    let now = after(NOON, 29 * DAY);
    assert!(is_remembered(&owner.account, 1, &rules, now));
    assert_eq!(owner.account.devices(&rules, now).count(), 1);
}

#[test]
fn a_yes_after_the_authenticator_was_removed_remembers_nothing() {
    let marks = [mark(1)];
    let mut owner = Owner::new();
    let (_, question) = give_code(&mut owner, offer(&MONTH, &marks), NOON);
    let question = question.unwrap();
    // Removed without a trace, and enrolled again under the same id.
    owner.account = account(&Phone::usual(9));
    owner.account.reset();
    let mut enrolled = Account::new(owner.account.uid());
    let phone = Phone::usual(9);
    enrolled
        .set_up(phone.authenticator(), after(NOON, 60))
        .unwrap();
    let codes = Some(sheet::FIRST.set());
    let now = after(NOON, 60);
    enrolled.confirm(&phone.typed(now), codes, now).unwrap();
    for account in [&mut owner.account, &mut enrolled] {
        let (turn, device) = question.answer(account, "y", &MONTH, now);
        assert_eq!(turn.next, Next::End(Verdict::Verified(CODE)));
        assert_eq!(device, None);
        assert!(!is_remembered(account, 1, &MONTH, now));
    }
    let (_, device) = question.answer(
        &mut Owner::new().account,
        "y",
        &RememberRules { days: 0, ..MONTH },
        now,
    );
    assert_eq!(device, None, "switched off meanwhile");
}

#[test]
fn a_binding_holds_while_its_authenticators_stay() {
    let phones = [Phone::usual(7), Phone::usual(8)];
    let mut several = crate::owner::account_of_several(&phones);
    let binding = several.binding();
    let third = Phone::usual(9).authenticator_named("third");
    several.bind(third, NOON).unwrap();
    assert!(binding.holds(&several));
    several
        .unbind(several.authenticators()[0].id(), NOON)
        .unwrap();
    assert!(!binding.holds(&several));
    let none = Account::new(1000);
    assert!(!none.binding().holds(&none));
}

#[derive(Debug, Clone)]
enum Event {
    Code { label: u8, yes: bool },
    Forget(u8),
    ForgetAll,
    Reset,
    RemoveOne,
    Use(u8),
}

fn events() -> impl Strategy<Value = Vec<(Event, i64)>> {
    let event = prop_oneof![
        4 => (0..4_u8, any::<bool>()).prop_map(|(label, yes)| Event::Code { label, yes }),
        1 => (0..4_u8).prop_map(Event::Forget),
        1 => Just(Event::ForgetAll),
        1 => Just(Event::Reset),
        1 => Just(Event::RemoveOne),
        2 => (0..4_u8).prop_map(Event::Use),
    ];
    // The clock jumps in either direction.
    prop::collection::vec((event, -90 * DAY..90 * DAY), 1..40)
}

proptest! {
    #![proptest_config(cases(256))]

    /// What is served must follow from a yes, or from a code in the last minutes, to the same key, under
    /// any clock, and not from before it was forgotten.
    #[test]
    fn no_login_is_served_without_a_code_of_its_term(
        events in events(),
        days in 0..60_u32,
        minutes in 0..100_u32,
        later_days in 0..60_u32,
        tries in prop::collection::vec((0..4_u8, -200 * DAY..200 * DAY), 16),
    ) {
        let rules = RememberRules { days, minutes, ..MONTH };
        let later_rules = RememberRules { days: later_days, ..rules.clone() };
        let mut account = account(&Phone::usual(7));
        // For each label: the times of the codes that remember it, with the length.
        let mut granted: Vec<(u8, Time, i64)> = Vec::new();
        let mut now = NOON;
        for (event, step) in events {
            now = after(now, step);
            match event {
                Event::Code { label, yes } => {
                    if account.authenticators().is_empty() {
                        continue;
                    }
                    if minutes > 0 {
                        let _ = account.remember_device(mark(label), Term::Minutes, &rules, now);
                        granted.push((label, now, i64::from(minutes) * 60));
                    }
                    if yes && days > 0 {
                        let _ = account.remember_device(mark(label), Term::Days, &rules, now);
                        granted.push((label, now, i64::from(days) * DAY));
                    }
                }
                Event::Forget(label) => {
                    let device = account.remembered_device(&[mark(label)], &rules, now);
                    if let Some(id) = device.map(Device::id) {
                        account.forget_device(id, &rules, now).unwrap();
                        granted.retain(|(one, ..)| *one != label);
                    }
                }
                Event::ForgetAll => {
                    account.forget_devices_except(None, &rules, now);
                    granted.clear();
                }
                Event::Reset => {
                    account.reset();
                    granted.clear();
                    let phone = Phone::usual(8);
                    account.bind(phone.authenticator(), now).unwrap();
                }
                Event::RemoveOne => {
                    let extra = Phone::usual(9).authenticator_named("extra");
                    let id = account.bind(extra, now).unwrap();
                    account.unbind(id, now).unwrap();
                    granted.clear();
                }
                Event::Use(label) => {
                    let device = account.remembered_device(&[mark(label)], &rules, now);
                    if let Some(id) = device.map(Device::id) {
                        account.note_device_use(id, now);
                    }
                }
            }
            account = Account::decode(&account.encode()).unwrap();
        }
        for (label, seconds) in tries {
            let at = after(now, seconds);
            for rules in [&rules, &later_rules] {
                let is_granted = granted.iter().any(|(one, code, length)| {
                    let longest = i64::from(rules.days) * DAY;
                    let length = if *length >= DAY { (*length).min(longest) } else { *length };
                    *one == label && *code <= at && at < after(*code, length)
                });
                if is_remembered(&account, label, rules, at) {
                    prop_assert!(is_granted, "label {label} at {at:?}, granted {granted:?}");
                }
            }
        }
    }
}

#[test]
fn device_of_one_member_is_none_of_another_or_of_this_host() {
    let at = |name: &str| mark(1).at_member(&HostName::new(name).unwrap());
    let (web1, web2) = (at("web1.example"), at("web2.example"));
    for (remembered, others) in [
        (web1, [mark(1), web2]),
        (web2, [mark(1), web1]),
        (mark(1), [web1, web2]),
    ] {
        let mut account = account(&Phone::usual(7));
        account
            .remember_device(remembered, Term::Days, &MONTH, NOON)
            .unwrap();
        let account = Account::decode(&account.encode()).unwrap();
        let finds = |mark| account.remembered_device(&[mark], &MONTH, NOON).is_some();
        assert!(finds(remembered));
        assert!(!others.into_iter().any(finds), "{remembered:?}");
    }
}

#[test]
fn verifier_remembers_no_device_of_which_no_host_is_known() {
    let (alone, login) = (by(&[DeviceKind::Key]), from("192.0.2.7", &[1]));
    let of_verifier = RememberRules {
        of_verifier: true,
        ..alone.clone()
    };
    let mut account = account(&Phone::usual(7));
    let [before] = alone.devices_of(&login)[..] else {
        panic!("no device");
    };
    account
        .remember_device(before, Term::Days, &alone, NOON)
        .unwrap();
    let finds = |account: &Account, rules: &RememberRules| {
        let marks = rules.devices_of(&login);
        account.remembered_device(&marks, rules, NOON).is_some()
    };
    assert!(finds(&account, &alone) && !finds(&account, &of_verifier));
    // Nor does the mark of before count by itself, and no list has it.
    let found = account.remembered_device(&[before], &of_verifier, NOON);
    assert!(found.is_none() && account.devices(&of_verifier, NOON).next().is_none());
    // One that it has seen itself is remembered on each verifier, and on no member.
    let [own] = of_verifier.devices_of(&login)[..] else {
        panic!("no device");
    };
    account
        .remember_device(own, Term::Days, &of_verifier, NOON)
        .unwrap();
    let account = Account::decode(&account.encode()).unwrap();
    assert!(finds(&account, &of_verifier));
    let web1 = own.at_member(&HostName::new("web1.example").unwrap());
    let found = account.remembered_device(&[web1], &of_verifier, NOON);
    assert!(found.is_none());
}
