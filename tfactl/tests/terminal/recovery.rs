//! The recovery code of the host.

use tfa_proto::{RecoveryState, RecoveryStatus};
use tfa_testkit::daemon::RECOVERY_CODE;
use tfa_testkit::{TestHost, finished};

use crate::{fits, host_with, json};

/// A host with a recovery code in this state.
fn host_in(state: RecoveryState) -> TestHost {
    let host = host_with(Vec::new());
    let is_used = state == RecoveryState::Used;
    let recovery = RecoveryStatus {
        state: state.into(),
        created: (state != RecoveryState::None).then_some(1_795_910_400),
        used: is_used.then_some(1_796_083_200),
        used_by: is_used.then(|| "alice".to_owned()),
    };
    host.daemon().account(|account| account.recovery = recovery);
    host
}

const BOTH: [&str; 2] = ["RecoveryStatus", "CreateRecoveryCode"];

#[test]
fn the_recovery_code_is_the_first_line_and_what_to_do_follows() {
    for state in [RecoveryState::None, RecoveryState::Used] {
        let host = host_in(state);
        let (code, out, error) = finished(&host.output_with(&["recovery", "create"]));
        assert_eq!((code, error.as_str()), (0, ""));
        assert_eq!(out.lines().next(), Some(RECOVERY_CODE));
        assert!(out.contains("It is not shown again."), "{out}");
        fits(&out);
        assert_eq!(host.daemon().calls(), BOTH);
    }
    let host = host_in(RecoveryState::None);
    let (_, out, _) = finished(&host.output_with(&["recovery", "create", "--json"]));
    assert_eq!(json(&out)["recovery_code"], RECOVERY_CODE);
}

#[test]
fn a_code_that_was_not_used_is_replaced_after_a_question() {
    for (answer, replaced) in [("y", true), ("Yes", true), ("", false), ("no", false)] {
        let host = host_in(RecoveryState::Valid);
        let mut terminal = host.terminal_with(&["recovery", "create"]);
        terminal.expect("A new one makes it void");
        terminal.answers("Create a new one? [y/N]", answer);
        if replaced {
            terminal.expect(RECOVERY_CODE);
        } else {
            terminal.expect("Not replaced. The recovery code of before stays valid.");
        }
        assert_eq!(terminal.exit_code(), i32::from(!replaced));
        let calls = if replaced { &BOTH[..] } else { &BOTH[..1] };
        assert_eq!(host.daemon().calls(), calls);
    }
}

#[test]
fn a_script_needs_the_option_yes_to_replace_a_code() {
    let host = host_in(RecoveryState::Valid);
    let (code, out, error) = finished(&host.output_with(&["recovery", "create"]));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("tfactl recovery create --yes"), "{error}");
    assert_eq!(host.daemon().calls(), BOTH[..1]);
    let host = host_in(RecoveryState::Valid);
    let (code, ..) = finished(&host.output_with(&["recovery", "create", "--yes"]));
    assert_eq!(code, 0);
    assert_eq!(host.daemon().calls(), BOTH);
}

#[test]
fn the_status_says_when_it_was_made_and_who_used_it() {
    for (state, text) in [
        (RecoveryState::None, "This host has no recovery code."),
        (RecoveryState::Valid, "It was not used."),
        (
            RecoveryState::Used,
            "is void. alice used it at 2026-12-01 00:00.",
        ),
    ] {
        let host = host_in(state);
        let (code, out, _) = finished(&host.output_with(&["recovery", "status"]));
        assert_eq!(code, 0);
        assert!(out.contains(text), "{out}");
        fits(&out);
        let (_, out, _) = finished(&host.output_with(&["recovery", "status", "--json"]));
        let status = json(&out);
        let keys: Vec<&str> = status
            .as_object()
            .unwrap()
            .keys()
            .map(|key| key.as_str())
            .collect();
        let mut expected = ["state", "created", "used", "used_by"];
        expected.sort_unstable();
        let mut keys = keys;
        keys.sort_unstable();
        assert_eq!(keys, expected);
        assert_eq!(status["created"].is_null(), state == RecoveryState::None);
        assert_eq!(status["used_by"] == "alice", state == RecoveryState::Used);
        assert_eq!(
            status["used"] == "2026-12-01T00:00:00Z",
            state == RecoveryState::Used
        );
    }
}
