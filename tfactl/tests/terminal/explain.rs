//! The outcome of a hypothetical login, as text and as JSON.

use tfa_proto::{
    Explanation, HypotheticalLogin, LockScope, Offline, OpenEnum, Outcome, Phase, Reason, State,
};
use tfa_testkit::{TestHost, finished};

use crate::explain_keys::FINGERPRINT;
use crate::{account, fits, host_with, json};

/// The text with its broken lines joined.
pub(crate) fn unbroken(text: &str) -> String {
    text.replace("\n  ", " ")
}

/// A host whose daemon gives this explanation for every login.
pub(crate) fn explaining(explanation: Explanation) -> TestHost {
    let host = host_with(Vec::new());
    host.daemon()
        .account(|account| account.explanation = explanation);
    host
}

pub(crate) fn required() -> Explanation {
    Explanation {
        outcome: Outcome::Code.into(),
        file: "/etc/tfa/tfad.toml".to_owned(),
        line: 12,
        required: true,
        state: State::Enabled.into(),
        shown: "Verification code or backup code: ".to_owned(),
        ..Explanation::default()
    }
}

#[track_caller]
pub(crate) fn said(explanation: Explanation, more: &[&str]) -> String {
    let arguments = [&["explain", "alice"], more].concat();
    let (code, out, error) = finished(&explaining(explanation).output_with(&arguments));
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    fits(&out);
    out
}

fn hypothetical_login(more: &[&str]) -> HypotheticalLogin {
    let host = explaining(required());
    let arguments = [&["explain", "alice"], more].concat();
    let (code, _, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (0, ""));
    host.daemon()
        .account(|account| account.hypothetical_login.take())
        .unwrap()
}

#[test]
fn the_rule_that_asks_for_a_code_is_named() {
    let expected = "\
User: alice
Service: sshd
From: 192.0.2.7
Method: password

Outcome: asked for a code
Reason: two-factor login is required
Rule: /etc/tfa/tfad.toml line 12
The user sees: Verification code or backup code:
";
    assert_eq!(said(required(), &["--from", "192.0.2.7"]), expected);
}

#[test]
fn the_phase_that_decides_is_shown() {
    for phase in Phase::ALL.iter().copied() {
        let explanation = Explanation {
            phase: Some(phase.into()),
            ..required()
        };
        let line = format!("\nDecided in: the {} phase\n", phase.name());
        let text = said(explanation, &[]);
        assert!(text.contains(&line), "{text}");
    }
    assert!(!said(required(), &[]).contains("Decided in"));
}

#[test]
fn the_same_on_a_terminal() {
    let host = explaining(required());
    let mut terminal = host.terminal_with(&["explain", "alice", "--service", "sudo"]);
    assert_eq!(terminal.exit_code(), 0);
    let screen = terminal.screen();
    assert!(
        screen.starts_with(
            "User: alice\nService: sudo\nFrom: inside a session\n\nOutcome: asked for a code\n"
        ),
        "{screen}"
    );
}

#[test]
fn an_unnamed_remote_host_is_any_host() {
    let text = said(required(), &[]);
    let from = "\nFrom: a host that no rule names (192.0.2.1)\n";
    assert!(text.contains(from), "{text}");
    let text = said(required(), &["--service", "login"]);
    assert!(
        text.contains("\nService: login\nFrom: a console of this machine\n"),
        "{text}"
    );
}

