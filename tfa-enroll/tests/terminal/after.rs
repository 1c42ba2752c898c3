//! After enrollment: a new phone, pausing, resuming, removing, testing a code.

use tfa_proto::Status;
use tfa_testkit::TestHost;
use tfa_testkit::daemon::{NEW_CODE, PROOF, enabled};

fn host() -> TestHost {
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled())
}

fn paused() -> TestHost {
    let status = Status {
        state: Some(tfa_proto::State::Paused.into()),
        ..enabled()
    };
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), status)
}

#[test]
fn a_right_code_activates_a_new_phone() {
    let host = host();
    let mut terminal = host.terminal_with(&["move"]);
    terminal.answers("Code from your phone, or a backup code:", PROOF);
    terminal.answers("Press Enter to show the QR code", "");
    terminal.answers("Scan it with the app", "");
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.expect("The new phone is active. The old phone no longer works.");
    terminal.expect("Your backup codes did not change. Unused backup codes: 8");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        ["Move", "Move 111111", "Confirm 222222"]
    );
}

#[test]
fn a_backup_code_used_by_a_move_is_not_counted_as_left() {
    let host = host();
    let terminal = host.terminal_with(&["move", "--qr", "none"]);
    terminal.answers("or a backup code:", "ABCDE-FGHJK");
    terminal.expect("To cancel, press Ctrl-C.");
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("Your backup codes did not change. Unused backup codes: 7");
}

#[test]
fn a_cancelled_move_withdraws_the_pending_authenticator() {
    let host = host();
    let mut terminal = host.terminal_with(&["move"]);
    terminal.answers("or a backup code:", "ABCDE-FGHJK");
    terminal.expect("Press Enter to show the QR code");
    terminal.types("\x03");
    terminal.expect("Cancelled. Your old phone still works");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(
        host.daemon().calls(),
        ["Move", "Move ABCDE-FGHJK", "Abandon"]
    );
}

#[test]
fn pause_resume_and_remove_each_need_a_proof() {
    let host = host();
    for (command, said) in [
        ("pause", "Two-factor login is paused"),
        ("resume", "Two-factor login is on again."),
    ] {
        let mut terminal = host.terminal_with(&[command]);
        terminal.answers("or a backup code:", PROOF);
        terminal.expect(said);
        assert_eq!(terminal.exit_code(), 0);
    }
    let mut terminal = host.terminal_with(&["remove"]);
    terminal.answers("To remove it, type yes", "yes");
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("Two-factor login is off for alice.");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        [
            "Pause",
            "Pause 111111",
            "Resume",
            "Resume 111111",
            "Remove",
            "Remove 111111"
        ]
    );
}

#[test]
fn removing_needs_a_typed_yes() {
    for answer in ["", "y", "no", "remove"] {
        let host = host();
        let mut terminal = host.terminal_with(&["remove"]);
        terminal.answers("To remove it, type yes", answer);
        terminal.expect("Not removed. Nothing was changed.");
        assert_eq!(terminal.exit_code(), 1);
        assert!(host.daemon().calls().is_empty());
    }
}

#[test]
fn an_impossible_change_is_refused_before_the_code() {
    for (host, command, said) in [
        (host(), "resume", "Two-factor login is not paused."),
        (paused(), "pause", "Two-factor login is already paused."),
    ] {
        let mut terminal = host.terminal_with(&[command]);
        terminal.expect(said);
        assert_eq!(terminal.exit_code(), 1);
        assert!(host.daemon().calls().is_empty());
    }
}

#[test]
fn status_of_a_new_user_shows_how_to_enroll() {
    for command in ["codes", "move", "pause", "resume", "remove", "test"] {
        let host = crate::setup::host();
        let mut terminal = host.terminal_with(&[command]);
        terminal.expect("To set it up: tfa-enroll setup");
        assert_eq!(terminal.exit_code(), 1);
        assert!(host.daemon().calls().is_empty());
    }
}

#[test]
fn a_code_can_be_tested_and_a_wrong_one_is_explained() {
    let host = host();
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("A login would accept it. It was not used up.");
    assert_eq!(terminal.exit_code(), 0);
    let mut terminal = host.terminal_with(&["test"]);
    terminal.answers("or a backup code:", "000000");
    terminal.expect("A login would not accept this code.");
    terminal.expect("Perhaps the clock of your phone is off");
    assert_eq!(terminal.exit_code(), 1);
}
