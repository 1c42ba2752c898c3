//! A daemon that refuses every login: no command reports success.

use tfa_proto::Status;
use tfa_testkit::{TestHost, finished};

use crate::{account, host_with, set_users_of_the_host};

const WHY: &str = "/etc/tfa/tfad.toml:2:8: mode: \"of\" is none of \"off\"";
const FIRST: &str = "tfad refuses every login on this host:\n  /etc/tfa/tfad.toml:2:8: mode: ";

fn broken() -> TestHost {
    let host = host_with(vec![account("zoe", "enabled")]);
    host.daemon()
        .account(|account| account.refusal = WHY.to_owned());
    set_users_of_the_host(&host, &["zoe"]);
    host
}

fn run(host: &TestHost, arguments: &[&str]) -> (i32, String, String) {
    finished(&host.output_with(arguments))
}

#[test]
fn every_command_first_reports_refused_logins_and_fails() {
    let host = broken();
    std::fs::write(host.file("new.toml"), "").unwrap();
    std::fs::write(host.file("map"), "zoe zoe\n").unwrap();
    for (arguments, shows) in [
        (&["list"][..], "zoe"),
        (&["list", "--json"], "\"zoe\""),
        (&["show", "zoe"], "zoe"),
        (&["show", "zoe", "--json"], "\"zoe\""),
        (&["unlock", "zoe"], "zoe"),
        (&["reset", "zoe", "--yes"], "zoe"),
        (&["invite", "zoe"], "MNPQR"),
        (&["rename", "zoe", "zoe"], "zoe"),
        (&["rename", "--map", "map"], "moved"),
        (&["policy", "impact", "--recorded"], "not recorded"),
        (&["policy", "impact", "new.toml"], "new.toml"),
    ] {
        let (code, out, error) = run(&host, arguments);
        assert_eq!(code, 1, "{arguments:?}");
        assert!(error.starts_with(FIRST), "{arguments:?}: {error}");
        assert!(error.contains("systemctl reload tfad"), "{error}");
        assert!(out.contains(shows), "{arguments:?}: {out}");
    }
}

#[test]
fn a_list_that_fails_for_the_same_reason_does_not_repeat_it() {
    let host = broken();
    let why = "The name service takes too long";
    host.daemon().account(|account| {
        account.refusal = why.to_owned();
        account.list_fails_at = Some("zoe".to_owned());
    });
    let (code, _, error) = run(&host, &["list"]);
    assert_eq!((code, error.matches(why).count()), (1, 1), "{error}");
    host.daemon()
        .account(|account| account.refusal = WHY.to_owned());
    let (code, _, error) = run(&host, &["list"]);
    assert_eq!(code, 1);
    assert!(error.contains(why) && error.starts_with(FIRST), "{error}");
}

#[test]
fn requirements_are_unknown_while_the_policy_is_unreadable() {
    let host = broken();
    host.daemon()
        .account(|account| account.others[0].policy_unknown = true);
    let (_, out, _) = run(&host, &["list"]);
    let row: Vec<&str> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[3], "-", "{out}");
    let (_, out, _) = run(&host, &["show", "zoe"]);
    assert!(out.contains("Required: not known"), "{out}");
    let (_, out, _) = run(&host, &["show", "zoe", "--json"]);
    assert!(crate::json(&out)["required"].is_null(), "{out}");
}

#[test]
fn a_policy_that_is_not_in_force_is_not_reported() {
    let host = broken();
    for arguments in [
        &["explain", "zoe"][..],
        &["explain", "zoe", "--json"],
        &["policy", "impact"],
        &["policy", "impact", "--json"],
        &["list", "--required"],
    ] {
        let (code, out, error) = run(&host, arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(error.starts_with(FIRST), "{error}");
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn a_daemon_that_accepts_logins_is_not_mentioned() {
    let host = host_with(vec![Status {
        uid: Some(1000),
        ..account("zoe", "enabled")
    }]);
    let (code, _, error) = run(&host, &["list"]);
    assert_eq!((code, error.as_str()), (0, ""));
}