#[test]
fn the_arguments_are_sent_to_the_daemon() {
    let login = |service: &str, from: &str, method: Option<&str>| HypotheticalLogin {
        service: service.to_owned(),
        host: None,
        from: from.to_owned(),
        session: None,
        own: None,
        method: method.map(str::to_owned),
        key: None,
        security_key: None,
        at: None,
        uid: None,
        groups: None,
    };
    assert_eq!(hypothetical_login(&[]), login("sshd", "192.0.2.1", None));
    assert_eq!(
        hypothetical_login(&["--from", "local"]),
        login("sshd", "", None)
    );
    let su = HypotheticalLogin {
        session: Some(true),
        ..login("su", "", None)
    };
    assert_eq!(hypothetical_login(&["--service", "su"]), su);
    assert_eq!(
        hypothetical_login(&["--service", "su", "--from", "session"]),
        su
    );
    let at_console = hypothetical_login(&["--service", "su", "--from", "local"]);
    assert_eq!(at_console, login("su", "", None));
    let with_key = HypotheticalLogin {
        security_key: Some(true),
        ..login("sshd", "192.0.2.1", None)
    };
    assert_eq!(hypothetical_login(&["--security-key"]), with_key);
    let on_web1 = HypotheticalLogin {
        host: Some("web1".to_owned()),
        ..login("sshd", "192.0.2.1", None)
    };
    assert_eq!(hypothetical_login(&["--host", "web1"]), on_web1);
    let user_of_web1 = HypotheticalLogin {
        uid: Some(1234),
        groups: Some(vec!["staff".to_owned(), "50".to_owned()]),
        ..on_web1
    };
    let options = ["--host", "web1", "--uid", "1234", "--groups", "staff,50"];
    assert_eq!(hypothetical_login(&options), user_of_web1);
    let in_none = hypothetical_login(&["--groups", ""]);
    assert_eq!(in_none.groups, Some(Vec::new()));
    let with_fingerprint = HypotheticalLogin {
        key: Some(FINGERPRINT.to_owned()),
        ..login("sshd", "192.0.2.1", None)
    };
    let sent = hypothetical_login(&["--key", FINGERPRINT]);
    assert_eq!(sent, with_fingerprint);
    assert_eq!(
        hypothetical_login(&["--method", "publickey:sk"]),
        login("sshd", "192.0.2.1", Some("publickey:sk"))
    );
    assert_eq!(
        hypothetical_login(&["--from", "2001:db8::7", "--method", "publickey"]),
        login("sshd", "2001:db8::7", Some("publickey"))
    );
    assert_eq!(
        hypothetical_login(&["--method", "password"]),
        hypothetical_login(&[])
    );
    let at = |typed: &str| hypothetical_login(&["--at", typed]).at;
    assert_eq!(at("2026-12-01"), Some(1_796_083_200));
    assert_eq!(at("2026-12-01 14:05"), Some(1_796_133_900));
    assert_eq!(at("2026-12-01T15:05:00+01:00"), Some(1_796_133_900));
    let before = tfa_client::now() + 3 * 86_400;
    let after = at("+3d").unwrap();
    assert!((before..before + 20).contains(&after));
}

#[test]
fn told_uid_and_groups_are_shown_with_what_a_cut_off_host_does() {
    let options = ["--host", "web1", "--uid", "1234", "--groups", "staff,50"];
    let cut_off = |offline: Offline| {
        let offline = Some(offline.into());
        let text = said(
            Explanation {
                offline,
                ..required()
            },
            &options,
        );
        let told = "\nHost: web1\nUid: 1234\nGroups: staff, 50\n";
        assert!(text.contains(told), "{text}");
        fits(&text);
        let at = text.find("While web1 reaches no verifier: ").unwrap();
        let rows = text[at..].lines().take(3).map(str::trim);
        rows.collect::<Vec<_>>().join(" ")
    };
    assert!(cut_off(Offline::Deny).contains("permits no such login"));
    assert!(cut_off(Offline::Deny).contains("its own /etc/tfa/tfad.toml"));
    assert!(cut_off(Offline::Console).contains("lets root in without a code"));
    let bound = cut_off(Offline::BoundCodes);
    assert!(bound.contains("a code that is bound to web1"), "{bound}");

    let text = said(required(), &["--host", "web1", "--groups", ""]);
    assert!(text.contains("\nGroups: none\n"), "{text}");
    assert!(!text.contains("reaches no verifier"), "{text}");
    let host = explaining(required());
    let (code, _, error) = finished(&host.output_with(&["explain", "bob", "--uid", "7"]));
    assert_eq!(code, 2);
    assert!(error.contains("--host"), "{error}");
}

