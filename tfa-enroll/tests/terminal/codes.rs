//! New backup codes, on the screen and on paper.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tfa_testkit::daemon::{PROOF, enabled};
use tfa_testkit::{Run, TestHost};

fn host() -> TestHost {
    TestHost::new(env!("CARGO_BIN_EXE_tfa-enroll"), enabled())
}

fn text_of(pdf: &Path) -> String {
    let output = Command::new("pdftotext")
        .args(["-layout"])
        .arg(pdf)
        .arg("-")
        .output()
        .expect("pdftotext is installed");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_new_set_is_shown_after_a_right_proof() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.answers("Code from your phone, or a backup code:", "000000");
    terminal.expect("Perhaps the clock of your phone is off");
    assert!(!terminal.screen().contains("ABCD0"));
    terminal.types(&format!("{PROOF}\r"));
    terminal.expect("The old ones are invalid");
    for at in 0..10 {
        terminal.expect(&format!("ABCD{at}-FGHJ{at}"));
    }
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn three_wrong_proofs_end_the_command() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    for _ in 0..3 {
        terminal.types("000000\r");
    }
    terminal.expect("Stopped after three wrong codes");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls().len(), 4);
}

#[test]
fn malformed_input_is_not_sent_and_one_empty_line_is_ignored() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    for slip in ["hello", "12345", "", "11111o", ""] {
        terminal.answers("or a backup code:", slip);
    }
    terminal.types("\r");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert_eq!(host.daemon().calls(), ["NewBackupCodes"]);
}

#[test]
fn a_lock_ends_the_command_with_the_time_to_wait() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.answers("or a backup code:", "999999");
    terminal.expect("Try again in 30 seconds.");
    assert_eq!(terminal.exit_code(), 1);
}

#[test]
fn a_printable_page_has_the_codes_and_their_purpose() {
    let host = host();
    let pdf = host.file("codes.pdf");
    let mut terminal = host.terminal(&Run {
        arguments: &["codes", "--pdf", pdf.to_str().unwrap()],
        size: Some((24, 160)),
        ..Run::default()
    });
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("codes.pdf\nPrint the file, then delete it.");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!terminal.everything().contains("ABCD0"), "only on the page");
    let mode = std::fs::metadata(&pdf).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let text = text_of(&pdf);
    for at in 0..10 {
        assert!(text.contains(&format!("ABCD{at}-FGHJ{at}")), "{text}");
    }
    assert!(text.contains("Backup codes for two-factor login"), "{text}");
    assert!(text.contains("alice"), "{text}");
    assert!(text.contains("Each works once"), "{text}");
    let info = Command::new("pdfinfo").arg(&pdf).output().unwrap();
    let info = String::from_utf8(info.stdout).unwrap();
    assert!(info.contains("Pages:           1"), "{info}");
    assert!(info.contains("(A4)"), "{info}");
    assert!(info.contains("Backup codes of alice on "), "{info}");
}

