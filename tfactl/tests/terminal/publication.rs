//! `tfactl policy publish`, `show` and `unpublish`.

use tfa_proto::{Explanation, Impact, Outcome, PublishedPolicy};
use tfa_testkit::{TestHost, finished};

use crate::{fits, host_with, json, set_users_of_the_host};

const TEXT: &str = "[policy]\nmode = \"required\"\n";
const FILE: &str = "/tmp/fleet.toml";

fn host() -> TestHost {
    let host = host_with(Vec::new());
    set_users_of_the_host(&host, &["alice", "bob"]);
    let refused = Impact {
        user: "bob".to_owned(),
        now: Outcome::Refused.into(),
        later: Outcome::Refused.into(),
        ..Impact::default()
    };
    host.daemon()
        .account(|account| account.impacts = vec![refused]);
    host
}

fn published() -> PublishedPolicy {
    PublishedPolicy {
        revision: Some(7),
        text: Some(TEXT.to_owned()),
        zone: Some("Europe/Berlin".to_owned()),
        published: Some(1_796_083_200),
        host: Some("v1".to_owned()),
        uid: Some(1000),
        problem: None,
    }
}

fn policy_file(host: &TestHost) -> String {
    let file = host.folder().join("fleet.toml");
    std::fs::write(&file, TEXT).unwrap();
    file.display().to_string()
}

#[test]
fn policy_is_published_after_warnings_impact_and_a_question() {
    for (answer, is_published) in [("y", true), ("", false)] {
        let host = host();
        let file = policy_file(&host);
        host.daemon().account(|account| {
            account.published = published();
            account.policy_warnings = vec!["the group staff is not known".to_owned()];
        });
        let mut terminal = host.terminal_with(&["policy", "publish", &file]);
        terminal.expect("warning: the group staff is not known");
        terminal.expect("Refused now:                      1");
        terminal.answers("Publish it for all verifiers? [y/N]", answer);
        if is_published {
            terminal.expect("the revision 8");
        } else {
            terminal.expect("Not published. The policy of before stays in force.");
        }
        assert_eq!(terminal.exit_code(), i32::from(!is_published));
        let calls = host.daemon().calls();
        assert!(
            calls.contains(&"PublishPolicy 0 true".to_owned()),
            "{calls:?}"
        );
        let put = "PublishPolicy 7 false".to_owned();
        assert_eq!(calls.last() == Some(&put), is_published, "{calls:?}");
    }
}

#[test]
fn script_needs_the_option_yes() {
    let host = host();
    let file = policy_file(&host);
    for words in [&["policy", "publish", &file][..], &["policy", "unpublish"]] {
        let (code, _, error) = finished(&host.output_with(words));
        assert_eq!(code, 1);
        assert!(error.contains("--yes"), "{error}");
        fits(&error);
    }
    assert!(host.daemon().calls().is_empty());
    let (code, out, _) = finished(&host.output_with(&["policy", "publish", &file, "--yes"]));
    assert_eq!(code, 0);
    fits(&out.replace(&file, FILE));
    let shown = finished(&host.output_with(&["policy", "show"])).1;
    assert!(shown.ends_with(TEXT), "{shown}");
    let (code, out, _) = finished(&host.output_with(&["policy", "unpublish", "--yes"]));
    assert_eq!((code, out.lines().count()), (0, 4));
    assert_eq!(host.daemon().calls().last().unwrap(), "UnpublishPolicy 1");
    let (code, _, error) = finished(&host.output_with(&["policy", "unpublish", "--yes"]));
    assert_eq!(code, 1);
    assert!(error.contains("No policy is published"), "{error}");
}

