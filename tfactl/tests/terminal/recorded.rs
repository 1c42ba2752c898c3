//! The records of audit mode.

use tfa_proto::{AuditRecord, OpenEnum};
use tfa_testkit::{TestHost, finished};

use crate::{fits, host_with, json};

fn recorded(user: &str, outcome: &str, reason: &str, from: &str, count: u32) -> AuditRecord {
    AuditRecord {
        user: user.to_owned(),
        outcome: OpenEnum::from_name(outcome),
        reason: (!reason.is_empty()).then(|| OpenEnum::from_name(reason)),
        service: if from.is_empty() { "login" } else { "sshd" }.to_owned(),
        from: from.to_owned(),
        last: 1_796_133_900 + u64::from(count),
        count,
    }
}

fn audit_record() -> TestHost {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.audit_records = vec![
            recorded("bob", "code", "", "", 1),
            recorded("alice", "refused", "not-verified", "192.0.2.7", 2),
            recorded("alice", "refused", "too-late", "2001:db8::7", 60),
        ];
    });
    host
}

#[test]
fn records_are_grouped_by_user_the_latest_first() {
    let (code, out, _) = finished(&audit_record().output_with(&["policy", "impact", "--recorded"]));
    let expected = "\
Logins that audit mode let in, with the outcome without audit mode:
  alice: sshd from 2001:db8::7
    refused (two-factor login was not set up in time)
    60 logins, the last at 2026-12-01 14:06
  alice: sshd from 192.0.2.7
    refused (two-factor login is required, and such a login cannot ask for a
    code)
    2 logins, the last at 2026-12-01 14:05
  bob: login on this machine
    asked for a code
    1 login, at 2026-12-01 14:05
";
    assert_eq!((code, out.as_str()), (0, expected));
    fits(&out);
}

#[test]
fn the_json_form_is_an_array_with_stable_keys() {
    let (code, out, _) =
        finished(&audit_record().output_with(&["policy", "impact", "--recorded", "--json"]));
    assert_eq!(code, 0);
    let report = json(&out);
    let expected = serde_json::json!({
        "user": "bob",
        "outcome": "code",
        "reason": null,
        "service": "login",
        "from": "local",
        "count": 1,
        "last": "2026-12-01T14:05:01Z"
    });
    assert_eq!(report[2], expected);
    assert_eq!(report[0]["reason"], "too-late");
}

#[test]
fn records_that_the_daemon_sends_in_several_pages_are_all_listed() {
    let host = audit_record();
    host.daemon().account(|account| account.page_length = 1);
    let (_, out, _) = finished(&host.output_with(&["policy", "impact", "--recorded", "--json"]));
    assert_eq!(json(&out).as_array().unwrap().len(), 3);
    assert_eq!(
        host.daemon().calls(),
        ["AuditRecords", "AuditRecords alice"]
    );
}

#[test]
fn no_records_are_a_message_or_an_empty_json_array() {
    let (code, out, _) =
        finished(&host_with(Vec::new()).output_with(&["policy", "impact", "--recorded"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "Audit mode has not recorded any login.\n")
    );
    let output = host_with(Vec::new()).output_with(&["policy", "impact", "--recorded", "--json"]);
    assert_eq!(finished(&output).1, "[]\n");
}

#[test]
fn a_host_name_cannot_control_the_terminal() {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.audit_records = vec![recorded("bob", "code", "", "\x1b[2Jevil", 1)];
    });
    let (_, out, _) = finished(&host.output_with(&["policy", "impact", "--recorded"]));
    assert!(out.contains("from \\u{1b}[2Jevil"), "{out}");
}
