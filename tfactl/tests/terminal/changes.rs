//! Resetting and unlocking.

use tfa_proto::Status;
use tfa_testkit::finished;

use crate::{account, host_with};

#[test]
fn a_reset_describes_itself_and_asks_for_the_user_name() {
    let host = host_with(vec![account("alice", "enabled")]);
    let mut terminal = host.terminal_with(&["reset", "alice"]);
    terminal.expect("This deletes the authenticators, the backup codes and an invitation.");
    terminal.expect("Make sure that the request comes from alice.");
    terminal.answers("To confirm, type the user name:", "alice");
    terminal.expect("Two-factor login of alice was reset.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(host.daemon().calls(), ["Show alice", "Reset alice"]);
}

#[test]
fn any_other_answer_than_the_name_resets_nothing() {
    for answer in ["", "yes", "y", "Alice", "bob"] {
        let host = host_with(vec![account("alice", "enabled")]);
        let mut terminal = host.terminal_with(&["reset", "alice"]);
        terminal.answers("To confirm, type the user name:", answer);
        terminal.expect("Not reset. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(host.daemon().calls(), ["Show alice"]);
    }
    let host = host_with(vec![account("alice", "enabled")]);
    let mut terminal = host.terminal_with(&["reset", "alice"]);
    terminal.expect("To confirm, type the user name:");
    terminal.types("\x03");
    terminal.expect("Not reset. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn the_effect_of_the_policy_is_shown_before_the_reset() {
    let required = Status {
        required: true,
        ..account("alice", "enabled")
    };
    let host = host_with(vec![required]);
    let terminal = host.terminal_with(&["reset", "alice"]);
    terminal.expect("the next login asks alice to set it up.");
}

#[test]
fn a_script_needs_the_option_yes() {
    let host = host_with(vec![account("alice", "enabled")]);
    let (code, _, error) = finished(&host.output_with(&["reset", "alice"]));
    assert_eq!(code, 1);
    assert!(error.contains("tfactl reset alice --yes"), "{error}");
    assert!(host.daemon().calls().is_empty());
    let (code, out, _) = finished(&host.output_with(&["reset", "alice", "--yes"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "Two-factor login of alice was reset.\n")
    );
    assert_eq!(host.daemon().calls(), ["Reset alice"]);
}

#[test]
fn the_record_of_a_deleted_user_can_be_reset() {
    let host = host_with(Vec::new());
    let mut terminal = host.terminal_with(&["reset", "nobody1"]);
    terminal.expect("There is no user nobody1 here.");
    terminal.answers("To confirm, type the user name:", "nobody1");
    terminal.expect("Two-factor login of nobody1 was reset.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_user_who_has_not_enrolled_has_nothing_to_reset() {
    let host = host_with(Vec::new());
    let mut terminal = host.terminal_with(&["reset", "bob"]);
    terminal.expect("bob has not set up two-factor login. There is nothing to reset.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["Show bob"]);
}

#[test]
fn an_invitation_alone_can_be_reset() {
    let invited = Status {
        invited_until: Some(1_800_000_000),
        ..account("bob", "none")
    };
    let host = host_with(vec![invited]);
    let mut terminal = host.terminal_with(&["reset", "bob"]);
    terminal.answers("To confirm, type the user name:", "bob");
    terminal.expect("Two-factor login of bob was reset.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn unlocking_lists_what_it_keeps() {
    let host = host_with(vec![account("alice", "enabled")]);
    let (code, out, _) = finished(&host.output_with(&["unlock", "alice"]));
    assert_eq!(code, 0);
    assert!(out.contains("alice is unlocked"), "{out}");
    assert!(out.contains("The authenticators are kept."), "{out}");
    assert_eq!(host.daemon().calls(), ["Unlock alice"]);
}
