//! The members of a group.

use tfa_testkit::{TestHost, finished};

use crate::{account, host_with, json};

const WHEEL: &[&str] = &["alice", "bob", "dora", "nobody-any-more"];

fn host() -> TestHost {
    let host = host_with(vec![
        account("alice", "enabled"),
        account("dora", "enabled"),
        account("zoe", "paused"),
    ]);
    let groups = [
        ("wheel", WHEEL),
        ("10", WHEEL),
        ("bob", &["bob"]),
        ("empty", &[]),
    ];
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let groups = groups.map(|(group, members)| (group.to_owned(), owned(members)));
    host.daemon()
        .account(|account| account.host_groups = groups.into());
    host
}

fn run(more: &[&str]) -> (i32, String, String) {
    finished(&host().output_with(&[&["list"], more].concat()))
}

#[track_caller]
fn names(more: &[&str]) -> Vec<String> {
    let (code, out, _) = run(&[more, &["--json"]].concat());
    assert_eq!(code, 0);
    let listed = json(&out);
    let names = listed.as_array().unwrap().iter();
    names
        .map(|status| status["user"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn members_are_listed_users_and_users_of_the_primary_group() {
    assert_eq!(names(&["--group", "wheel"]), ["alice", "bob", "dora"]);
    assert_eq!(
        names(&["--group", "10"]),
        ["alice", "bob", "dora"],
        "by its number"
    );
    assert_eq!(names(&["--group", "bob"]), ["bob"]);
}

#[test]
fn members_that_the_daemon_sends_in_several_pages_are_all_listed() {
    let host = host();
    host.daemon().account(|account| account.page_length = 1);
    let (_, out, _) = finished(&host.output_with(&["list", "--group", "wheel"]));
    assert_eq!(out.lines().count(), 1 + 3, "{out}");
}

#[test]
fn the_group_combines_with_other_filters() {
    assert_eq!(names(&["--group", "wheel", "--enabled"]), ["alice", "dora"]);
    assert_eq!(names(&["--group", "wheel", "--disabled"]), ["bob"]);
    assert!(names(&["--group", "wheel", "--paused"]).is_empty());
}

#[test]
fn a_missing_member_is_reported_and_others_are_listed() {
    let (code, out, error) = run(&["--group", "wheel"]);
    assert_eq!(code, 0);
    assert_eq!(error, "There is no user nobody-any-more here.\n");
    assert_eq!(out.lines().count(), 4, "{out}");
}

#[test]
fn an_empty_group_and_a_missing_group_have_different_messages() {
    let (code, out, _) = run(&["--group", "empty"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "The group empty has no members.\n")
    );
    let (_, out, _) = run(&["--group", "wheel", "--locked"]);
    assert_eq!(out, "No member of the group wheel is locked.\n");
    let (code, out, error) = run(&["--group", "wheels"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "The group wheels does not exist on this host.\n");
}
