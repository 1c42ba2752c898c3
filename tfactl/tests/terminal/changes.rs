//! Resetting and unlocking.

use tfa_proto::Status;

use crate::double::finished;
use crate::{account, place};

#[test]
fn a_reset_says_what_it_does_and_takes_the_users_name() {
    let place = place(vec![account("alice", "enabled")]);
    let mut terminal = place.types(&["reset", "alice"]);
    terminal.expect("This deletes the authenticators, the backup codes and an invitation.");
    terminal.expect("Make sure that the request comes from alice.");
    terminal.answers("To confirm, type the user name:", "alice");
    terminal.expect("Two-factor login of alice was reset.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(place.daemon().calls(), ["Show alice", "Reset alice"]);
}

#[test]
fn anything_else_than_the_name_resets_nothing() {
    for answer in ["", "yes", "y", "Alice", "bob"] {
        let place = place(vec![account("alice", "enabled")]);
        let mut terminal = place.types(&["reset", "alice"]);
        terminal.answers("To confirm, type the user name:", answer);
        terminal.expect("Not reset. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(place.daemon().calls(), ["Show alice"]);
    }
    let place = place(vec![account("alice", "enabled")]);
    let mut terminal = place.types(&["reset", "alice"]);
    terminal.expect("To confirm, type the user name:");
    terminal.types("\x03");
    terminal.expect("Not reset. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn what_the_policy_asks_afterwards_is_told_before() {
    let required = Status {
        required: true,
        ..account("alice", "enabled")
    };
    let place = place(vec![required]);
    let terminal = place.types(&["reset", "alice"]);
    terminal.expect("the next login asks alice to set it up.");
}

#[test]
fn a_script_has_to_say_yes() {
    let place = place(vec![account("alice", "enabled")]);
    let (code, _, error) = finished(&place.output(&["reset", "alice"]));
    assert_eq!(code, 1);
    assert!(error.contains("tfactl reset alice --yes"), "{error}");
    assert!(place.daemon().calls().is_empty());
    let (code, out, _) = finished(&place.output(&["reset", "alice", "--yes"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "Two-factor login of alice was reset.\n")
    );
    assert_eq!(place.daemon().calls(), ["Reset alice"]);
}

#[test]
fn the_record_of_a_user_who_is_gone_can_be_reset() {
    let place = place(Vec::new());
    let mut terminal = place.types(&["reset", "nobody1"]);
    terminal.expect("There is no user nobody1 here.");
    terminal.answers("To confirm, type the user name:", "nobody1");
    terminal.expect("Two-factor login of nobody1 was reset.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn whoever_has_nothing_set_up_has_nothing_to_reset() {
    let place = place(Vec::new());
    let mut terminal = place.types(&["reset", "bob"]);
    terminal.expect("bob has not set up two-factor login. There is nothing to reset.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(place.daemon().calls(), ["Show bob"]);
}

#[test]
fn an_invitation_alone_can_be_reset() {
    let invited = Status {
        invited_until: Some(1_800_000_000),
        ..account("bob", "none")
    };
    let place = place(vec![invited]);
    let mut terminal = place.types(&["reset", "bob"]);
    terminal.answers("To confirm, type the user name:", "bob");
    terminal.expect("Two-factor login of bob was reset.");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn unlocking_says_what_stays() {
    let place = place(vec![account("alice", "enabled")]);
    let (code, out, _) = finished(&place.output(&["unlock", "alice"]));
    assert_eq!(code, 0);
    assert!(out.contains("alice is unlocked"), "{out}");
    assert!(out.contains("The authenticators are kept."), "{out}");
    assert_eq!(place.daemon().calls(), ["Unlock alice"]);
}