#[test]
fn the_date_is_shown_as_it_was_parsed() {
    let text = said(required(), &["--service", "su", "--at", "2026-12-01"]);
    assert!(
        text.contains("\nService: su\nFrom: inside a session\nTime: 2026-12-01 00:00\n"),
        "{text}"
    );
}

#[test]
fn every_outcome_and_every_reason_has_its_own_text() {
    let mut all = std::collections::HashSet::new();
    let outcomes = [
        (Outcome::Code, &[None][..]),
        (
            Outcome::Nothing,
            &[
                Some(Reason::Off),
                Some(Reason::RuleOff),
                Some(Reason::NotSetUp),
                Some(Reason::Paused),
                Some(Reason::NotGuarded),
                Some(Reason::NotRequired),
                Some(Reason::NotAsked),
            ],
        ),
        (Outcome::Notified, &[None, Some(Reason::OnceASession)]),
        (Outcome::Offered, &[None]),
        (Outcome::SetUp, &[None]),
        (
            Outcome::Refused,
            &[
                Some(Reason::TooLate),
                Some(Reason::Undetermined),
                Some(Reason::NotVerified),
                Some(Reason::MustEnroll),
                Some(Reason::NotInvited),
                Some(Reason::Unusable),
            ],
        ),
    ];
    for (outcome, reasons) in outcomes {
        for reason in reasons {
            let text = said(
                Explanation {
                    outcome: outcome.into(),
                    reason: reason.map(OpenEnum::from),
                    grace_until: Some(1_796_133_900),
                    ..required()
                },
                &[],
            );
            let (_, words) = text.split_once("Outcome: ").unwrap();
            let words = words.lines().take(2).collect::<Vec<_>>().join(" ");
            let name = reason.map_or("", Reason::name);
            let is_a_word = ["", "off", "paused"].contains(&name);
            assert!(is_a_word || !words.contains(name), "{words}");
            assert!(all.insert(words), "{text}");
        }
    }
}

#[test]
fn a_grace_period_is_shown_with_its_end() {
    for (outcome, words) in [
        (
            Outcome::Notified,
            "let in without a code until 2026-12-01 14:05, with a notice",
        ),
        (
            Outcome::Offered,
            "offered the setup, and let in without it until 2026-12-01 14:05",
        ),
    ] {
        let text = said(
            Explanation {
                outcome: outcome.into(),
                grace_until: Some(1_796_133_900),
                state: State::None.into(),
                ..required()
            },
            &[],
        );
        let text = unbroken(&text);
        assert!(text.contains(words), "{text}");
        assert!(
            text.contains("required, and the grace period has not ended\n"),
            "{text}"
        );
    }
}

#[test]
fn an_optional_code_is_explained_by_the_enrollment() {
    let text = said(
        Explanation {
            required: false,
            file: String::new(),
            line: 0,
            ..required()
        },
        &[],
    );
    let words = "Reason: two-factor login is set up\nRule: the built-in default\n";
    assert!(text.contains(words), "{text}");
}

#[test]
fn audit_mode_is_shown_with_the_outcome_without_it() {
    let text = said(
        Explanation {
            outcome: Outcome::Nothing.into(),
            reason: Some(Reason::NotSetUp.into()),
            audited: Some(Outcome::Refused.into()),
            audited_reason: Some(Reason::TooLate.into()),
            state: State::None.into(),
            shown: String::new(),
            ..required()
        },
        &[],
    );
    let text = unbroken(&text);
    assert!(text.contains("Without audit mode: refused"), "{text}");
    assert!(
        text.contains("(two-factor login was not set up in time)"),
        "{text}"
    );
    assert!(!text.contains("The user sees"), "{text}");
}

#[test]
fn undetermined_facts_are_listed_with_their_meaning() {
    let text = said(
        Explanation {
            unknown: vec![
                "group wheel".to_owned(),
                "address of desk.example".to_owned(),
            ],
            ..required()
        },
        &[],
    );
    let list = "Not determined:\n  group wheel\n  address of desk.example\n";
    assert!(text.contains(list), "{text}");
    let text = text.replace('\n', " ");
    assert!(text.contains("the login asks for a code if one"), "{text}");
    assert!(text.contains("is refused otherwise."), "{text}");
}

