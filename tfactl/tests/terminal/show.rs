//! One account, as text and as JSON.

use tfa_proto::{
    Authenticator, AuthenticatorKind, FailedAttempt, FailureReason, LockScope, MemberLock,
    OpenEnum, Status,
};
use tfa_testkit::daemon::{authenticator, bound_codes, device};
use tfa_testkit::{TestHost, finished};

use crate::{account, host_with};

#[test]
fn an_account_is_shown_as_plain_lines() {
    let status = Status {
        authenticators: vec![
            authenticator(1, "phone"),
            Authenticator {
                kind: AuthenticatorKind::Hotp.into(),
                last_accepted: Some(1_796_133_900),
                ..authenticator(2, "token")
            },
        ],
        failures: 1,
        known_origins: 3,
        locked_known_origins: 1,
        session_failures: 2,
        console_failures: 100,
        console_permanently_locked: true,
        wrong_codes: 101,
        last_wrong_code: Some(1_796_133_960),
        last_wrong_code_from: Some("192.0.2.66".to_owned()),
        required: true,
        last_login: Some(1_796_133_900),
        devices: vec![device(2)],
        bound_codes: vec![bound_codes("web1.test", 9, true)],
        ..account("alice", "enabled")
    };
    let (code, out, _) = finished(&host_with(vec![status]).output_with(&["show", "alice"]));
    let expected = "\
User: alice (uid 1000)
Two-factor login: on
Authenticator: phone (time-based, not used yet)
Authenticator: token (counter-based, last used 2026-12-01 14:05)
Backup codes left: 8
Codes bound to web1.test: 9 left (made 2026-12-01 14:05)
Remembered devices: 1 (to list them: tfactl devices list alice)
Required: yes
Logins from unknown places: not locked (wrong codes in a row: 1)
Known places: 3 (locked: 1)
sudo, su and polkit: not locked (wrong codes in a row: 2)
Console logins: locked until you unlock them (wrong codes in a row: 100)
Programs of the user: not locked (wrong codes in a row: 0)
Wrong codes since the last login: 101
Last wrong code: 2026-12-01 14:06, from 192.0.2.66
Last login with a code: 2026-12-01 14:05
To remove the lock: tfactl unlock alice
If the user has lost each authenticator and the backup codes: tfactl reset alice
";
    assert_eq!((code, out.as_str()), (0, expected));
}

