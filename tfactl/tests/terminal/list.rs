//! The list of users with and without two-factor login.

use tfa_proto::Status;
use tfa_testkit::daemon::bound_codes;
use tfa_testkit::{Run, TestHost, finished};

use crate::{account, fits, host_with, json, set_users_of_the_host};

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
USER              STATE       BACKUP  REQUIRED          LOCKED  LAST-LOGIN
alice             on          8       yes               yes     2026-12-01T14:05
bob               paused      8       no                no      never
carol             unfinished  8       no                no      never
dora              on          8       no                yes     never
eve               unusable    -       -                 -       -
  The record is damaged.
zoe               on          8       no                no      never
";
    assert_eq!(out, expected);
}

#[test]
fn codes_that_are_bound_to_hosts_stand_below_the_row() {
    let frank = Status {
        bound_codes: vec![bound_codes("web1.test", 9, true)],
        ..account("frank", "enabled")
    };
    let (_, out, _) = finished(&host_with(vec![frank]).output_with(&["list"]));
    let below = "never\n  Codes bound to web1.test: 9 left (made 2026-12-01 14:05)\n";
    assert!(out.ends_with(below), "{out}");
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
        calls[..4],
        ["Users false", "Users false bob", "Users false dora", "List"]
    );
}

/// A host with these enrolled users and others, whose daemon sends two at a time.
fn host_with_pages(enrolled: &[&str], others: &[&str]) -> TestHost {
    let enrolled = enrolled.iter().map(|user| account(user, "enabled"));
    let host = host_with(enrolled.collect());
    set_users_of_the_host(&host, others);
    host.daemon().account(|account| account.page_length = 2);
    host
}

#[test]
fn accounts_of_several_pages_are_listed_once_and_in_order() {
    let host = host_with_pages(&["emil", "dora", "carol", "bob", "alice"], &[]);
    let (code, out, _) = finished(&host.output_with(&["list"]));
    let users: Vec<&str> = out
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let listed = ["USER", "alice", "bob", "carol", "dora", "emil"];
    assert_eq!((code, &users[..]), (0, &listed[..]));
    let calls = host.daemon().calls();
    let names = ["RecordNames bob", "RecordNames dora"];
    let lists = ["List", "List bob", "List dora"];
    assert_eq!(calls, [lists[0], names[0], lists[1], names[1], lists[2]]);
    let (_, out, _) = finished(&host.output_with(&["list", "--json"]));
    let users = json(&out);
    let users = users.as_array().unwrap().iter();
    let users: Vec<&str> = users.map(|one| one["user"].as_str().unwrap()).collect();
    assert_eq!(users, listed[1..]);
}

/// Pages are begun where the names say, and the daemon ends them elsewhere.
#[test]
fn accounts_of_pages_that_end_early_or_overlap_are_listed_once_and_in_order() {
    let users: Vec<String> = (0..2500).map(|number| format!("user{number:04}")).collect();
    let enrolled: Vec<&str> = users.iter().map(String::as_str).collect();
    let host = host_with_pages(&enrolled, &[]);
    host.daemon().account(|account| account.page_length = 700);
    let (code, out, _) = finished(&host.output_with(&["list"]));
    let listed = out
        .lines()
        .skip(1)
        .map(|line| line.split(' ').next().unwrap());
    assert_eq!((code, Vec::from_iter(listed)), (0, enrolled));
    let calls = host.daemon().calls();
    let lists = calls.iter().filter(|call| call.starts_with("List "));
    let mut after: Vec<&str> = lists.map(|call| &call["List ".len()..]).collect();
    after.sort_unstable();
    let names = ["user0699", "user1399", "user1699", "user2399"];
    assert_eq!(after, names);
}

#[test]
fn a_page_is_printed_before_the_next_one_comes() {
    let host = host_with_pages(&["alice", "bob", "carol"], &[]);
    host.daemon()
        .account(|account| account.list_waits_after = Some("bob".to_owned()));
    let mut terminal = host.terminal_with(&["list"]);
    host.daemon().expect_call("List bob");
    terminal.expect("alice");
    terminal.expect("bob");
    terminal.types("\u{3}");
    assert_eq!(terminal.exit_code(), 1);
    let seen = terminal.screen();
    assert!(
        seen.contains("The list is incomplete") && !seen.contains("carol"),
        "{seen}"
    );
}

