//! The doctor. What it finds depends on the files of the host, and the scenarios look at that: this host may have
//! findings of its own, which make each report incomplete.

use serde_json::{Value, json};
use tfa_proto::{
    DaemonFacts, Exemption, ExemptionKind, Impact, Mode, NEVER, Outcome, State, Status,
};
use tfa_testkit::daemon::enabled;
use tfa_testkit::{TestHost, finished};

use crate::{fits, host_with, json as parsed};

/// The findings of that id.
#[track_caller]
fn found(host: &TestHost, id: &str) -> Vec<Value> {
    let (code, out, _) = finished(&host.output_with(&["doctor", "--only", id, "--json"]));
    let mut findings = parsed(&out)["findings"].as_array().unwrap().clone();
    findings.retain(|finding| finding["id"] == id);
    let is_bad = |finding: &Value| finding["severity"] != "advice";
    if findings.iter().any(is_bad) {
        assert_eq!(code, 1, "{out}");
    }
    findings
}

/// The only finding of that id.
#[track_caller]
fn one(host: &TestHost, id: &str) -> Value {
    let found = found(host, id);
    assert_eq!(found.len(), 1, "{id}: {found:?}");
    found[0].clone()
}

#[track_caller]
fn says(host: &TestHost, id: &str, text: &str) {
    let finding = one(host, id);
    let what = finding["what"].as_str().unwrap();
    assert!(what.contains(text), "{what}");
}

#[test]
fn an_unknown_finding_is_wrong_usage() {
    let host = host_with(Vec::new());
    let (code, out, error) = finished(&host.output_with(&["doctor", "--only", "pam-skiped"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("there is no finding pam-skiped"), "{error}");
}

#[test]
fn a_daemon_that_answers_is_asked_once_for_each_fact() {
    let host = host_with(Vec::new());
    assert_eq!(found(&host, "daemon-down"), Vec::<Value>::new());
    assert_eq!(
        host.daemon().calls(),
        [
            "Facts",
            "PolicyExemptions",
            "Users true",
            "List",
            "RecoveryStatus"
        ]
    );
}

#[test]
fn a_daemon_that_refuses_every_login_is_a_finding() {
    let host = host_with(Vec::new());
    let why = "tfad.toml line 3: the key mod is not known";
    host.daemon()
        .account(|account| account.refusal = why.to_owned());
    let arguments = ["doctor", "--only", "daemon-refuses"];
    let (code, out, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (1, ""));
    assert!(out.contains("LOCK-OUT  daemon-refuses\n"), "{out}");
    fits(&out);
    let finding = one(&host, "daemon-refuses");
    assert!(finding["what"].as_str().unwrap().contains(why), "{finding}");
    assert!(finding["path"].is_null() && finding["place"].is_null());
}

#[test]
fn a_daemon_of_another_version_and_a_lone_administrator_are_findings() {
    let host = host_with(vec![enabled()]);
    host.daemon().account(|account| {
        account.facts = DaemonFacts {
            version: Some("0.0.9".to_owned()),
            requires: Some(true),
            administrators: Some(vec!["sudo".to_owned(), "wheel".to_owned()]),
            groups: Some(vec!["root".to_owned(), "no-such-group".to_owned()]),
            ..DaemonFacts::default()
        };
        account.exemptions = vec![Exemption {
            kind: ExemptionKind::Audit.into(),
            ..Exemption::default()
        }];
        let members = vec!["alice".to_owned()];
        account.host_groups.insert("sudo".to_owned(), members);
    });
    for (id, text) in [
        ("daemon-version", "is 0.0.9, and that of tfactl is"),
        ("administrators-one", "alice is the only administrator"),
        ("audit-mode", "is in audit mode."),
        ("group-unknown", "does not know: no-such-group."),
    ] {
        says(&host, id, text);
    }
    let (_, out, _) = finished(&host.output_with(&["doctor"]));
    fits(&out);
}

#[test]
fn what_the_daemon_cannot_look_up_was_not_examined() {
    let host = host_with(vec![enabled()]);
    host.daemon().account(|account| {
        account.facts.administrators = Some(vec!["sudo".to_owned()]);
        account.look_ups_fail = true;
        account.list_fails_at = Some("alice".to_owned());
    });
    let missed = found(&host, "not-examined");
    let missed: Vec<&str> = missed
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    for subject in [
        "the administrators: The name service fails.",
        "the records of the users: The name service takes too long.",
    ] {
        assert!(
            missed.iter().any(|what| what.ends_with(subject)),
            "{missed:?}"
        );
    }
    assert_eq!(found(&host, "daemon-refuses"), Vec::<Value>::new());
}

#[test]
fn all_administrators_are_looked_at() {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.facts.administrators = Some(vec!["sudo".to_owned()]);
        let members = (0..101).map(|number| format!("admin{number:03}"));
        account
            .host_groups
            .insert("sudo".to_owned(), members.collect());
    });
    let finding = one(&host, "administrators-none");
    assert_eq!(finding["names"].as_array().unwrap().len(), 101);
}