#[test]
fn shown_policy_is_one_that_can_be_published_again() {
    let host = host();
    let problem = "the published policy (revision 7) cannot be used here".to_owned();
    host.daemon().account(|account| {
        account.published = PublishedPolicy {
            problem: Some(problem.clone()),
            ..published()
        };
    });
    let (code, out, error) = finished(&host.output_with(&["policy", "show"]));
    assert_eq!((code, error.as_str()), (0, ""));
    fits(&out);
    assert!(out.contains("revision 7"), "{out}");
    assert!(
        out.contains("Europe/Berlin") && out.contains(&problem),
        "{out}"
    );
    let text: Vec<&str> = out.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(format!("{}\n", text.join("\n")), TEXT);
    let told = json(&finished(&host.output_with(&["policy", "show", "--json"])).1);
    assert_eq!(told["revision"], 7);
    assert_eq!(told["text"], TEXT);
    assert_eq!(told["problem"], problem);
}

#[test]
fn simulations_say_that_the_published_policy_was_used() {
    let host = host();
    let explained = Explanation {
        user: "alice".to_owned(),
        ..Explanation::default()
    };
    host.daemon().account(|account| {
        account.published = published();
        account.explanation = explained;
    });
    let commands = [&["explain", "alice"][..], &["policy", "impact"]];
    for command in commands {
        let out = finished(&host.output_with(command)).1;
        assert!(
            out.contains("Policy: the published policy, revision 7, "),
            "{out}"
        );
        fits(&out);
        let told = json(&finished(&host.output_with(&[command, &["--json"]].concat())).1);
        assert_eq!(told["published"], 7);
    }
    let file = policy_file(&host);
    let out = finished(&host.output_with(&["policy", "impact", &file])).1;
    assert!(!out.contains("published"), "{out}");
}

#[test]
fn damaged_policy_is_shown_replaced_and_removed() {
    let host = host();
    let file = policy_file(&host);
    let damaged = PublishedPolicy {
        revision: Some(7),
        problem: Some("the published policy (revision 7) cannot be used here".to_owned()),
        ..PublishedPolicy::default()
    };
    let publish = ["policy", "publish", &file, "--yes"];
    for (words, call) in [
        (&publish[..], "PublishPolicy 7 false"),
        (&["policy", "unpublish", "--yes"], "UnpublishPolicy 7"),
    ] {
        let policy = damaged.clone();
        host.daemon().account(|account| account.published = policy);
        let (_, out, _) = finished(&host.output_with(&["policy", "show"]));
        assert!(out.contains("cannot be used here"), "{out}");
        let (code, _, error) = finished(&host.output_with(words));
        assert_eq!((code, error.as_str()), (0, ""));
        assert_eq!(host.daemon().calls().last().unwrap(), call);
    }
}

#[test]
fn verifier_says_what_the_impact_does_not_tell_of_members() {
    let host = host();
    let file = policy_file(&host);
    let first = Impact {
        user: "alice".to_owned(),
        now: Outcome::Notified.into(),
        later: Outcome::SetUp.into(),
        after_first_login: Some(true),
        ..Impact::default()
    };
    host.daemon().account(|account| account.impacts.push(first));
    let not_counted = "Users whom only members know are not counted.";
    for words in [
        &["policy", "publish", &file, "--yes"][..],
        &["policy", "impact", &file],
    ] {
        host.daemon()
            .account(|account| account.facts.fleet_role = None);
        let (_, out, _) = finished(&host.output_with(words));
        assert!(!out.contains(not_counted), "{out}");
        host.daemon()
            .account(|account| account.facts.fleet_role = Some("verifier".to_owned()));
        let (code, out, _) = finished(&host.output_with(words));
        let text = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(code, 0);
        assert!(text.contains(not_counted), "{out}");
        assert!(
            text.contains("applies at once to 1 of these users"),
            "{out}"
        );
        fits(&out.replace(&file, FILE));
    }
    let on_member = ["policy", "impact", &file, "--host", "web1.test"];
    let (_, out, _) = finished(&host.output_with(&on_member));
    assert!(!out.contains(not_counted), "{out}");
}
