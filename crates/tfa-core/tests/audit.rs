//! Audit records: their number and length are limited, and repeated logins are counted.

use proptest::prelude::*;
use tfa_core::{Account, AuditOutcome, AuditRecord};

use crate::cases;
use crate::owner::UID;
use crate::phone::{NOON, after};

const KINDS: [AuditOutcome; 6] = [
    AuditOutcome::Asked,
    AuditOutcome::Notified,
    AuditOutcome::SetUp,
    AuditOutcome::TooLate,
    AuditOutcome::NotVerified,
    AuditOutcome::Undetermined,
];

#[test]
fn logins_of_a_kind_are_counted_with_the_last_time_and_host() {
    let mut account = Account::new(UID);
    assert!(account.audit_records().is_empty());
    account.record_audit(AuditOutcome::Asked, "sshd", "192.0.2.7", NOON);
    assert!(!account.is_blank(), "a record keeps it");
    account.record_audit(AuditOutcome::Asked, "sshd", "", after(NOON, 60));
    let seen = AuditRecord {
        outcome: AuditOutcome::Asked,
        service: "sshd".to_owned(),
        from: String::new(),
        last: after(NOON, 60),
        count: 2,
    };
    assert_eq!(account.audit_records(), [seen]);
}

#[test]
fn another_service_or_outcome_is_another_kind() {
    let mut account = Account::new(UID);
    for (outcome, service) in [
        (AuditOutcome::Asked, "sshd"),
        (AuditOutcome::Asked, "login"),
        (AuditOutcome::NotVerified, "sshd"),
        (AuditOutcome::Asked, "sshd"),
    ] {
        account.record_audit(outcome, service, "192.0.2.7", NOON);
    }
    let counts: Vec<u32> = account
        .audit_records()
        .iter()
        .map(|seen| seen.count)
        .collect();
    assert_eq!(counts, [1, 1, 2], "the latest one is last");
}

#[test]
fn a_ninth_kind_replaces_the_least_recent_one() {
    let mut account = Account::new(UID);
    for number in 0..8 {
        account.record_audit(AuditOutcome::Asked, &format!("service-{number}"), "", NOON);
    }
    account.record_audit(AuditOutcome::Asked, "service-0", "", NOON);
    account.record_audit(AuditOutcome::Asked, "service-8", "", NOON);
    let services: Vec<&str> = account
        .audit_records()
        .iter()
        .map(|seen| seen.service.as_str())
        .collect();
    let expected = [2, 3, 4, 5, 6, 7, 0, 8].map(|number| format!("service-{number}"));
    assert_eq!(services, expected);
}

#[test]
fn names_are_kept_short_and_without_control_characters() {
    let mut account = Account::new(UID);
    let service = "\x1b[2Jsshd\r\n\u{9b}";
    account.record_audit(AuditOutcome::Asked, service, &"ü".repeat(100_000), NOON);
    account.record_audit(AuditOutcome::Asked, service, &"ü".repeat(64), NOON);
    let [seen] = account.audit_records() else {
        panic!("one kind was seen");
    };
    assert_eq!(seen.service, "[2Jsshd");
    assert_eq!((seen.from.as_str(), seen.count), (&*"ü".repeat(64), 2));
}

#[test]
fn the_count_of_logins_saturates() {
    use crate::cbor::Item;
    let mut account = Account::new(UID);
    account.record_audit(AuditOutcome::Asked, "sshd", "", NOON);
    let mut record = Item::parse(&account.encode());
    *record.at(&[10, 0, 4]) = Item::Number(u32::MAX.into());
    let mut account = Account::decode(&record.bytes()).unwrap();
    account.record_audit(AuditOutcome::Asked, "sshd", "", NOON);
    assert_eq!(account.audit_records()[0].count, u32::MAX);
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn at_most_eight_audit_records_are_kept_the_latest_last(
        logins in prop::collection::vec((0..6_usize, 0..5_u8, 0..90_i64), 0..80),
    ) {
        let (mut account, mut now) = (Account::new(UID), NOON);
        for (seen, (kind, service, wait)) in (1..).zip(logins) {
            now = after(now, wait);
            let service = format!("service-{service}");
            account.record_audit(KINDS[kind], &service, "", now);
            let kept = account.audit_records();
            prop_assert!(kept.len() <= 8);
            let kinds: std::collections::HashSet<_> =
                kept.iter().map(|one| (one.outcome as u8, &one.service)).collect();
            prop_assert_eq!(kinds.len(), kept.len());
            prop_assert!(kept.is_sorted_by_key(|one| one.last));
            prop_assert!(kept.iter().map(|one| one.count).sum::<u32>() <= seen);
            let last = kept.last().unwrap();
            prop_assert_eq!((last.outcome, &last.service, last.last), (KINDS[kind], &service, now));
        }
    }
}
