//! The status, as text and as JSON.

use tfa_proto::{Authenticator, AuthenticatorKind, Status};
use tfa_testkit::daemon::{authenticator, bound_codes, device, enabled};
use tfa_testkit::{TestHost, finished};

use crate::setup::host;

fn shown(status: Status, arguments: &[&str]) -> String {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status);
    let (code, out, error) = finished(&host.output_with(arguments));
    assert_eq!((code, error.as_str()), (0, ""));
    out
}

#[test]
fn an_exemption_is_shown_with_its_end_and_reason_until_its_end() {
    let exempt = |until| Status {
        exempt_until: Some(until),
        exempt_reason: Some("phone in repair".to_owned()),
        required: true,
        ..enabled()
    };
    let out = shown(exempt(4_000_000_000), &["status"]);
    let expected = "Required: yes\nExempt: no code is asked for until 2096-10-02 07:06\n\
                    Reason: phone in repair\n";
    assert!(out.contains(expected), "{out}");
    let out = shown(exempt(1_000_000_000), &["status"]);
    assert!(!out.contains("xempt"), "{out}");
}

#[test]
fn the_keys_of_the_json_form_are_stable() {
    let status = Status {
        authenticators: vec![
            authenticator(1, "phone"),
            Authenticator {
                kind: AuthenticatorKind::Hotp.into(),
                created: Some(1_796_133_900),
                last_accepted: Some(1_796_133_960),
                ..authenticator(3, "token")
            },
        ],
        failures: 6,
        locked_until: Some(1_796_133_900),
        known_origins: 2,
        locked_known_origins: 1,
        session_failures: 3,
        session_locked_until: Some(1_796_134_020),
        wrong_codes: 2,
        last_wrong_code: Some(1_796_133_960),
        last_wrong_code_from: Some(String::new()),
        required: true,
        grace_until: Some(1_796_133_901),
        devices: vec![device(2)],
        bound_codes: vec![bound_codes("web1.test", 9, true)],
        ..enabled()
    };
    let expected = r#"{
  "user": "alice",
  "uid": 1000,
  "state": "enabled",
  "authenticators": [
    {
      "id": 1,
      "kind": "totp",
      "name": "phone",
      "created": null,
      "last_accepted": null,
      "fingerprint": null,
      "weak": false
    },
    {
      "id": 3,
      "kind": "hotp",
      "name": "token",
      "created": "2026-12-01T14:05:00Z",
      "last_accepted": "2026-12-01T14:06:00Z",
      "fingerprint": null,
      "weak": false
    }
  ],
  "pending_authenticator": false,
  "pending_kind": null,
  "backup_codes_left": 8,
  "failures": 6,
  "locked_until": "2026-12-01T14:05:00Z",
  "permanently_locked": false,
  "known_origins": 2,
  "locked_known_origins": 1,
  "session_failures": 3,
  "session_locked_until": "2026-12-01T14:07:00Z",
  "session_permanently_locked": false,
  "console_failures": 0,
  "console_locked_until": null,
  "console_permanently_locked": false,
  "own_failures": 0,
  "own_locked_until": null,
  "own_permanently_locked": false,
  "member_locks": [],
  "wrong_codes": 2,
  "last_wrong_code": "2026-12-01T14:06:00Z",
  "last_wrong_code_from": "",
  "failed_attempts": [],
  "required": true,
  "off": false,
  "grace_until": "2026-12-01T14:05:01Z",
  "invited_until": null,
  "exempt_until": null,
  "exempt_reason": null,
  "devices": [
    {
      "id": 2,
      "kind": "key",
      "mark": "SHA256:ZY5EzmKtBCq/4Yd2UekHLzTEl0BKOPobpgks2st/KCI",
      "key_type": "ED25519",
      "first_used": "2026-12-01T14:05:00Z",
      "last_used": "2026-12-02T14:05:00Z",
      "until": "2100-01-01T00:00:00Z",
      "current": false
    }
  ],
  "bound_codes": [
    {
      "host": "web1.test",
      "left": 9,
      "made": "2026-12-01T14:05:00Z",
      "confirmed": true
    }
  ],
  "last_login": null,
  "problem": null,
  "note": null
}
"#;
    assert_eq!(shown(status, &["status", "--json"]), expected);
}

#[test]
fn a_daemon_that_refuses_all_logins_is_reported_first() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled());
    let why = "/etc/tfa/tfad.toml:2:8: mode: \"of\" is none of \"off\"";
    host.daemon()
        .account(|account| account.refusal = why.to_owned());
    for arguments in [&["status"][..], &["status", "--json"], &[]] {
        let (code, out, error) = finished(&host.output_with(arguments));
        assert_eq!(code, 1, "{arguments:?}");
        let first = "The two-factor service (tfad) refuses every login on this host now.";
        assert!(error.starts_with(first), "{error}");
        assert!(error.contains(why), "{error}");
        assert!(out.contains("alice"), "{out}");
    }
}

