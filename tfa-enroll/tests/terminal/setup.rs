//! Enrollment, from the first screen to the backup codes.

use std::os::unix::fs::PermissionsExt;

use rustix::process::Signal;
use tfa_proto::{Algorithm, Status};
use tfa_testkit::daemon::{NEW_CODE, SECRET, URI, enabled};
use tfa_testkit::{Run, Terminal, TestHost};

use crate::camera::{Theme, reads, reads_drawing, reads_file};

pub(crate) fn host() -> TestHost {
    TestHost::new(
        env!("CARGO_BIN_EXE_tfa-enroll"),
        status_without_enrollment(),
    )
}

pub(crate) fn status_without_enrollment() -> Status {
    Status {
        user: "alice".to_owned(),
        uid: Some(1000),
        state: Some(tfa_proto::State::None.into()),
        ..Status::default()
    }
}

const GROUPED: &str = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXQ";

/// Continues to the question for the code, after the page with the QR code.
fn to_the_key(terminal: &Terminal) {
    terminal.answers("Press Enter to show the QR code", "");
    terminal.answers("Scan it with the app, then press Enter:", "");
    terminal.expect("Code from your phone:");
}

#[test]
fn at_80x24_the_qr_code_has_a_page_to_itself() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
    let (row, _) = terminal.with_screen(vt100::Screen::cursor_position);
    assert_eq!(row, 23, "the prompt is below 23 rows of QR code");
    assert!(terminal.with_screen(vt100::Screen::alternate_screen));
}

#[test]
fn a_camera_reads_the_qr_code_in_a_light_window() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Light).as_deref(), Some(URI));
}

#[test]
fn a_right_code_enables_it_and_shows_ten_backup_codes() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("Two-factor login is on for alice.");
    for at in 0..10 {
        terminal.expect(&format!("ABCD{at}-FGHJ{at}"));
    }
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(host.daemon().calls(), ["Setup", "Confirm 222222"]);
}

#[test]
fn the_last_page_fits_80x24() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("Press Enter when you have saved them:");
    let screen = terminal.screen();
    assert!(
        screen.contains("Two-factor login is on for alice."),
        "{screen}"
    );
    assert!(screen.contains("ABCD0-FGHJ0"), "{screen}");
}

#[test]
fn link_and_key_are_shown_as_text_with_the_question() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    let screen = terminal.screen();
    assert!(screen.replace('\n', "").contains(URI), "{screen}");
    assert!(screen.contains(GROUPED), "{screen}");
    assert!(
        screen.contains("    Account: alice\n    Issuer: desk.example\n"),
        "{screen}"
    );
}

#[test]
fn the_key_leaves_no_trace_on_the_terminal() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    let left = terminal.everything();
    assert!(left.contains("Setting up two-factor login"), "{left}");
    assert!(left.contains("ABCD9-FGHJ9"), "{left}");
    assert!(!left.contains("otpauth"), "{left}");
    assert!(!left.contains("JBSW"), "{left}");
    assert!(!left.contains('\u{2588}'), "{left}");
}

#[test]
fn a_wrong_code_shows_the_hint_and_repeats_the_question() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types("333333\r");
    terminal.expect("That code is wrong. Type the one that the app shows now.");
    assert!(
        terminal.screen().contains(GROUPED),
        "the key is still shown"
    );
    terminal.types("222 222\r");
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    assert_eq!(
        host.daemon().calls(),
        ["Setup", "Confirm 333333", "Confirm 222222"]
    );
}

#[test]
fn malformed_input_is_not_sent() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    for _ in 0..7 {
        terminal.types("22222\r");
        terminal.expect("A code has 6 digits");
    }
    terminal.types("hello\r");
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("Two-factor login is on for alice.");
    assert_eq!(host.daemon().calls(), ["Setup", "Confirm 222222"]);
}

#[test]
fn five_wrong_codes_withdraw_the_pending_authenticator() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    for _ in 0..5 {
        terminal.types("333333\r");
    }
    terminal.expect("Stopped after five wrong codes. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls().last().unwrap(), "Abandon");
}

#[test]
fn the_qr_code_is_repeated_on_request() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types("qr\r");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
}

#[test]
fn one_empty_line_is_ignored_and_two_cancel() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types("\r");
    terminal.expect("Enter the code, or press Enter again to cancel.");
    terminal.types("\r");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["Setup", "Abandon"]);
}

#[test]
fn ctrl_c_and_ctrl_d_cancel_on_every_page() {
    for key in ["\x03", "\x04"] {
        for pages in 0..3 {
            let host = host();
            let mut terminal = host.terminal_with(&["setup"]);
            let prompts = [
                "Press Enter to show the QR code",
                "Scan it with the app",
                "Code from your phone:",
            ];
            for prompt in &prompts[..pages] {
                terminal.answers(prompt, "");
            }
            terminal.expect(prompts[pages]);
            terminal.types(key);
            terminal.expect("Cancelled. Nothing was changed.");
            assert_eq!(terminal.exit_code(), 1);
            assert!(!terminal.with_screen(vt100::Screen::alternate_screen));
            assert_eq!(host.daemon().calls(), ["Setup", "Abandon"]);
        }
    }
}

#[test]
fn a_signal_or_hangup_withdraws_the_pending_authenticator() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["Setup", "Abandon"]);

    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.closes();
    let _ = terminal.exit_code();
    assert_eq!(
        host.daemon().calls(),
        ["Setup", "Abandon", "Setup", "Abandon"]
    );
}

