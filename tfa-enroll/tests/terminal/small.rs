//! Small windows, no UTF-8, no colours, screen readers.

use tfa_testkit::Run;
use tfa_testkit::daemon::{NEW_CODE, URI};

use crate::camera::{Theme, reads};
use crate::setup::host;

const GROUPED: &str = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXQ";

#[test]
fn two_rows_less_narrow_the_margin_of_a_readable_qr_code() {
    let host = host();
    let terminal = host.terminal(&Run {
        arguments: &["setup"],
        size: Some((22, 80)),
        ..Run::default()
    });
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
}

#[test]
fn the_smallest_margin_of_a_readable_qr_code_is_one_module() {
    let host = host();
    for (size, locale) in [((21, 80), "C.UTF-8"), ((40, 80), "C")] {
        let terminal = host.terminal(&Run {
            arguments: &["setup"],
            environment: &[("LANG", locale)],
            size: Some(size),
            ..Run::default()
        });
        terminal.answers("Press Enter to show the QR code", "");
        terminal.expect("Scan it with the app, then press Enter:");
        for theme in [Theme::Dark, Theme::Light] {
            assert_eq!(reads(&terminal, theme).as_deref(), Some(URI));
        }
    }
}

#[test]
fn a_window_too_small_for_the_qr_code_shows_link_and_key() {
    let host = host();
    let terminal = host.terminal(&Run {
        arguments: &["setup"],
        size: Some((20, 80)),
        ..Run::default()
    });
    terminal.expect("Code from your phone:");
    let screen = terminal.screen();
    assert!(
        screen.contains("The QR code needs 21 rows and 39 columns"),
        "{screen}"
    );
    assert!(screen.contains("--qr png:FILE"), "{screen}");
    assert!(screen.contains(GROUPED), "{screen}");
    terminal.resize(24, 80);
    terminal.types("qr\r");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
}

#[test]
fn a_qr_code_too_large_for_the_window_shows_link_and_key() {
    let host = host();
    host.daemon().account(|account| {
        account.uri = format!("{URI}&image={}", "x".repeat(60));
    });
    let terminal = host.terminal_with(&["setup"]);
    terminal.expect("The QR code needs");
    terminal.expect(GROUPED);
    terminal.expect("Code from your phone:");
}

#[test]
fn without_utf8_only_ascii_is_written() {
    for locale in ["C", "POSIX", "de_DE.ISO-8859-1", ""] {
        let host = host();
        let mut terminal = host.terminal(&Run {
            arguments: &["setup"],
            environment: &[("LANG", locale)],
            ..Run::default()
        });
        terminal.expect("The QR code needs");
        terminal.expect(GROUPED);
        terminal.answers("Code from your phone:", NEW_CODE);
        terminal.answers("Press Enter when you have saved them:", "");
        assert_eq!(terminal.exit_code(), 0);
        assert!(terminal.bytes().is_ascii(), "{locale}");
    }
}

#[test]
fn an_ascii_qr_code_is_readable_with_and_without_colours() {
    for term in ["xterm", "dumb"] {
        let host = host();
        let terminal = host.terminal(&Run {
            arguments: &["setup"],
            environment: &[("LC_ALL", "C"), ("TERM", term)],
            size: Some((70, 100)),
            ..Run::default()
        });
        terminal.expect("Code from your phone:");
        assert_eq!(
            reads(&terminal, Theme::Dark).as_deref(),
            Some(URI),
            "{term}"
        );
        assert!(terminal.bytes().is_ascii());
    }
}

#[test]
fn a_requested_ascii_qr_code_is_shown_even_if_it_scrolls() {
    let host = host();
    let terminal = host.terminal_with(&["setup", "--qr", "ascii"]);
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    let everything = terminal.everything();
    assert!(everything.contains("scroll back"), "{everything}");
}

#[test]
fn without_a_qr_code_all_output_is_line_by_line() {
    let host = host();
    let mut terminal = host.terminal_with(&["setup", "--qr", "none"]);
    terminal.answers("Code from your phone:", "333333");
    terminal.expect("That code is wrong.");
    terminal.types(&format!("{NEW_CODE}\r"));
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    let bytes = terminal.bytes();
    assert!(!bytes.contains(&0x1b), "no control sequence");
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text.matches(GROUPED).count(),
        1,
        "the key is not read out twice"
    );
}

#[test]
fn a_terminal_without_control_sequences_gets_none() {
    let host = host();
    let mut terminal = host.terminal(&Run {
        arguments: &["setup"],
        environment: &[("TERM", "dumb")],
        ..Run::default()
    });
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
    terminal.types("\r");
    terminal.answers("Code from your phone:", NEW_CODE);
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!terminal.bytes().contains(&0x1b));
}

#[test]
fn in_40_columns_no_word_and_no_group_of_the_key_is_broken() {
    let host = host();
    let terminal = host.terminal(&Run {
        arguments: &["setup"],
        size: Some((30, 40)),
        ..Run::default()
    });
    terminal.answers("Press Enter to show the QR code", "");
    terminal.expect("Scan it with the app, then press Enter:");
    assert_eq!(reads(&terminal, Theme::Dark).as_deref(), Some(URI));
    terminal.types("\r");
    terminal.expect("Code from your phone:");
    let screen = terminal.screen();
    let words: Vec<&str> = screen.split_whitespace().collect();
    for word in GROUPED
        .split(' ')
        .chain(["Time-based", "seconds", "Ctrl-C."])
    {
        assert!(words.contains(&word), "{word}: {screen}");
    }
}
