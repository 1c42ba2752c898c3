//! The number of each variant in a record, of those that the record of today has not: with another number, a record
//! of before would be read with another meaning.

use tfa_core::{
    AuditOutcome, AuthenticatorId, Change, FailureReason, OfflineOutcome, Purpose, RememberRules,
};

use crate::current_record::with_variant;
use crate::owner::FIRST;
use crate::phone::{NOON, after};
use crate::wrong_codes::SSHD;

#[test]
fn each_change_keeps_its_number() {
    let change = |notice, number| {
        let account = with_variant(&[16, 0, 0, notice, 0, 0], number).unwrap();
        account.changes_to_report().unwrap().newest[notice]
            .change
            .clone()
    };
    for (number, expected) in [
        (3, Change::BackupCodesReplaced),
        (4, Change::Paused),
        (5, Change::Resumed),
        (6, Change::Reset),
        (9, Change::Exported),
    ] {
        assert_eq!(change(0, number), expected);
    }
    let name = || "token".to_owned();
    for (number, expected) in [
        (0, Change::AuthenticatorAdded(name())),
        (1, Change::AuthenticatorRemoved(name())),
        (7, Change::DeviceRemembered(name())),
        (8, Change::RecoveryCodeEntered(name())),
    ] {
        assert_eq!(change(1, number), expected);
    }
}

#[test]
fn each_reason_of_a_failed_attempt_keeps_its_number() {
    for (number, expected) in [
        (0, FailureReason::WrongCode),
        (2, FailureReason::WrongLength),
        (3, FailureReason::PendingAuthenticator),
        (4, FailureReason::WrongBackupCode),
        (5, FailureReason::UsedCode),
        (6, FailureReason::NotACode),
        (8, FailureReason::NotEnrolled),
        (9, FailureReason::NotAsked),
        (10, FailureReason::WrongRecoveryCode),
        (11, FailureReason::FactorNotAccepted),
        (12, FailureReason::VoidCode),
    ] {
        let account = with_variant(&[17, 0, 0, 0], number).unwrap();
        let first = account.failed_attempts(NOON).next().unwrap();
        assert_eq!(first.reason, expected);
    }
}

#[test]
fn each_outcome_of_audit_mode_keeps_its_number() {
    for (number, expected) in [
        (0, AuditOutcome::Asked),
        (1, AuditOutcome::Notified),
        (2, AuditOutcome::SetUp),
        (3, AuditOutcome::TooLate),
        (4, AuditOutcome::NotVerified),
        (5, AuditOutcome::Undetermined),
        (6, AuditOutcome::FactorNotAccepted),
    ] {
        let account = with_variant(&[10, 0, 0], number).unwrap();
        assert_eq!(account.audit_records()[0].outcome, expected);
    }
}

#[test]
fn each_type_of_key_keeps_its_number() {
    let rules = RememberRules {
        days: 30,
        ..RememberRules::default()
    };
    let names = ["RSA", "DSA", "ECDSA", "ED25519", "ECDSA-SK", "ED25519-SK"];
    for (number, expected) in (0..).zip(names) {
        let account = with_variant(&[13, 0, 0, 1, 1, 1], number).unwrap();
        let device = account.devices(&rules, NOON).next().unwrap();
        assert_eq!(device.mark().key_type(), Some(expected));
    }
}

#[test]
fn each_purpose_of_a_pending_authenticator_keeps_its_number() {
    for (number, expected) in [
        (0, Purpose::First),
        (1, Purpose::Add),
        (2, Purpose::Replace(AuthenticatorId::new(1))),
    ] {
        let account = with_variant(&[3, 3, 0], number).unwrap();
        let purpose = account.pending().and_then(|pending| pending.purpose());
        assert_eq!(purpose, Some(expected));
    }
}

#[test]
fn each_outcome_of_a_bound_code_keeps_its_number() {
    for (number, expected) in [
        (0, OfflineOutcome::Accepted),
        (1, OfflineOutcome::WrongCode),
        (2, OfflineOutcome::UsedCode),
    ] {
        let mut account = with_variant(&[16, 3, 0, 3, 2], number).unwrap();
        // The first login reports changes, and leaves these for the next.
        account.report(FIRST, SSHD, after(NOON, 3600)).unwrap();
        let report = account.report(FIRST, SSHD, after(NOON, 7200)).unwrap();
        let newest = report.offline.unwrap().newest;
        assert_eq!(newest.last().unwrap().outcome, Some(expected));
    }
}
