//! Exemptions, and the pause by an administrator.

use serde_json::Value;
use tfa_client::now;
use tfa_proto::{Exemption, ExemptionKind, Mode};
use tfa_testkit::{TestHost, finished};
use tfa_text::time::date_time;

use crate::{fits, host_with, json};

const REASON: &str = "phone in repair, ticket 4711";

fn run(host: &TestHost, arguments: &[&str]) -> (i32, String, String) {
    finished(&host.output_with(arguments))
}

#[test]
fn an_exemption_names_its_end_and_how_to_end_it() {
    let host = host_with(Vec::new());
    let before = now();
    let exempt = ["exempt", "alice", "--for", "2d", "--reason", REASON];
    let (code, out, error) = run(&host, &exempt);
    assert_eq!((code, error.as_str()), (0, ""));
    let possible = (before..=now()).map(|now| date_time(now + 2 * 86_400));
    let until =
        |until: String| out.contains(&format!("not asked for codes until {until} (2 days)"));
    assert!(possible.into_iter().any(until), "{out}");
    assert!(out.contains("tfactl exempt alice --end"), "{out}");
    fits(&out);
    let (code, out, _) = run(&host, &["exempt", "alice", "--end"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "The exemption of alice has ended.\n")
    );
    let calls = [
        format!("Exempt alice 172800 {REASON}"),
        "EndExemption alice".to_owned(),
    ];
    assert_eq!(host.daemon().calls(), calls);
}

#[test]
fn the_json_form_of_an_exemption_has_the_user_as_the_daemon_knows_it() {
    let host = host_with(Vec::new());
    let words = [
        "exempt", "alice", "--for", "2d", "--reason", REASON, "--json",
    ];
    let (code, out, _) = run(&host, &words);
    assert_eq!(code, 0);
    let report = json(&out);
    assert_eq!(report["user"], "alice");
    assert_eq!(report["reason"], REASON);
    assert!(report["until"].as_str().unwrap().ends_with('Z'), "{out}");
    assert_eq!(
        (&report["uid"], &report["known"]),
        (&1000.into(), &Value::Null)
    );
    assert_eq!(report.as_object().unwrap().len(), 5);
}

#[test]
fn user_of_members_is_exempt_with_a_uid_and_named_with_it() {
    let host = host_with(Vec::new());
    let words = ["--for", "2d", "--reason", REASON, "--uid", "1234"];
    for command in ["exempt", "disable"] {
        let words = [&[command, "nobody1"], &words[..]].concat();
        let (code, out, _) = run(&host, &words);
        assert_eq!(code, 0, "{out}");
        let named = "for nobody1 with the uid 1234, whom this verifier does not know";
        assert!(out.contains(named), "{out}");
    }
    let call = format!("Exempt nobody1 172800 {REASON} uid 1234");
    assert_eq!(host.daemon().calls(), [call.clone(), call]);
    let (code, _, error) = run(&host, &["disable", "nobody1", "--uid", "1234"]);
    assert_eq!(code, 2, "{error}");
}

