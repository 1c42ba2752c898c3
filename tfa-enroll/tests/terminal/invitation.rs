//! Enrollment under a policy that requires an invitation.

use tfa_testkit::daemon::{INVITATION, NEW_CODE, OLD_INVITATION, ONE_TOO_MANY, Polkit};
use tfa_testkit::{Terminal, TestHost};

const PROMPT: &str = "Invitation code:";

fn host() -> TestHost {
    let host = crate::setup::host();
    host.daemon()
        .account(|account| account.needs_invitation = true);
    host
}

fn setting_up(host: &TestHost) -> Terminal {
    host.terminal_with(&["setup", "--qr", "none"])
}

#[test]
fn the_invitation_code_is_asked_first_and_is_visible() {
    let host = host();
    host.daemon()
        .account(|account| account.polkit = Polkit::WrongPassword(1));
    let mut terminal = setting_up(&host);
    terminal.expect("Your administrator can create one: tfactl invite alice");
    terminal.answers(PROMPT, INVITATION);
    terminal.expect(&format!("{PROMPT} {INVITATION}"));
    terminal.answers("Try again? [Y/n]", "");
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        [
            "Setup",
            "Setup MNPQR-STVWX",
            "Setup MNPQR-STVWX",
            "Confirm 222222"
        ],
        "the code is asked for once, however often polkit asks"
    );
}

#[test]
fn three_wrong_invitation_codes_end_the_command() {
    let host = host();
    let mut terminal = setting_up(&host);
    for said in 1..=3 {
        terminal.expect_that("prompt", |screen| {
            screen.contents().matches(PROMPT).count() == said
        });
        terminal.types("ABCDE-FGHJK\r");
    }
    terminal.expect("Wrong invitation code.");
    terminal.expect("Stopped after three wrong invitation codes");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls().len(), 4);
}

#[test]
fn a_right_invitation_code_is_accepted_after_a_wrong_one() {
    let host = host();
    let terminal = setting_up(&host);
    terminal.answers(PROMPT, "ABCDE-FGHJK");
    terminal.expect("Wrong invitation code.");
    terminal.types(&format!("{INVITATION}\r"));
    terminal.expect("Code from your phone:");
}

#[test]
fn a_malformed_invitation_code_is_not_sent() {
    let host = host();
    let terminal = setting_up(&host);
    terminal.expect(PROMPT);
    for typed in ["123456", "hello", "ABCDE-FGHJ!", "ABCDE", "a b c"] {
        terminal.types(&format!("{typed}\r"));
    }
    terminal.expect("Not a valid invitation code. It has two groups of five letters and digits.");
    terminal.types(&format!("{INVITATION}\r"));
    terminal.expect("Code from your phone:");
    assert_eq!(host.daemon().calls(), ["Setup", "Setup MNPQR-STVWX"]);
}

#[test]
fn a_user_without_an_invitation_code_can_leave() {
    for keys in ["\r\r", "\x03", "\x04"] {
        let host = host();
        let mut terminal = setting_up(&host);
        terminal.expect(PROMPT);
        terminal.types(keys);
        terminal.expect("Cancelled. Nothing was changed. An unused invitation code stays valid.");
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(host.daemon().calls(), ["Setup"]);
    }
}

#[test]
fn a_lock_and_an_expired_invitation_have_their_own_messages() {
    for (word, said) in [
        (
            ONE_TOO_MANY,
            "Too many wrong codes. Try again in 30 seconds.",
        ),
        (OLD_INVITATION, "There is no invitation for you now."),
    ] {
        let host = host();
        let mut terminal = setting_up(&host);
        terminal.answers(PROMPT, word);
        terminal.expect(said);
        assert_eq!(terminal.exit_code(), 1);
        assert_eq!(host.daemon().calls().len(), 2);
    }
}

#[test]
fn no_invitation_code_is_asked_if_none_is_needed() {
    let host = crate::setup::host();
    let terminal = setting_up(&host);
    terminal.expect("Code from your phone:");
    assert!(!terminal.everything().contains("nvitation"));
}