#[test]
fn locks_at_members_are_shown_with_their_hosts() {
    let lock = |host: &str, scope, locked_until| MemberLock {
        host: host.to_owned(),
        scope: Some(OpenEnum::from(scope)),
        failures: 7,
        locked_until,
        ..MemberLock::default()
    };
    let status = Status {
        member_locks: vec![
            lock("web1.test", LockScope::Sessions, Some(4_000_000_000)),
            lock("web1.test", LockScope::Console, None),
            lock("web2.test", LockScope::OwnPrograms, None),
            MemberLock {
                scope: None,
                ..lock("", LockScope::Console, None)
            },
            MemberLock {
                all_others: true,
                ..MemberLock::default()
            },
        ],
        ..account("alice", "enabled")
    };
    let host = host_with(vec![status]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    let expected = "\
Programs of the user: not locked (wrong codes in a row: 0)
sudo, su and polkit on web1.test: locked until 2096-10-02 07:06 (wrong codes in a row: 7)
Console logins on web1.test: locked until you unlock them (wrong codes in a row: 7)
Programs of the user on web2.test: locked until you unlock them (wrong codes in a row: 7)
Places on a member of the fleet: locked until you unlock them (wrong codes in a row: 7)
All other members of the fleet: locked until you unlock them,
or until one of the eight that have counts had no wrong code for 90 days
";
    assert!(out.contains(expected), "{out}");
    assert!(out.contains("tfactl unlock alice"), "{out}");
    let (_, out, _) = finished(&host.output_with(&["list", "--locked"]));
    assert!(out.contains("alice"), "{out}");
    let (_, out, _) = finished(&host.output_with(&["show", "alice", "--json"]));
    for part in [
        "\"host\": \"web1.test\"",
        "\"scope\": \"own-programs\"",
        "\"all_others\": true",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn the_last_failed_attempts_are_shown_newest_first() {
    let failed = |reason: FailureReason, service: &str, from: &str, count| FailedAttempt {
        reason: reason.into(),
        service: service.to_owned(),
        from: from.to_owned(),
        last: 1_796_133_900,
        count,
        ..FailedAttempt::default()
    };
    let late = |drift| FailedAttempt {
        drift: Some(drift),
        ..failed(FailureReason::OtherTime, "sshd", "192.0.2.7", 1)
    };
    let locked = |locked_until| FailedAttempt {
        locked_until,
        ..failed(FailureReason::Locked, "login", "tty1", 1)
    };
    let status = Status {
        failed_attempts: vec![
            failed(FailureReason::WrongCode, "", "", 3),
            late(-300),
            late(90),
            locked(Some(1_796_133_960)),
            locked(None),
            failed(FailureReason::NotACode, "polkit-1", "polkit-1", 2),
        ],
        ..account("alice", "enabled")
    };
    let host = host_with(vec![status]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    let failed: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("Failed"))
        .collect();
    let expected = [
        "Failed 2 times: the last 2026-12-01 14:05, polkit-1, from polkit-1: not a code, maybe the \
         password",
        "Failed: 2026-12-01 14:05, login, from tty1: locked until you unlock them",
        "Failed: 2026-12-01 14:05, login, from tty1: locked until 2026-12-01 14:06",
        "Failed: 2026-12-01 14:05, sshd, from 192.0.2.7: right for another time: the clock of the \
         phone is about 90 seconds ahead of this host, so one of the two is off",
        "Failed: 2026-12-01 14:05, sshd, from 192.0.2.7: right for another time: the clock of the \
         phone is about 5 minutes behind this host, so one of the two is off",
        "Failed 3 times: the last 2026-12-01 14:05, in a program that runs as the user: wrong code",
    ];
    assert_eq!(failed, expected);
    let (_, out, _) = finished(&host.output_with(&["show", "alice", "--json"]));
    for part in [
        "\"reason\": \"other-time\"",
        "\"drift_seconds\": -300",
        "\"locked_until\": \"2026-12-01T14:06:00Z\"",
        "\"count\": 3",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
}

#[test]
fn a_user_who_has_not_enrolled_is_shown() {
    let (code, out, _) = finished(&host_with(Vec::new()).output_with(&["show", "bob"]));
    assert_eq!(code, 0);
    assert!(
        out.starts_with("User: bob (uid 1000)\nTwo-factor login: off\n"),
        "{out}"
    );
}

#[test]
fn an_exemption_is_shown_until_its_end() {
    let exempt = |until| Status {
        exempt_until: Some(until),
        exempt_reason: Some("phone in repair".to_owned()),
        required: true,
        ..account("alice", "enabled")
    };
    let shown = |status| {
        let host = host_with(vec![status]);
        let (_, show, _) = finished(&host.output_with(&["show", "alice"]));
        let (_, list, _) = finished(&host.output_with(&["list"]));
        (show, list)
    };
    let (show, list) = shown(exempt(4_000_000_000));
    let expected = "Required: yes\nExempt: no code is asked for until 2096-10-02 07:06\n\
                    Reason: phone in repair\n";
    assert!(show.contains(expected), "{show}");
    assert!(list.contains("alice             exempt "), "{list}");
    let (show, list) = shown(exempt(1_000_000_000));
    assert!(!show.contains("xempt"), "{show}");
    assert!(list.contains("alice             on "), "{list}");
}

#[test]
fn an_unusable_record_is_shown_with_the_remedy() {
    let status = Status {
        problem: Some("The record is damaged.".to_owned()),
        ..account("eve", "")
    };
    let (_, out, _) = finished(&host_with(vec![status]).output_with(&["show", "eve"]));
    assert!(out.contains("logins are refused"), "{out}");
    assert!(out.contains("Problem: The record is damaged."), "{out}");
    assert!(out.contains("tfactl reset eve"), "{out}");
    assert!(!out.contains("Backup codes"), "{out}");
}

#[test]
fn the_json_form_has_the_keys_of_tfa_enroll_status() {
    let (code, out, _) = finished(&host_with(Vec::new()).output_with(&["show", "bob", "--json"]));
    assert_eq!(code, 0);
    let keys: Vec<&str> = out
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert_eq!(
        keys,
        [
            "user",
            "uid",
            "state",
            "authenticators",
            "pending_authenticator",
            "pending_kind",
            "backup_codes_left",
            "failures",
            "locked_until",
            "permanently_locked",
            "known_origins",
            "locked_known_origins",
            "session_failures",
            "session_locked_until",
            "session_permanently_locked",
            "console_failures",
            "console_locked_until",
            "console_permanently_locked",
            "own_failures",
            "own_locked_until",
            "own_permanently_locked",
            "member_locks",
            "wrong_codes",
            "last_wrong_code",
            "last_wrong_code_from",
            "failed_attempts",
            "required",
            "off",
            "grace_until",
            "invited_until",
            "exempt_until",
            "exempt_reason",
            "devices",
            "bound_codes",
            "last_login",
            "problem",
            "note"
        ]
    );
}

#[test]
fn an_unknown_user_is_exit_code_1_and_an_absent_daemon_3() {
    let (code, out, error) = finished(&host_with(Vec::new()).output_with(&["show", "nobody1"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "There is no user nobody1 here.\n");
    let host = TestHost::without_daemon(env!("CARGO_BIN_EXE_tfactl"));
    for arguments in [
        &["list"][..],
        &["show", "bob"],
        &["unlock", "bob"],
        &["reset", "bob", "--yes"],
        &["invite", "bob"],
        &["exempt", "bob", "--for", "2d", "--reason", "x"],
        &["exempt", "bob", "--end"],
        &["exemptions"],
        &["disable", "bob"],
        &["enable", "bob"],
        &["explain", "bob"],
        &["policy", "impact"],
        &["policy", "impact", "--recorded"],
    ] {
        let (code, _, error) = finished(&host.output_with(arguments));
        assert_eq!(code, 3, "{arguments:?}");
        assert!(error.contains("systemctl status tfad"), "{error}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let host = host_with(Vec::new());
    for arguments in [
        &[][..],
        &["show"],
        &["reset"],
        &["unlock", "a", "b"],
        &["dance"],
        &["list", "--required", "--locked"],
        &["list", "--group"],
        &["invite"],
        &["authenticator"],
        &["authenticator", "add", "bob"],
        &["authenticator", "remove", "bob"],
        &["invite", "bob", "--for", "91d"],
        &["invite", "bob", "--for", "soon"],
        &["exempt"],
        &["exempt", "bob"],
        &["exempt", "bob", "--for", "2d"],
        &["exempt", "bob", "--reason", "x"],
        &["exempt", "bob", "--for", "91d", "--reason", "x"],
        &["exempt", "bob", "--end", "--for", "2d"],
        &["exempt", "bob", "--end", "--reason", "x"],
        &["exempt", "bob", "--end", "--json"],
        &["exemptions", "bob"],
        &["disable"],
        &["disable", "bob", "--for", "2d"],
        &["disable", "bob", "--reason", "x"],
        &["enable", "bob", "--for", "2d"],
        &["explain"],
        &["explain", "bob", "--at", "soon"],
        &["policy"],
        &["policy", "dance"],
        &["policy", "check", "a", "b"],
        &["policy", "impact", "--recorded", "file"],
        &["policy", "impact", "--recorded", "--service", "sshd"],
    ] {
        assert_eq!(
            host.output_with(arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}