#[test]
fn an_exemption_needs_a_length_of_at_most_90_days_and_a_reason() {
    let host = host_with(Vec::new());
    let words = ["exempt", "alice", "--for", "91d", "--reason", REASON];
    let (code, _, error) = run(&host, &words);
    assert_eq!(code, 2);
    assert!(error.contains("exempt for 1 minute to 90 days"), "{error}");
    let (code, _, error) = run(&host, &["exempt", "alice", "--for", "2d"]);
    assert_eq!(code, 2);
    assert!(error.contains("--reason <TEXT>"), "{error}");
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn disable_pauses_and_with_a_length_it_exempts() {
    let host = host_with(Vec::new());
    let (code, out, _) = run(&host, &["disable", "alice"]);
    assert_eq!(code, 0);
    assert!(
        out.contains("is paused. The authenticators are kept."),
        "{out}"
    );
    assert!(out.contains("tfactl enable alice"), "{out}");
    let (code, out, error) = run(&host, &["disable", "must-1"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "Two-factor login is required of must-1.\n");
    let words = ["disable", "must-1", "--for", "12h", "--reason", REASON];
    let (code, out, _) = run(&host, &words);
    assert_eq!(code, 0);
    assert!(out.contains("must-1 is not asked for codes until"), "{out}");
    let (code, out, _) = run(&host, &["enable", "must-1"]);
    assert_eq!(code, 0);
    assert!(out.contains("neither paused nor exempt now"), "{out}");
    let calls = [
        "Disable alice".to_owned(),
        "Disable must-1".to_owned(),
        format!("Exempt must-1 43200 {REASON}"),
        "Enable must-1".to_owned(),
    ];
    assert_eq!(host.daemon().calls(), calls);
}

fn rule(mode: Mode, line: u32, until: Option<u64>, reason: Option<&str>) -> Exemption {
    Exemption {
        kind: ExemptionKind::Rule.into(),
        mode: Some(mode.into()),
        file: Some("/etc/tfa/tfad.toml".to_owned()),
        line: Some(line),
        until,
        reason: reason.map(str::to_owned),
        ..Exemption::default()
    }
}

fn of_user(kind: ExemptionKind, user: &str, until: Option<u64>) -> Exemption {
    Exemption {
        kind: kind.into(),
        user: Some(user.to_owned()),
        until,
        reason: until.map(|_| REASON.to_owned()),
        ..Exemption::default()
    }
}

fn host_with_exemptions() -> TestHost {
    let host = host_with(Vec::new());
    host.daemon().account(|account| {
        account.exemptions = vec![
            rule(Mode::Off, 7, Some(1_796_133_900), Some("vendor")),
            rule(Mode::Optional, 12, None, None),
            Exemption {
                kind: ExemptionKind::NotGuarded.into(),
                service: Some("sshd".to_owned()),
                ..Exemption::default()
            },
            Exemption {
                kind: ExemptionKind::Remembered.into(),
                ..Exemption::default()
            },
            of_user(ExemptionKind::User, "alice", Some(1_796_133_960)),
            of_user(ExemptionKind::Pause, "bob", None),
        ];
        account.page_length = 1;
    });
    host
}

#[test]
fn each_exemption_has_its_end_and_its_reason_or_none() {
    let host = host_with_exemptions();
    let (code, out, _) = run(&host, &["exemptions"]);
    let expected = "\
Rule at /etc/tfa/tfad.toml line 7: no code is asked for
  End: 2026-12-01 14:05
  Reason: vendor
Rule at /etc/tfa/tfad.toml line 12: only users who have enrolled are asked
  End: none
  Reason: none
Service sshd: not guarded, logins that skip the question are let in
Remembered devices: logins from them are let in without a code (table
  [remember])
User alice: exempt
  End: 2026-12-01 14:06
  Reason: phone in repair, ticket 4711
User bob: paused, not asked where it is not required
  End: none
  Reason: none
";
    assert_eq!((code, out.as_str()), (0, expected));
    fits(&out);
    // A page for each user, and no call for each.
    let calls = ["PolicyExemptions", "UserExemptions", "UserExemptions alice"];
    assert_eq!(host.daemon().calls(), calls);
}

#[test]
fn the_json_form_of_the_list_has_null_for_what_is_absent() {
    let (code, out, _) = run(&host_with_exemptions(), &["exemptions", "--json"]);
    assert_eq!(code, 0);
    let all = json(&out);
    let kinds: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(
        kinds,
        ["rule", "rule", "not-guarded", "remembered", "user", "pause"]
    );
    assert_eq!(all[0]["rule"]["line"], 7);
    assert_eq!(all[0]["until"], "2026-12-01T14:05:00Z");
    assert_eq!(all[0]["mode"], "off");
    assert_eq!(all[2]["service"], "sshd");
    assert_eq!(all[4]["reason"], REASON);
    let keys = ["kind", "user", "service", "mode", "rule", "until", "reason"];
    for one in all.as_array().unwrap() {
        let own = one.as_object().unwrap();
        assert!(keys.iter().all(|key| own.contains_key(*key)) && own.len() == keys.len());
    }
    assert!(all[5]["until"].is_null() && all[5]["rule"].is_null());
}

#[test]
fn a_host_without_exemptions_says_so() {
    let (code, out, _) = run(&host_with(Vec::new()), &["exemptions"]);
    assert_eq!(code, 0);
    assert!(
        out.starts_with("Nothing lets a login in without a second factor"),
        "{out}"
    );
    let (_, out, _) = run(&host_with(Vec::new()), &["exemptions", "--json"]);
    assert_eq!(json(&out).as_array().unwrap().len(), 0);
}
