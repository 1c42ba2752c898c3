//! What a policy means for the users of a host.

use tfa_proto::{Impact, OpenEnum, Reason, Status};
use tfa_testkit::{Run, TestHost, finished};

use crate::{account, fits, host_with, json, set_users_of_the_host};

fn reason(name: &str) -> Option<OpenEnum<Reason>> {
    (!name.is_empty()).then(|| OpenEnum::from_name(name))
}

fn impact(user: &str, now: (&str, &str), later: (&str, &str)) -> Impact {
    Impact {
        user: user.to_owned(),
        now: OpenEnum::from_name(now.0),
        now_reason: reason(now.1),
        later: OpenEnum::from_name(later.0),
        later_reason: reason(later.1),
        ..Impact::default()
    }
}

/// 2026-12-01 and 2026-12-15, at noon in UTC.
const BEGINS: u64 = 1_796_126_400;
const ENDS: u64 = BEGINS + 14 * 24 * 3600;

/// The same for users whose grace period ends on a day, or at the earliest then.
fn ending(impact: Impact, changes_at: u64, has_logged_in: bool) -> Impact {
    Impact {
        changes_at: Some(changes_at),
        later_from: Some(ENDS),
        after_first_login: (!has_logged_in).then_some(true),
        ..impact
    }
}

/// zoe is enrolled, carol is in the grace period, dora will be refused. bob and root are exempt.
fn host() -> TestHost {
    let gone = Status {
        uid: None,
        problem: Some("There is no user nobody-any-more here.".to_owned()),
        ..account("nobody-any-more", "")
    };
    let host = host_with(vec![account("zoe", "enabled"), gone]);
    host.daemon().account(|account| {
        account.impacts = vec![
            impact("zoe", ("code", ""), ("code", "")),
            ending(
                impact("dora", ("offered", ""), ("refused", "too-late")),
                ENDS,
                true,
            ),
            ending(
                impact("carol", ("offered", ""), ("set-up", "")),
                ENDS,
                false,
            ),
        ];
    });
    set_users_of_the_host(&host, &["root", "dora", "bob", "carol"]);
    host
}

fn run(host: &TestHost, more: &[&str]) -> (i32, String, String) {
    finished(&host.output_with(&[&["policy", "impact"], more].concat()))
}

const SHOWN: &str = "\
Policy: the policy in force
Service: sshd
From: a host that no rule names (192.0.2.1)
Method: password
Users: 5

Now:
  2 users: offered the setup, and let in without it in the grace period
    carol, dora
  1 user: asked for a code
  2 users: asked for nothing (two-factor login is neither set up nor required)

After every grace period and exemption:
  1 user: refused (two-factor login was not set up in time)
    from 2026-12-15 on: dora
  1 user: let in only after the setup
    from 2026-12-15 on at the earliest, after a first login: carol
  1 user: asked for a code
  2 users: asked for nothing (two-factor login is neither set up nor required)

Users who have a record and do not exist on this host:
    nobody-any-more
";

