//! The list of users with and without two-factor login.

use tfa_proto::Status;
use tfa_testkit::{Run, finished};

use crate::{account, host_with, set_users_of_the_host};

fn accounts() -> Vec<Status> {
    vec![
        account("zoe", "enabled"),
        account("bob", "paused"),
        account("carol", "pending"),
        Status {
            locked_until: Some(tfa_client::now() + 60),
            required: true,
            last_login: Some(1_796_133_900),
            ..account("alice", "enabled")
        },
        Status {
            console_permanently_locked: true,
            ..account("dora", "enabled")
        },
        Status {
            problem: Some("The record is damaged.".to_owned()),
            ..account("eve", "")
        },
    ]
}

/// The names in a listing, in its order.
fn names(arguments: &[&str]) -> Vec<String> {
    let (code, out, error) = finished(&host_with(accounts()).output_with(arguments));
    assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    let lines = out.lines().skip(1);
    lines
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_listing_is_plain_columns_in_the_order_of_names() {
    let (_, out, _) = finished(&host_with(accounts()).output_with(&["list"]));
    let expected = "\
USER   STATE       BACKUP-CODES  REQUIRED  LOCKED  LAST-LOGIN
alice  on          8             yes       yes     2026-12-01T14:05
bob    paused      8             no        no      never
carol  unfinished  8             no        no      never
dora   on          8             no        yes     never
eve    unusable    -             -         -       -
zoe    on          8             no        no      never
eve: The record is damaged.
";
    assert_eq!(out, expected);
}

#[test]
fn each_filter_shows_its_users() {
    assert_eq!(names(&["list", "--enabled"]), ["alice", "dora", "zoe"]);
    assert_eq!(names(&["list", "--paused"]), ["bob"]);
    assert_eq!(names(&["list", "--locked"]), ["alice", "dora"]);
}

#[test]
fn one_filter_at_a_time() {
    let output = host_with(accounts()).output_with(&["list", "--enabled", "--locked"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn disabled_lists_users_without_a_complete_enrollment() {
    let host = host_with(accounts());
    let users = ["root", "alice", "bob", "carol", "eve", "frank", "heidi"];
    set_users_of_the_host(&host, &users);
    let (code, out, error) = finished(&host.output_with(&["list", "--disabled"]));
    assert_eq!((code, error.as_str()), (0, ""));
    let first = |line: &str| line.split(' ').next().unwrap().to_owned();
    let names: Vec<_> = out.lines().skip(1).map(first).collect();
    assert_eq!(names, ["carol", "frank", "heidi"], "{out}");
}

#[test]
fn users_that_the_daemon_sends_in_several_pages_are_all_listed() {
    let host = host_with(Vec::new());
    set_users_of_the_host(&host, &["alice", "bob", "carol", "dora", "eve"]);
    host.daemon().account(|account| account.page_length = 2);
    let (_, out, _) = finished(&host.output_with(&["list", "--disabled"]));
    assert_eq!(out.lines().count(), 1 + 5, "{out}");
    let calls = host.daemon().calls();
    assert_eq!(
        calls[1..4],
        ["Users false", "Users false bob", "Users false dora"]
    );
}

#[test]
fn an_empty_list_is_a_message_or_an_empty_json_array() {
    let host = host_with(Vec::new());
    let (code, out, _) = finished(&host.output_with(&["list", "--locked"]));
    assert_eq!((code, out.as_str()), (0, "No user is locked.\n"));
    let (code, out, _) = finished(&host.output_with(&["list", "--json"]));
    assert_eq!((code, out.as_str()), (0, "[]\n"));
}

#[test]
fn the_json_form_is_an_array_of_accounts() {
    let (_, out, _) = finished(&host_with(accounts()).output_with(&["list", "--paused", "--json"]));
    assert!(
        out.starts_with("[\n  {\n    \"user\": \"bob\",\n    \"uid\": 1000,"),
        "{out}"
    );
    assert!(out.ends_with("\"note\": null\n  }\n]\n"), "{out}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let host = host_with(accounts());
    let run = Run {
        arguments: &["list"],
        before: "mkfifo /run/pipe; head -c 0 < /run/pipe & exec > /run/pipe; wait",
        ..Run::default()
    };
    let (code, _, error) = finished(&host.output(&run));
    assert_eq!((code, error.as_str()), (1, ""));
}

#[test]
fn a_name_cannot_control_the_terminal() {
    let host = host_with(vec![account("al\x1b[2Jice", "enabled")]);
    let (_, out, _) = finished(&host.output_with(&["list"]));
    assert!(out.contains("al?[2Jice"), "{out:?}");
}