#[test]
fn a_lock_is_shown_with_its_end() {
    let locked = Explanation {
        outcome: Outcome::Refused.into(),
        reason: Some(Reason::Locked.into()),
        file: String::new(),
        lock_scope: Some(LockScope::UnknownOrigins.into()),
        shown: "Too many wrong codes. Try again in 30 seconds.".to_owned(),
        ..required()
    };
    let for_a_time = Explanation {
        locked_until: Some(1_796_133_900),
        ..locked.clone()
    };
    let at = "2026-12-01 14:04";
    let text = said(for_a_time.clone(), &["--from", "192.0.2.7", "--at", at]);
    let words = "\
User: alice
Service: sshd
From: 192.0.2.7
Method: password
Time: 2026-12-01 14:04

Outcome: refused
Reason: too many wrong codes
Locked: until 2026-12-01 14:05 (for 60 seconds). To remove the lock: tfactl
  unlock alice
Wrong codes count for: all unknown places
The user sees: Too many wrong codes. Try again in 30 seconds.
";
    assert_eq!(text, words);
    let report = json(&said(for_a_time, &["--json"]));
    assert_eq!(report["locked_until"], "2026-12-01T14:05:00Z");
    assert_eq!(report["lock_scope"], "unknown-origins");
    let for_good = Explanation {
        permanently_locked: true,
        ..locked
    };
    let text = said(for_good.clone(), &[]);
    let words = "Locked: until an administrator runs: tfactl unlock alice\n";
    assert!(text.contains(words), "{text}");
    assert_eq!(
        json(&said(for_good, &["--json"]))["permanently_locked"],
        true
    );
}

#[test]
fn no_rule_is_named_if_none_decides() {
    for reason in [Reason::NotGuarded, Reason::NotAsked] {
        let told = Explanation {
            outcome: Outcome::Nothing.into(),
            reason: Some(reason.into()),
            file: String::new(),
            shown: String::new(),
            ..required()
        };
        let text = said(told, &["--service", "cron"]);
        assert!(!text.contains("default"), "{text}");
        assert!(!text.contains(" line "), "{text}");
    }
}

#[test]
fn a_draft_policy_is_sent_with_its_drop_ins() {
    let host = explaining(required());
    std::fs::write(host.file("new.toml"), "[policy]\n").unwrap();
    std::fs::create_dir(host.file("new.toml.d")).unwrap();
    std::fs::write(host.file("new.toml.d/1.toml"), "one").unwrap();
    let arguments = ["explain", "alice", "--policy", "new.toml", "--json"];
    let (code, out, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (0, ""));
    let names = serde_json::json!(["new.toml", "new.toml.d/1.toml"]);
    assert_eq!(json(&out)["files"], names);
    let sent = host.daemon().account(|account| account.files.clone());
    let expected = [("new.toml", "[policy]\n"), ("new.toml.d/1.toml", "one")];
    assert_eq!(
        sent,
        expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
}

#[test]
fn an_unusable_record_is_shown_with_its_problem() {
    let text = said(
        Explanation {
            outcome: Outcome::Refused.into(),
            reason: Some(Reason::Unusable.into()),
            file: String::new(),
            unknown: vec!["The record is damaged.".to_owned()],
            shown: String::new(),
            ..required()
        },
        &[],
    );
    assert!(
        text.contains("Reason: the record cannot be used\n"),
        "{text}"
    );
    assert!(
        text.ends_with("Problem:\n  The record is damaged.\n"),
        "{text}"
    );
}

#[test]
fn lines_shown_to_the_user_are_not_rewrapped() {
    let text = said(
        Explanation {
            shown: "Two-factor login is required on desk,\n  and you have\x1b[2J not.\n".to_owned(),
            ..required()
        },
        &[],
    );
    let rows =
        "The user sees:\n  Two-factor login is required on desk,\n    and you have?[2J not.\n";
    assert!(text.ends_with(rows), "{text}");
}

#[test]
fn the_keys_of_the_json_form_are_stable() {
    let host = explaining(Explanation {
        grace_until: Some(1_796_133_900),
        phase: Some(Phase::Session.into()),
        ..required()
    });
    let arguments = ["explain", "alice", "--at", "2026-12-01", "--json"];
    let (code, out, _) = finished(&host.output_with(&arguments));
    assert_eq!(code, 0);
    let expected = r#"{
  "user": "alice",
  "service": "sshd",
  "host": null,
  "from": "192.0.2.1",
  "method": "password",
  "key": null,
  "security_key": false,
  "at": "2026-12-01T00:00:00Z",
  "files": [],
  "published": null,
  "outcome": "code",
  "reason": null,
  "phase": "session",
  "rule": {
    "file": "/etc/tfa/tfad.toml",
    "line": 12
  },
  "required": true,
  "grace_until": "2026-12-01T14:05:00Z",
  "exempt_until": null,
  "exempt_reason": null,
  "locked_until": null,
  "permanently_locked": false,
  "lock_scope": null,
  "device": null,
  "device_until": null,
  "session_minutes": null,
  "recovery_code": false,
  "audited": null,
  "audited_reason": null,
  "state": "enabled",
  "shown": "Verification code or backup code: ",
  "unknown": [],
  "uid": null,
  "groups": null,
  "offline": null
}
"#;
    assert_eq!(out, expected);
}