#[test]
fn users_with_and_without_a_record_are_merged_in_the_order_of_names() {
    let host = host_with(vec![
        account("bob", "pending"),
        // A record under a former name is in the place of that name, and listed once.
        Status {
            record: Some("dave".to_owned()),
            ..account("aaron", "pending")
        },
        account("zoe", "pending"),
    ]);
    set_users_of_the_host(
        &host,
        &["aaron", "alice", "bob", "carol", "emil", "zoe", "zz"],
    );
    for page_length in [1, 2, 9] {
        host.daemon()
            .account(|account| account.page_length = page_length);
        let (_, out, error) = finished(&host.output_with(&["list", "--disabled"]));
        let users: Vec<&str> = out
            .lines()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        let listed = [
            "USER", "alice", "bob", "carol", "aaron", "emil", "zoe", "zz",
        ];
        assert_eq!((&users[..], error.as_str()), (&listed[..], ""));
    }
}

#[test]
fn a_list_that_breaks_off_is_called_incomplete_and_fails() {
    let host = host_with_pages(&["alice", "bob", "carol", "dora"], &[]);
    host.daemon()
        .account(|account| account.list_fails_at = Some("dora".to_owned()));
    let why = "The name service takes too long.\nThe list is incomplete: ";
    let (code, out, error) = finished(&host.output_with(&["list"]));
    assert_eq!((code, out.lines().count()), (1, 3), "{out}");
    assert!(error.starts_with(why), "{error}");
    let (code, out, error) = finished(&host.output_with(&["list", "--json"]));
    assert_eq!(code, 1);
    assert!(
        out.starts_with("[\n  {") && out.ends_with("\n  }\n"),
        "{out}"
    );
    assert!(serde_json::from_str::<serde_json::Value>(&out).is_err());
    assert!(error.starts_with(why), "{error}");

    // Without a first page there is no list.
    host.daemon()
        .account(|account| account.list_fails_at = Some("alice".to_owned()));
    for arguments in [&["list"][..], &["list", "--json"]] {
        let (code, out, error) = finished(&host.output_with(arguments));
        assert_eq!((code, out.as_str()), (1, ""));
        assert_eq!(error, "The name service takes too long.\n");
    }
}

#[test]
fn a_long_list_reports_its_progress_on_a_terminal_while_it_shows_none() {
    let many = (0..10_000).map(|number| account(&format!("user{number}"), "enabled"));
    let host = host_with(many.collect());
    host.daemon().account(|account| account.page_length = 5000);
    let mut terminal = host.terminal_with(&["list", "--locked"]);
    assert_eq!(terminal.exit_code(), 0);
    // A slow double may make it say that it waits, too.
    let seen = terminal.screen();
    let reported = "Accounts read so far: 10000\nNo user is locked.";
    assert!(seen.contains(reported), "{seen}");
    let (_, _, error) = finished(&host.output_with(&["list", "--locked"]));
    assert_eq!(error, "");
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
    // Also in the middle of the list: at most the next two pages are asked for.
    host.daemon().account(|account| account.page_length = 1);
    let lists = || {
        let calls = host.daemon().calls();
        calls.iter().filter(|call| call.starts_with("List")).count()
    };
    let before = lists();
    for arguments in [&["list"][..], &["list", "--json"]] {
        let (code, _, error) = finished(&host.output(&Run { arguments, ..run }));
        assert_eq!((code, error.as_str()), (1, ""));
    }
    assert!(lists() <= before + 2 * 3);
}

#[test]
fn a_name_cannot_control_the_terminal() {
    let host = host_with(vec![account("al\x1b[2Jice", "enabled")]);
    let (_, out, _) = finished(&host.output_with(&["list"]));
    assert!(out.contains("al\\u{1b}[2Jice"), "{out:?}");
}

#[test]
fn a_list_begins_with_the_policy_that_is_off() {
    let off = |off| {
        let account = Status {
            off,
            ..account("alice", "enabled")
        };
        let host = host_with(vec![account]);
        let (_, out, _) = finished(&host.output_with(&["list"]));
        let (_, shown, _) = finished(&host.output_with(&["show", "alice"]));
        fits(&out);
        let text = "Two-factor login is off for the whole host: nothing is enforced.";
        (out.starts_with(text), shown.contains(text))
    };
    assert_eq!(off(true), (true, true));
    assert_eq!(off(false), (false, false));
}