#[test]
fn administrators_who_are_not_all_known_are_not_counted() {
    let host = host_with(vec![enabled()]);
    host.daemon().account(|account| {
        account.facts.administrators = Some(vec!["sudo".to_owned()]);
        let members = ["alice", "bob", "carol"].map(str::to_owned).to_vec();
        account.host_groups.insert("sudo".to_owned(), members);
    });
    one(&host, "administrators-one");
    for user in ["alice", "bob"] {
        host.daemon()
            .account(|account| account.show_fails_for = Some(user.to_owned()));
        for id in ["administrators-one", "administrators-none"] {
            assert_eq!(found(&host, id), Vec::<Value>::new(), "{user}");
        }
        let missed = found(&host, "not-examined");
        let mut missed = missed.iter().map(|one| one["what"].as_str().unwrap());
        let why = "the administrators: The name service fails.";
        assert!(missed.any(|what| what.ends_with(why)), "{user}");
        one(&host, "recovery-missing");
    }
}

#[test]
fn a_daemon_that_does_not_tell_whether_it_requires_may_require() {
    let host = host_with(Vec::new());
    one(&host, "recovery-missing");
}

#[test]
fn a_lost_key_and_an_error_on_disk_are_findings() {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.facts.key_lost = Some("the key is not here. Put it back".to_owned());
        account.facts.config_error = Some("tfad.toml:3: unknown key".to_owned());
    });
    says(&host, "key-lost", "/var/lib/tfa: the key is not here.");
    says(&host, "policy-error", "tfad.toml:3: unknown key.");
}

/// A policy requires a second factor, and each user is exempt, or in a grace period of years.
#[test]
fn a_policy_that_requires_nothing_of_anybody_now_is_told() {
    let host = host_with(Vec::new());
    let impact = |user: &str, now: Outcome, later: Outcome| Impact {
        user: user.to_owned(),
        now: now.into(),
        later: later.into(),
        ..Impact::default()
    };
    host.daemon().account(|account| {
        account.facts.requires = Some(true);
        account.host_users = ["alice", "bob", "root"].map(str::to_owned).to_vec();
        account.exemptions = vec![Exemption {
            kind: ExemptionKind::Rule.into(),
            mode: Some(Mode::Off.into()),
            file: Some("/etc/tfa/tfad.toml".to_owned()),
            line: Some(7),
            reason: Some("migration".to_owned()),
            ..Exemption::default()
        }];
        account.impacts = vec![
            impact("alice", Outcome::Code, Outcome::Code),
            impact("bob", Outcome::SetUp, Outcome::Refused),
        ];
    });
    let says = |count: usize| {
        let (_, out, _) = finished(&host.output_with(&["doctor"]));
        let words: Vec<&str> = out.split_whitespace().collect();
        let text = format!(
            "Over SSH, the password alone is now not enough for {count} of 3 users with a login shell."
        );
        assert!(words.join(" ").contains(&text), "{out}");
        fits(&out);
        let (_, out, _) = finished(&host.output_with(&["doctor", "--json"]));
        assert_eq!(
            parsed(&out)["summary"]["login_users_required"],
            json!(count)
        );
    };
    says(2);
    assert_eq!(found(&host, "exemption-endless"), Vec::<Value>::new());
    host.daemon().account(|account| {
        let grace = |user| impact(user, Outcome::Notified, Outcome::Refused);
        account.impacts = ["alice", "bob", "root"].map(grace).to_vec();
    });
    says(0);
    assert_eq!(found(&host, "exemption-endless"), Vec::<Value>::new());
    host.daemon().account(|account| account.impacts.clear());
    says(0);
    let finding = one(&host, "exemption-endless");
    assert_eq!(finding["place"], "/etc/tfa/tfad.toml:7");
    assert_eq!(finding["commands"][0], "# edit /etc/tfa/tfad.toml, line 7");
}

