//! The doctor. What it finds depends on the files of the host, and the scenarios look at that.

use tfa_proto::{DaemonFacts, Exemption, ExemptionKind};
use tfa_testkit::daemon::enabled;
use tfa_testkit::finished;

use crate::{fits, host_with, json};

#[test]
fn an_unknown_finding_is_wrong_usage() {
    let host = host_with(Vec::new());
    let (code, out, error) = finished(&host.output_with(&["doctor", "--only", "pam-skiped"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(error.contains("there is no finding pam-skiped"), "{error}");
}

#[test]
fn one_finding_that_is_not_there_is_a_success() {
    let host = host_with(Vec::new());
    let (code, out, error) = finished(&host.output_with(&["doctor", "--only", "daemon-down"]));
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(out, "Holes: 0, lock-outs: 0, risks: 0, advice: 0.\n");
    assert_eq!(
        host.daemon().calls(),
        ["Facts", "PolicyExemptions", "List", "RecoveryStatus"]
    );
}

#[test]
fn a_daemon_that_refuses_every_login_is_a_finding() {
    let host = host_with(Vec::new());
    let why = "tfad.toml line 3: the key mod is not known";
    host.daemon()
        .account(|account| account.refusal = why.to_owned());
    let arguments = ["doctor", "--only", "daemon-refuses"];
    let (code, out, _) = finished(&host.output_with(&arguments));
    assert_eq!(code, 1);
    assert!(out.starts_with("LOCK-OUT  daemon-refuses\n"), "{out}");
    assert!(
        out.ends_with("\nHoles: 0, lock-outs: 1, risks: 0, advice: 0.\n"),
        "{out}"
    );
    fits(&out);
    let (code, out, _) = finished(&host.output_with(&[&arguments[..], &["--json"]].concat()));
    assert_eq!(code, 1);
    let found = &json(&out)[0];
    assert_eq!(found["id"], "daemon-refuses");
    assert!(found["what"].as_str().unwrap().contains(why), "{found}");
    assert!(found["witness"].is_null() && found["place"].is_null());
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
        let (code, out, error) = finished(&host.output_with(&["doctor", "--only", id]));
        assert_eq!((code, error.as_str()), (1, ""), "{id}: {out}");
        assert!(out.replace("\n ", "").contains(text), "{out}");
        fits(&out);
    }
}

#[test]
fn what_the_daemon_cannot_look_up_was_not_examined() {
    let host = host_with(vec![enabled()]);
    host.daemon().account(|account| {
        account.facts = DaemonFacts {
            administrators: Some(vec!["sudo".to_owned()]),
            ..DaemonFacts::default()
        };
        account.look_ups_fail = true;
        account.list_fails_at = Some("alice".to_owned());
    });
    let arguments = ["doctor", "--only", "not-examined", "--json"];
    let (code, out, error) = finished(&host.output_with(&arguments));
    assert_eq!((code, error.as_str()), (1, ""));
    let found = json(&out);
    let found: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["what"].as_str().unwrap())
        .collect();
    for subject in [
        "the administrators: The name service fails.",
        "the records of the users: The name service takes too long.",
    ] {
        assert!(
            found.iter().any(|what| what.ends_with(subject)),
            "{found:?}"
        );
    }
    let (_, out, _) = finished(&host.output_with(&["doctor", "--only", "daemon-refuses"]));
    assert!(out.starts_with("Holes: 0, lock-outs: 0,"), "{out}");
}

#[test]
fn all_administrators_are_looked_at() {
    let host = host_with(vec![]);
    host.daemon().account(|account| {
        account.facts.administrators = Some(vec!["sudo".to_owned()]);
        let members = (0..101).map(|number| format!("admin{number:03}"));
        account
            .host_groups
            .insert("sudo".to_owned(), members.collect());
    });
    let arguments = ["doctor", "--only", "administrators-none", "--json"];
    let (code, out, _) = finished(&host.output_with(&arguments));
    assert_eq!(code, 1, "{out}");
    assert_eq!(json(&out)[0]["names"].as_array().unwrap().len(), 101);
}

#[test]
fn a_daemon_that_does_not_tell_whether_it_requires_may_require() {
    let host = host_with(Vec::new());
    let (_, out, _) = finished(&host.output_with(&["doctor", "--only", "recovery-missing"]));
    assert!(out.contains("recovery-missing"), "{out}");
}