#[test]
fn the_human_form_is_plain_lines() {
    let status = Status {
        last_login: Some(1_796_133_900),
        ..enabled()
    };
    let expected = "\
Two-factor login: on
User: alice
Authenticators: phone
Backup codes left: 8
Required: no
Last login with a code: 2026-12-01 14:05
";
    assert_eq!(shown(status.clone(), &["status"]), expected);
    assert_eq!(shown(status, &[]), expected, "alone, without a terminal");
}

#[test]
fn the_last_backup_code_shows_how_to_create_new_ones() {
    for (left, has_hint) in [(3, false), (2, true), (0, true)] {
        let status = Status {
            backup_codes_left: left,
            ..enabled()
        };
        let text = shown(status, &["status"]);
        assert!(
            text.contains(&format!("Backup codes left: {left}")),
            "{text}"
        );
        assert_eq!(text.contains("tfa-enroll codes"), has_hint, "{text}");
    }
}

#[test]
fn codes_that_are_bound_to_hosts_are_shown_by_host() {
    let status = Status {
        bound_codes: vec![
            bound_codes("web1.test", 9, true),
            bound_codes("web2.test", 10, false),
        ],
        ..enabled()
    };
    let expected = "\
Backup codes left: 8
Codes bound to web1.test: 9 left (made 2026-12-01 14:05)
Codes bound to web2.test: not confirmed by that host (made 2026-12-01 14:05)
";
    let text = shown(status, &["status"]);
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_lock_shows_its_remaining_time() {
    let now = tfa_client::now();
    let status = Status {
        state: Some(tfa_proto::State::None.into()),
        locked_until: Some(now + 1800),
        known_origins: 3,
        // Rounded up to whole minutes, so that a second more or less does not show.
        session_locked_until: Some(now + 570),
        console_permanently_locked: true,
        ..enabled()
    };
    let text = shown(status, &["status"]);
    assert!(text.contains("Two-factor login: off\n"), "{text}");
    let expected = "Logins from unknown places: locked for 30 minutes, until ";
    assert!(text.contains(expected), "{text}");
    let expected = "Places where you have logged in within 30 days: 3 (locked: 0)\n";
    assert!(text.contains(expected), "{text}");
    let expected = "sudo, su and polkit: locked for 10 minutes, until ";
    assert!(text.contains(expected), "{text}");
    assert!(
        text.contains("Console logins: locked until the administrator"),
        "{text}"
    );
}

#[test]
fn show_lists_wrong_codes_and_the_lock_of_the_users_programs() {
    let now = tfa_client::now();
    let shown = |count, from: &str| {
        let status = Status {
            own_locked_until: Some(now + 1800),
            wrong_codes: count,
            last_wrong_code: Some(1_796_133_960),
            last_wrong_code_from: Some(from.to_owned()),
            ..enabled()
        };
        shown(status, &["status"])
    };
    let text = shown(3, "192.0.2.66");
    let expected = "\
Wrong codes since your last login: 3
Last wrong code: 2026-12-01 14:06, from 192.0.2.66
If that was not you, change your password.
";
    assert!(text.contains(expected), "{text}");
    let expected = "Screen lockers and tfa-enroll: locked for 30 minutes, until ";
    assert!(text.contains(expected), "{text}");
    assert!(shown(1, "").contains("14:06, in a program that runs as you\n"));
}

#[test]
fn an_unusable_record_is_reported_without_other_claims() {
    let status = Status {
        problem: Some("The record is damaged.".to_owned()),
        ..enabled()
    };
    let text = shown(status, &["status"]);
    assert!(
        text.contains("Two-factor login: unusable, logins are refused"),
        "{text}"
    );
    assert!(text.contains("Problem: The record is damaged."), "{text}");
    assert!(!text.contains("Backup codes"), "{text}");
}

#[test]
fn a_name_cannot_control_the_terminal() {
    let status = Status {
        authenticators: vec![authenticator(1, "\x1b]0;owned\x07\u{9b}2Jphone")],
        ..enabled()
    };
    let text = shown(status, &["status"]);
    assert!(
        text.contains("Authenticators: ?]0;owned??2Jphone\n"),
        "{text}"
    );
}

#[test]
fn without_a_command_it_lists_the_commands() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled());
    let mut terminal = host.terminal_with(&[]);
    terminal.expect("tfa-enroll codes    create new backup codes");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn the_status_of_a_new_user_succeeds() {
    let (code, out, _) = finished(&host().output_with(&["status"]));
    assert_eq!(code, 0);
    assert!(
        out.starts_with("Two-factor login: off\nUser: alice\n"),
        "{out}"
    );
}

#[test]
fn a_policy_that_is_off_is_said_first() {
    let off = |off| {
        let status = Status {
            off,
            ..Status::default()
        };
        let text = "Two-factor login is off for the whole host: nothing is enforced.";
        shown(status, &[]).contains(text)
    };
    assert!(off(true));
    assert!(!off(false));
}
