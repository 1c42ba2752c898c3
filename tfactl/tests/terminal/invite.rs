//! Invitations.

use tfa_client::now;
use tfa_testkit::daemon::INVITATION;
use tfa_testkit::finished;
use tfa_text::time::date_time;

use crate::{fits, host_with, json};

#[test]
fn the_invitation_code_is_the_first_line_and_help_follows() {
    let host = host_with(Vec::new());
    let before = now();
    let (code, out, error) = finished(&host.output_with(&["invite", "alice"]));
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(out.lines().next(), Some(INVITATION));
    let possible = (before..=now()).map(|now| date_time(now + 3 * 86_400));
    let until = |until: String| out.contains(&format!("until\n{until} (3 days)."));
    assert!(possible.into_iter().any(until), "{out}");
    assert!(
        out.contains("over a channel that identifies alice"),
        "{out}"
    );
    assert!(
        out.contains("when the login, or tfa-enroll, asks for it."),
        "{out}"
    );
    fits(&out);
    assert_eq!(host.daemon().calls(), ["Invite alice 259200"]);
}

#[test]
fn the_validity_is_shown_in_suitable_units() {
    for (length, call) in [
        ("12h", "Invite alice 43200"),
        ("2 weeks", "Invite alice 1209600"),
        ("90d", "Invite alice 7776000"),
    ] {
        let host = host_with(Vec::new());
        let (code, _, _) = finished(&host.output_with(&["invite", "alice", "--for", length]));
        assert_eq!(code, 0);
        assert_eq!(host.daemon().calls(), [call]);
    }
}

#[test]
fn too_long_a_time_is_refused_with_the_bounds() {
    let (code, _, error) =
        finished(&host_with(Vec::new()).output_with(&["invite", "bob", "--for", "91d"]));
    assert_eq!(code, 2);
    assert!(error.contains("1 minute to 90 days"), "{error}");
    let (_, _, error) =
        finished(&host_with(Vec::new()).output_with(&["invite", "bob", "--for", "soon"]));
    assert!(
        error.contains("for example 12h, 3d or \"2 weeks\""),
        "{error}"
    );
}

#[test]
fn the_json_form_has_the_user_as_the_daemon_knows_it() {
    let (code, out, _) =
        finished(&host_with(Vec::new()).output_with(&["invite", "alice", "--json"]));
    assert_eq!(code, 0);
    let report = json(&out);
    assert_eq!(report["user"], "alice");
    assert_eq!(report["invitation"], INVITATION);
    assert!(report["until"].as_str().unwrap().ends_with('Z'), "{out}");
    assert_eq!(report["uid"], 1000);
    assert!(report["known"].is_null(), "{out}");
    assert_eq!(report.as_object().unwrap().len(), 5);
}

#[test]
fn user_whom_the_verifier_does_not_know_is_named_with_the_uid() {
    let host = host_with(Vec::new());
    let invite = ["invite", "nobody1", "--uid", "1234"];
    let (code, out, error) = finished(&host.output_with(&invite));
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(host.daemon().calls(), ["Invite nobody1 259200 uid 1234"]);
    assert_eq!(out.lines().next(), Some(INVITATION));
    let named = "for nobody1 with the uid 1234, whom this verifier does not know";
    assert!(out.contains(named), "{out}");
    fits(&out);
    let invite = ["invite", "nobody1", "--uid", "1234", "--json"];
    let (_, out, _) = finished(&host.output_with(&invite));
    let report = json(&out);
    assert_eq!(
        (&report["uid"], &report["known"]),
        (&1234.into(), &false.into())
    );

    let (_, out, _) = finished(&host.output_with(&["invite", "both", "--uid", "1234"]));
    assert!(!out.contains("does not know"), "{out}");
}

#[test]
fn an_unknown_user_cannot_be_invited() {
    let (code, out, error) = finished(&host_with(Vec::new()).output_with(&["invite", "nobody1"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(error, "There is no user nobody1 here.\n");
}

#[test]
fn on_a_terminal_the_output_fits_the_window() {
    let host = host_with(Vec::new());
    let mut terminal = host.terminal_with(&["invite", "alice"]);
    assert_eq!(terminal.exit_code(), 0);
    let screen = terminal.screen();
    assert_eq!(screen.lines().next(), Some(INVITATION), "{screen}");
    assert!(screen.contains("is not shown again"), "{screen}");
}