/// `since` and the grace period put off what is required, and so do exemptions of all logins.
#[test]
fn the_policy_is_told_with_the_day_of_its_beginning() {
    const YEAR_2099: u64 = 4_070_908_800;
    let host = host_with(Vec::new());
    let told = |of_enrolled: u64, of_new_users: u64, record: Status| {
        host.daemon().account(|account| {
            account.facts.requires = Some(true);
            account.facts.required_from = Some(of_enrolled);
            account.facts.required_of_new_users_from = Some(of_new_users);
            account.others = vec![record];
        });
        let (_, out, _) = finished(&host.output_with(&["doctor", "--json"]));
        let summary = parsed(&out)["summary"].clone();
        let policy = summary["policy"].as_str().unwrap().to_owned();
        (policy, summary["required_from"].as_str().map(str::to_owned))
    };
    let later = ("later".to_owned(), Some("2099-01-01T00:00:00Z".to_owned()));
    let now = ("required".to_owned(), None);
    let in_grace = |until| Status {
        user: "carol".to_owned(),
        required: true,
        grace_until: until,
        state: Some(State::None.into()),
        ..Status::default()
    };
    let enrolled = |required| Status {
        required,
        ..enabled()
    };
    let problem = Status {
        user: "dave".to_owned(),
        problem: Some("damaged".to_owned()),
        ..Status::default()
    };
    // This host may have a clock that is not synchronised. No date is in the future then.
    let (_, out, _) = finished(&host.output_with(&["doctor", "--only", "clock", "--json"]));
    let later = match out.contains("\"clock\"") || out.contains("timedatectl") {
        true => now.clone(),
        false => later,
    };
    assert_eq!(told(YEAR_2099, YEAR_2099, enrolled(false)), later, "since");
    let end = YEAR_2099 + 14 * 24 * 3600;
    assert_eq!(
        told(YEAR_2099, end, enrolled(false)),
        later,
        "since and grace"
    );
    let (_, out, _) = finished(&host.output_with(&["doctor"]));
    let words: Vec<&str> = out.split_whitespace().collect();
    let text = "from 2099-01-01T00:00:00Z on at the earliest, and users who have not enrolled must do so from \
                2099-01-15T00:00:00Z on.";
    assert_eq!(words.join(" ").contains(text), later != now, "{out}");
    assert_eq!(
        told(0, YEAR_2099, in_grace(Some(YEAR_2099))),
        later,
        "grace period"
    );
    assert_eq!(told(0, YEAR_2099, enrolled(false)), later, "not this user");
    assert_eq!(told(0, YEAR_2099, enrolled(true)), now, "enrolled");
    assert_eq!(
        told(0, YEAR_2099, problem),
        now,
        "a record that cannot be opened"
    );
    assert_eq!(
        told(0, YEAR_2099, in_grace(None)),
        now,
        "after the grace period"
    );
    assert_eq!(told(0, 0, in_grace(Some(YEAR_2099))), now, "a new user");
    let exempt = told(NEVER, NEVER, enrolled(false));
    assert_eq!(exempt, ("exempt".to_owned(), None));
    let (_, out, _) = finished(&host.output_with(&["doctor"]));
    let words: Vec<&str> = out.split_whitespace().collect();
    let text = "a second factor is required for no login, because exemptions come before.";
    assert!(words.join(" ").contains(text), "{out}");
    fits(&out);
}

#[test]
fn a_host_without_two_factor_login_is_told_from_one_that_has_it() {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.facts.requires = Some(false);
        account.host_users = ["alice", "bob", "root"].map(str::to_owned).to_vec();
    });
    one(&host, "enrolled-none");
    let summary = |key: &str| {
        let (_, out, _) = finished(&host.output_with(&["doctor", "--json"]));
        parsed(&out)["summary"][key].clone()
    };
    let begins = |text: &str| {
        let (_, out, _) = finished(&host.output_with(&["doctor"]));
        assert!(out.starts_with(text), "{out}");
        fits(&out);
    };
    begins(
        "Policy: optional. No user has enrolled. Of root and the users with a login\nshell, 0 of 3 have",
    );
    host.daemon()
        .account(|account| account.others = vec![enabled()]);
    assert_eq!(found(&host, "enrolled-none"), Vec::<Value>::new());
    host.daemon()
        .account(|account| account.facts.off = Some(true));
    one(&host, "policy-off");
    begins(
        "Policy: off. 1 user has enrolled. Of root and the users with a login shell, 1 of\n3 have",
    );
    for (key, expected) in [
        ("policy", json!("off")),
        ("enrolled", json!(1)),
        ("login_users", json!(3)),
        ("login_users_enrolled", json!(1)),
    ] {
        assert_eq!(summary(key), expected, "{key}");
    }
    host.daemon()
        .account(|account| account.list_fails_at = Some("alice".to_owned()));
    assert_eq!(summary("enrolled"), Value::Null);
    assert_eq!(summary("login_users_enrolled"), Value::Null);
    begins("Policy: off. It is not known how many users have enrolled. ");
}