#[test]
fn users_are_counted_and_listed_by_outcome_now_and_later() {
    let host = host();
    let (code, out, error) = run(&host, &[]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(out, SHOWN);
    fits(&out);
    assert_eq!(
        host.daemon().calls(),
        [
            "Users true",
            "RecordNames",
            "Impact 0 files, 6 users",
            "Facts"
        ]
    );
}

/// `since` is in the future: enrollment is offered from then on, and required after the grace period.
#[test]
fn both_days_are_shown_where_the_offer_comes_first() {
    let host = host_with(Vec::new());
    let not_set_up = impact("bob", ("nothing", "not-set-up"), ("set-up", ""));
    let now = impact("eve", ("refused", "locked"), ("refused", "too-late"));
    host.daemon()
        .account(|account| account.impacts = vec![ending(not_set_up, BEGINS, true), now]);
    set_users_of_the_host(&host, &["bob", "eve"]);
    let (_, out, _) = run(&host, &[]);
    let expected = "
After every grace period and exemption:
  1 user: refused (two-factor login was not set up in time)
    eve
  1 user: let in only after the setup
    from 2026-12-15 on, with a first change on 2026-12-01: bob
";
    assert!(out.ends_with(expected), "{out}");
    fits(&out);
}

#[test]
fn the_summary_fits_a_terminal_of_80x24() {
    let host = host();
    let mut terminal = host.terminal_with(&["policy", "impact"]);
    assert_eq!(terminal.exit_code(), 0);
    let all = terminal.everything();
    let lines: Vec<&str> = all.lines().map(str::trim_end).collect();
    assert!(lines.join("\n").starts_with(SHOWN.trim_end()), "{all}");
}

#[test]
fn a_policy_that_is_off_says_that_nothing_is_enforced() {
    let host = host_with(Vec::new());
    let off = |reason| {
        let impact = impact("bob", ("nothing", reason), ("nothing", reason));
        host.daemon()
            .account(|account| account.impacts = vec![impact]);
        set_users_of_the_host(&host, &["bob"]);
        let (_, out, _) = run(&host, &[]);
        fits(&out);
        out.contains("Two-factor login is off for the whole host: nothing is enforced.")
    };
    assert!(off("off"));
    assert!(!off("rule-off"));
}

#[test]
fn without_a_grace_period_later_is_the_same() {
    let host = host_with(Vec::new());
    set_users_of_the_host(&host, &["bob"]);
    let (_, out, _) = run(&host, &["--service", "su"]);
    let expected = "\
Policy: the policy in force
Service: su
From: inside a session
Users: 1

Now and after every grace period and exemption:
  1 user: asked for nothing (two-factor login is neither set up nor required)
";
    assert_eq!(out, expected);
}

#[test]
fn the_json_form_has_every_outcome_as_a_key() {
    let host = host();
    let more = [
        "--json",
        "--method=publickey",
        "--from=10.0.0.7",
        "--at=2026-12-01",
    ];
    let (code, out, _) = run(&host, &more);
    assert_eq!(code, 0);
    let expected = serde_json::json!({
        "service": "sshd",
        "host": null,
        "from": "10.0.0.7",
        "method": "publickey",
        "security_key": false,
        "at": "2026-12-01T00:00:00Z",
        "files": [],
        "published": null,
        "audit": false,
        "now": {
            "code": ["zoe"],
            "nothing": ["bob", "root"],
            "notified": [],
            "offered": ["carol", "dora"],
            "set-up": [],
            "refused": []
        },
        "later": {
            "code": ["zoe"],
            "nothing": ["bob", "root"],
            "notified": [],
            "offered": [],
            "set-up": ["carol"],
            "refused": ["dora"]
        },
        "changes_at": {"carol": "2026-12-15T12:00:00Z", "dora": "2026-12-15T12:00:00Z"},
        "later_from": {"carol": "2026-12-15T12:00:00Z", "dora": "2026-12-15T12:00:00Z"},
        "after_first_login": ["carol"],
        "unknown": ["nobody-any-more"]
    });
    assert_eq!(json(&out), expected);
    let hypothetical_login = host
        .daemon()
        .account(|account| account.hypothetical_login.take());
    let hypothetical_login = hypothetical_login.unwrap();
    assert_eq!(hypothetical_login.method.as_deref(), Some("publickey"));
    assert_eq!(hypothetical_login.at, Some(1_796_083_200));
}

#[test]
fn audit_mode_and_the_date_are_shown_first() {
    let host = host();
    host.daemon().account(|account| account.audit = true);
    let (code, out, _) = run(&host, &["--at", "2026-12-01 14:05"]);
    assert_eq!(code, 0);
    let head = "\
Policy: the policy in force
Service: sshd
From: a host that no rule names (192.0.2.1)
Method: password
Time: 2026-12-01 14:05
Users: 5

Audit mode is on. It lets every user in who would have to set up two-factor
login or would be refused for lack of a second factor. The lists show the
outcomes without audit mode.

Now:
";
    assert!(out.starts_with(head), "{out}");
    fits(&out);
    let (_, out, _) = run(&host, &["--json"]);
    assert_eq!(json(&out)["audit"], true);
}

#[test]
fn a_draft_policy_is_sent_with_its_drop_ins_in_order() {
    let host = host();
    std::fs::write(host.file("new.toml"), "[policy]\n").unwrap();
    std::fs::create_dir(host.file("new.toml.d")).unwrap();
    for name in ["20-b.toml", "10-a.toml", "README", ".old.toml"] {
        std::fs::write(host.file("new.toml.d").join(name), name).unwrap();
    }
    let (code, out, _) = run(&host, &["new.toml"]);
    assert_eq!(code, 0);
    let head = "Policy: new.toml, and 2 files in new.toml.d\n";
    assert!(out.starts_with(head), "{out}");
    let files = host.daemon().account(|account| account.files.clone());
    let expected = [
        ("new.toml", "[policy]\n"),
        ("new.toml.d/10-a.toml", "10-a.toml"),
        ("new.toml.d/20-b.toml", "20-b.toml"),
    ];
    assert_eq!(
        files,
        expected.map(|(name, text)| (name.to_owned(), text.to_owned()))
    );
    let (_, out, _) = run(&host, &["new.toml", "--json"]);
    assert_eq!(json(&out)["files"][2], "new.toml.d/20-b.toml");
}

#[test]
fn an_invalid_or_missing_policy_is_refused() {
    let host = host();
    std::fs::write(host.file("new.toml"), "mode = 7").unwrap();
    let (code, out, error) = run(&host, &["new.toml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "new.toml line 1: no mode\n");
    let (code, _, error) = run(&host, &["absent.toml"]);
    assert_eq!(code, 1);
    assert!(error.starts_with("absent.toml cannot be read: "), "{error}");
}

#[test]
fn a_drop_in_that_is_no_regular_file_is_refused() {
    let host = host();
    std::fs::write(host.file("new.toml"), "").unwrap();
    std::fs::create_dir(host.file("new.toml.d")).unwrap();
    let before = format!("mkfifo {}/new.toml.d/1.toml", host.folder().display());
    let (code, _, error) = finished(&host.output(&Run {
        arguments: &["policy", "impact", "new.toml"],
        before: &before,
        ..Run::default()
    }));
    assert_eq!(code, 1);
    assert_eq!(
        error,
        "new.toml.d/1.toml cannot be read: it is not a regular file\n"
    );
    assert!(host.daemon().calls().is_empty());
}

/// 700 users with names of the maximum length.
fn many_users() -> Vec<String> {
    (0..700)
        .map(|at| format!("{at:03}{}", "x".repeat(29)))
        .collect()
}

#[test]
fn impact_splits_many_users_into_calls_and_lists_them_all() {
    let host = host_with(Vec::new());
    let names = many_users();
    host.daemon()
        .account(|account| account.host_users.clone_from(&names));
    let (code, out, error) = run(&host, &[]);
    assert_eq!((code, error.as_str()), (0, ""));
    let calls = host.daemon().calls().into_iter();
    let impacts = calls.filter(|call| call.starts_with("Impact"));
    assert_eq!(impacts.count(), 4, "200 a call");
    assert!(out.contains("  700 users: asked for nothing"), "{out}");
    fits(&out);
    host.daemon().account(|account| {
        let refused = names
            .iter()
            .map(|name| impact(name, ("refused", ""), ("refused", "")));
        account.impacts = refused.collect();
    });
    let (_, out, _) = run(&host, &[]);
    for name in &names {
        assert!(out.contains(name), "{name}");
    }
    fits(&out);
}

#[test]
fn a_long_policy_takes_more_calls_and_too_long_is_refused() {
    let host = host_with(Vec::new());
    host.daemon()
        .account(|account| account.host_users = many_users());
    let policy = |length: usize| format!("#{}", "x".repeat(length));
    for length in [20_000, 28_000, 31_500] {
        std::fs::write(host.file("new.toml"), policy(length)).unwrap();
        let (code, out, error) = run(&host, &["new.toml", "--json"]);
        assert_eq!((code, error.as_str()), (0, ""));
        assert_eq!(json(&out)["now"]["nothing"].as_array().unwrap().len(), 700);
    }
    let calls = host.daemon().calls().len();
    std::fs::write(host.file("new.toml"), policy(40_000)).unwrap();
    let (code, out, error) = run(&host, &["new.toml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains("40 KiB, and the daemon accepts 32 KiB"),
        "{error}"
    );
    assert_eq!(host.daemon().calls().len(), calls, "it is not even sent");
}

#[test]
fn a_host_without_users_is_reported() {
    let host = host_with(Vec::new());
    let (code, out, _) = run(&host, &[]);
    assert_eq!(code, 0);
    assert!(out.contains("\nUsers: 0\n"), "{out}");
    let (_, out, _) = run(&host, &["--json"]);
    assert_eq!(json(&out)["now"]["code"], serde_json::json!([]));
}