#[test]
fn text_file_has_the_codes_and_names_user_host_and_purpose() {
    let host = host();
    let text = host.file("codes.txt");
    let mut terminal = host.terminal(&Run {
        arguments: &["codes", "--text", text.to_str().unwrap()],
        size: Some((24, 160)),
        ..Run::default()
    });
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("codes.txt\nPrint the file, then delete it.");
    assert_eq!(terminal.exit_code(), 0);
    assert!(!terminal.everything().contains("ABCD0"), "only in the file");
    let mode = std::fs::metadata(&text).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let text = std::fs::read_to_string(&text).unwrap();
    for at in 0..10 {
        assert!(text.contains(&format!("[ ] ABCD{at}-FGHJ{at}\n")), "{text}");
    }
    for part in [
        "User:     alice",
        "Host:     ",
        "Created:  ",
        "Each works once",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn the_destinations_of_codes_exclude_each_other() {
    let host = host();
    for other in [&["--text", "a.txt"][..], &["--print"]] {
        let arguments = [&["codes", "--pdf", "a.pdf"], other].concat();
        let mut terminal = host.terminal_with(&arguments);
        terminal.expect("cannot be used with");
        assert_eq!(terminal.exit_code(), 2);
    }
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn an_impossible_page_is_refused_before_any_question() {
    let host = host();
    let taken = host.file("taken.pdf");
    std::fs::write(&taken, "precious").unwrap();
    for (path, reason) in [
        (taken.clone(), "already exists"),
        (host.file("no/folder.pdf"), "The directory does not exist"),
    ] {
        for option in ["--pdf", "--text"] {
            let mut terminal = host.terminal_with(&["codes", option, path.to_str().unwrap()]);
            terminal.expect(reason);
            assert_eq!(terminal.exit_code(), 1);
        }
    }
    assert_eq!(std::fs::read_to_string(&taken).unwrap(), "precious");
    assert!(host.daemon().calls().is_empty());
}

#[test]
fn codes_that_cannot_be_saved_are_shown() {
    let host = host();
    let before = format!(
        "mkdir {0}/full; mount -t tmpfs -o size=4k,mode=1777 tmpfs {0}/full; \
         head -c 4096 /dev/zero > {0}/full/all",
        host.folder().display()
    );
    let pdf = host.file("full/codes.pdf");
    let mut terminal = host.terminal(&Run {
        arguments: &["codes", "--pdf", pdf.to_str().unwrap()],
        before: &before,
        ..Run::default()
    });
    terminal.answers("or a backup code:", PROOF);
    terminal.expect("could not be written");
    for at in 0..10 {
        terminal.expect(&format!("ABCD{at}-FGHJ{at}"));
    }
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn without_a_proof_no_page_is_left() {
    let host = host();
    let pdf = host.file("codes.pdf");
    let mut terminal = host.terminal_with(&["codes", "--pdf", pdf.to_str().unwrap()]);
    terminal.expect("or a backup code:");
    terminal.types("\x04");
    terminal.expect("Cancelled. Nothing was changed.");
    assert_eq!(terminal.exit_code(), 1);
    assert!(!pdf.exists());
}

#[test]
fn a_file_name_saves_the_page_and_a_bad_name_loses_nothing() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.answers("Press Enter when you have saved them:", "no/folder.pdf");
    terminal.expect("The directory does not exist");
    terminal.types("paper.pdf\r");
    terminal.expect("paper.pdf\nPrint the file, then delete it.");
    terminal.answers("Press Enter to finish:", "thanks");
    terminal.expect("No further file was written.");
    terminal.types("\r");
    assert_eq!(terminal.exit_code(), 0);
    assert!(text_of(&host.file("paper.pdf")).contains("ABCD9-FGHJ9"));
}

#[test]
fn a_file_name_in_txt_saves_a_text_file() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.answers("or a backup code:", PROOF);
    terminal.answers("Press Enter when you have saved them:", "paper.txt");
    terminal.expect("paper.txt\nPrint the file, then delete it.");
    terminal.types("\r");
    assert_eq!(terminal.exit_code(), 0);
    let text = std::fs::read_to_string(host.file("paper.txt")).unwrap();
    assert!(text.contains("ABCD9-FGHJ9"), "{text}");
}

#[test]
fn an_answer_without_a_file_name_saves_no_file() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes"]);
    terminal.answers("or a backup code:", PROOF);
    for answer in ["y", "ok", "ABCD9-FGHJ9"] {
        terminal.answers("Press Enter when you have saved them:", answer);
        terminal.expect("Not saved. Type a file name that ends in .pdf or .txt");
        assert!(!host.file(answer).exists());
    }
    terminal.types("\r");
    assert_eq!(terminal.exit_code(), 0);
}

#[test]
fn bound_codes_are_shown_and_not_offered_as_a_page() {
    let host = host();
    let mut terminal = host.terminal_with(&["codes", "--bound"]);
    terminal.expect("codes that are bound to this host");
    terminal.answers("Code from your phone, or a backup code:", PROOF);
    terminal.expect("valid on this host alone");
    terminal.expect("ABCD9-FGHJ9");
    assert!(!terminal.screen().contains(".pdf"));
    // A user would throw the real ones away.
    assert!(!terminal.screen().contains("These are your backup codes"));
    terminal.answers("Press Enter when you have saved them:", "");
    assert_eq!(terminal.exit_code(), 0);
    let calls = host.daemon().calls();
    assert!(
        calls
            .iter()
            .any(|call| format!("{call:?}").contains("NewBoundCodes"))
    );
}