#[test]
fn ctrl_z_restores_the_terminal_and_resuming_redraws_the_page() {
    let host = host();
    let terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    terminal.types("\x1a");
    terminal.expect_that("first screen", |screen| !screen.alternate_screen());
    while terminal.process_state() != 'T' {
        std::thread::yield_now();
    }
    terminal.signal(Signal::CONT);
    terminal.expect(GROUPED);
    terminal.expect("Code from your phone:");
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("Two-factor login is on for alice.");
}

#[test]
fn a_large_window_shows_all_on_one_page() {
    let host = host();
    let terminal = host.terminal(&Run {
        arguments: &["setup"],
        size: Some((50, 100)),
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
    let screen = terminal.screen();
    assert!(screen.contains(GROUPED), "{screen}");
    assert!(screen.replace('\n', "").contains(URI), "{screen}");
}

#[test]
fn without_a_command_it_offers_enrollment_and_runs_it() {
    let host = host();
    let mut terminal = host.terminal_with(&[]);
    terminal.expect("Two-factor login: off");
    terminal.answers("Set it up now? [Y/n]", "");
    to_the_key(&terminal);
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn a_declined_offer_shows_how_to_enroll_later() {
    let host = host();
    let mut terminal = host.terminal_with(&[]);
    terminal.answers("Set it up now? [Y/n]", "perhaps");
    terminal.answers("Type y or n", "n");
    terminal.expect("To set it up later: tfa-enroll setup");
    assert_eq!(terminal.exit_code(), 0);
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn an_enrolled_user_gets_a_message_before_any_question() {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled());
    let mut terminal = host.terminal_with(&["setup"]);
    terminal.expect("Two-factor login is already set up. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn the_authenticator_options_are_sent_to_the_daemon() {
    let host = host();
    let terminal = host.terminal_with(&[
        "setup",
        "--algorithm",
        "sha256",
        "--digits",
        "8",
        "--period",
        "60",
        "--name",
        "my phone",
    ]);
    to_the_key(&terminal);
    terminal.expect("Time-based (TOTP), SHA256, 8 digits, every 60 seconds");
    terminal.types("222222\r");
    terminal.expect("A code has 8 digits");
    let parameters = host.daemon().account(|account| account.parameters.clone());
    let parameters = parameters.unwrap();
    assert_eq!(parameters.name.as_deref(), Some("my phone"));
    assert_eq!(parameters.algorithm, Some(Algorithm::Sha256.into()));
    assert_eq!((parameters.digits, parameters.period), (Some(8), Some(60)));
}

#[test]
fn a_qr_code_file_is_private_and_removed_after_enrollment() {
    for form in ["png", "svg"] {
        let host = host();
        let file = host.file("key");
        let option = format!("--qr={form}:{}", file.display());
        let mut terminal = host.terminal(&Run {
            arguments: &["setup", &option],
            size: Some((24, 160)),
            ..Run::default()
        });
        terminal.expect("The QR code is in the file");
        terminal.expect("Code from your phone:");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        if form == "png" {
            assert_eq!(reads_file(&file).as_deref(), Some(URI));
        } else {
            let svg = std::fs::read_to_string(&file).unwrap();
            assert_eq!(reads_drawing(&svg).as_deref(), Some(URI));
        }
        terminal.types(&format!("{NEW_CODE}\r"));
        terminal.answers("Delete it? [Y/n]", "");
        terminal.answers("Press Enter when you have saved them:", "");
        assert_eq!(terminal.exit_code(), 0);
        assert!(!file.exists());
    }
}

#[test]
fn a_qr_code_file_can_be_kept_with_a_warning() {
    let host = host();
    let file = host.file("key.png");
    let option = format!("--qr=png:{}", file.display());
    let mut terminal = host.terminal(&Run {
        arguments: &["setup", &option],
        size: Some((24, 160)),
        ..Run::default()
    });
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.answers("Delete it? [Y/n]", "n");
    terminal.expect("Delete it soon");
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    assert!(file.exists());
}

#[test]
fn the_qr_code_file_of_a_withdrawn_enrollment_is_removed() {
    let host = host();
    let file = host.file("key.png");
    let option = format!("--qr=png:{}", file.display());
    let mut terminal = host.terminal_with(&["setup", &option]);
    terminal.expect("Code from your phone:");
    terminal.types("\x03");
    assert_eq!(terminal.exit_code(), 1);
    assert!(!file.exists());
}

#[test]
fn an_existing_file_is_refused_first_and_is_unchanged() {
    let host = host();
    let (file, target) = (host.file("key.png"), host.file("target"));
    std::fs::write(&file, "precious").unwrap();
    let option = format!("--qr=png:{}", file.display());
    let mut terminal = host.terminal_with(&["setup", &option]);
    terminal.expect("already exists");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");

    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&target, &file).unwrap();
    let mut terminal = host.terminal_with(&["setup", &option]);
    terminal.expect("already exists");
    assert_eq!(terminal.exit_code(), 1);
    assert!(!target.exists(), "a link is not followed");
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn a_daemon_that_exits_midway_ends_it_with_the_reason() {
    let mut host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    host.stop_daemon();
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.expect("The two-factor service (tfad) does not run");
    assert_eq!(terminal.exit_code(), 3);
    let everything = terminal.everything();
    assert!(!everything.contains(SECRET), "{everything}");
}

#[test]
fn an_interrupt_before_the_answer_warns_that_the_code_may_be_used() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup"]);
    to_the_key(&terminal);
    host.daemon().account(|account| account.silent = true);
    terminal.types(&format!("{NEW_CODE}\r"));
    host.daemon().expect_call("Confirm 222222");
    terminal.types("\x03");
    terminal.expect("It is not known whether");
    terminal.expect("tfa-enroll codes");
    assert_eq!(terminal.exit_code(), 3);
}
