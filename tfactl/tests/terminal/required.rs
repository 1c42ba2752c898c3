//! Users of whom the policy requires two-factor login, from which day, and who is invited.

use tfa_client::now;
use tfa_proto::Status;
use tfa_testkit::finished;
use tfa_text::time::date_time;

use crate::{account, host_with, set_users_of_the_host};

fn in_grace(user: &str, until: u64) -> Status {
    Status {
        required: true,
        grace_until: Some(until),
        invited_until: Some(until),
        ..account(user, "none")
    }
}

#[test]
fn the_list_has_required_users_with_and_without_a_record() {
    let host = host_with(vec![
        Status {
            required: true,
            ..account("alice", "enabled")
        },
        account("zoe", "enabled"),
    ]);
    set_users_of_the_host(&host, &["alice", "bob", "zoe"]);
    let (code, out, error) = finished(&host.output_with(&["list", "--required"]));
    assert_eq!((code, error.as_str()), (0, ""));
    let names: Vec<_> = out.lines().skip(1).map(|line| &line[..5]).collect();
    assert_eq!(names, ["alice"], "{out}");
    assert_eq!(
        host.daemon().calls(),
        ["Users true", "List", "Show bob"],
        "who has no record is asked about"
    );
    host.daemon().account(|account| account.others.clear());
    let (_, out, _) = finished(&host.output_with(&["list", "--required"]));
    assert_eq!(out, "The policy requires two-factor login for no user.\n");
}

#[test]
fn the_list_shows_the_start_and_invitations_in_one_word() {
    let until = now() + 5 * 86_400;
    let host = host_with(vec![in_grace("alice", until)]);
    let (_, out, _) = finished(&host.output_with(&["list"]));
    let fields: Vec<_> = out.lines().nth(1).unwrap().split_whitespace().collect();
    let from = date_time(until).replace(' ', "T");
    assert_eq!(fields, ["alice", "invited", "8", &from, "no", "never"]);
}

#[test]
fn show_says_it_in_sentences() {
    let until = now() + 5 * 86_400;
    let host = host_with(vec![in_grace("alice", until)]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    let at = date_time(until);
    let required = format!("Required: yes, from {at}. Until then logins work without it.\n");
    assert!(out.contains(&required), "{out}");
    assert!(
        out.contains(&format!("Invitation: valid until {at}\n")),
        "{out}"
    );
    crate::fits(&out);
}

#[test]
fn grace_that_members_do_not_give_has_no_date() {
    let host = host_with(vec![Status {
        grace_on_verifiers_only: true,
        ..in_grace("alice", now() + 7 * 86_400)
    }]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    let required = "Required: yes. On members at once. On verifiers, from the end of the grace period, \
                    which begins with the first login there.\n";
    assert!(out.contains(required), "{out}");
    let (_, out, _) = finished(&host.output_with(&["list"]));
    let fields: Vec<_> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(fields[3], "yes", "{out}");
}

#[test]
fn expired_dates_are_not_shown() {
    let host = host_with(vec![in_grace("alice", now() - 1)]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    assert!(
        out.contains("Required: yes\n") && !out.contains("Invitation"),
        "{out}"
    );
    let (_, out, _) = finished(&host.output_with(&["list"]));
    let fields: Vec<_> = out.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(fields, ["alice", "off", "8", "yes", "no", "never"]);
}

#[test]
fn an_enrolled_user_has_no_grace() {
    let host = host_with(vec![Status {
        state: Some(tfa_proto::State::Paused.into()),
        invited_until: None,
        ..in_grace("alice", now() + 5 * 86_400)
    }]);
    let (_, out, _) = finished(&host.output_with(&["show", "alice"]));
    assert!(out.contains("Required: yes\n"), "{out}");
    assert!(out.contains("paused, but logins ask for codes"), "{out}");
}
