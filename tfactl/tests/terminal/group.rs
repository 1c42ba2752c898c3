//! The members of a group.

use tfa_testkit::{Run, TestHost, finished};

use crate::{account, accounts_of_the_host, host_with, json, passwd_lines};

const GROUPS: &str = "wheel:x:10:alice,bob,nobody-any-more\nempty:x:11:\nbob:x:1001:\n";

fn host() -> (TestHost, String) {
    let host = host_with(vec![
        account("alice", "enabled"),
        account("dora", "enabled"),
        account("zoe", "paused"),
    ]);
    let passwd = format!(
        "{}dora:x:2000:10::/:/bin/bash\n",
        passwd_lines(&["alice", "bob", "zoe"])
    );
    let before = accounts_of_the_host(&host, &passwd, GROUPS);
    (host, before)
}

fn run(more: &[&str]) -> (i32, String, String) {
    let (host, before) = host();
    finished(&host.output(&Run {
        arguments: &[&["list"], more].concat(),
        before: &before,
        ..Run::default()
    }))
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