#[test]
fn in_json_the_default_has_no_rule_and_this_machine_is_local() {
    let host = explaining(Explanation {
        file: String::new(),
        outcome: Outcome::Nothing.into(),
        reason: Some(Reason::Off.into()),
        ..Explanation::default()
    });
    let arguments = ["explain", "alice", "--service", "login", "--json"];
    let report = json(&finished(&host.output_with(&arguments)).1);
    assert!(report["rule"].is_null() && report["method"].is_null());
    assert_eq!(report["from"], "local");
    assert_eq!(report["reason"], "off");
    assert!(report["at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn an_unknown_user_is_exit_code_1() {
    let (code, _, error) = finished(&host_with(Vec::new()).output_with(&["explain", "nobody1"]));
    assert_eq!(
        (code, error.as_str()),
        (1, "There is no user nobody1 here.\n")
    );
    let arguments = ["explain", "alice", "--at", "1960-01-01"];
    let (code, _, error) = finished(&host_with(Vec::new()).output_with(&arguments));
    assert_eq!(code, 1);
    assert!(error.contains("before 1970"), "{error}");
}

#[test]
fn a_name_of_a_later_daemon_is_shown_as_it_is() {
    let later = Explanation {
        outcome: OpenEnum::Unknown("queued".to_owned()),
        reason: Some(OpenEnum::Unknown("night-shift".to_owned())),
        ..required()
    };
    let text = said(later.clone(), &[]);
    assert!(
        text.contains("Outcome: queued\nReason: night-shift\n"),
        "{text}"
    );
    let report = json(&said(later, &["--json"]));
    assert_eq!(
        (&report["outcome"], &report["reason"]),
        (&"queued".into(), &"night-shift".into())
    );
}

#[test]
fn host_that_the_fleet_does_not_have_is_told() {
    let host = host_with(vec![account("alice", "enabled")]);
    host.daemon().account(|account| {
        account.hosts = vec![tfa_proto::FleetHost {
            name: "web1.test".to_owned(),
            state: tfa_proto::FleetHostState::Joined.into(),
            ..tfa_proto::FleetHost::default()
        }];
    });
    let none = "No host of this fleet has the name web9.test now";
    for (name, is_told) in [("web9.test", true), ("web1.test", false)] {
        let explain = ["explain", "alice", "--service", "sshd", "--host", name];
        let (code, _, error) = finished(&host.output_with(&explain));
        assert_eq!((code, error.contains(none)), (0, is_told), "{error}");
    }
}
