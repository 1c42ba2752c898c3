//! The options about the password. `pam_unix` runs before the module and asks for the password; its
//! result is ignored.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, Call, ask, ask_code, raw_turn, verdict};
use crate::fixture::{Fixture, Login};
use crate::program::types;

/// A line that asks for the password and ignores whether it is correct.
pub(crate) const ASK_PASSWORD: &str = "auth [default=ignore] pam_unix.so nodelay";

#[test]
fn a_program_that_answers_with_the_password_is_refused() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code()]);
    let report = fixture
        .login("")
        .before(ASK_PASSWORD)
        .answers([types("hunter2"), types("hunter2")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(
        report.shown.last().unwrap(),
        "error: That was the password, not the code."
    );
    assert!(report.logged("KbdInteractiveAuthentication yes"));
    assert!(!report.logged("hunter2"));
    assert_eq!(daemon.replies(), [""; 0]);
    assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
}

#[test]
fn without_options_the_password_is_not_used() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("")
        .before(ASK_PASSWORD)
        .answers([types("hunter2"), types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn use_first_pass_takes_the_password_for_the_code_and_never_asks() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("use_first_pass")
        .before(ASK_PASSWORD)
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.shown, ["hidden: Password: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn an_answer_that_the_module_takes_for_the_code_is_no_password() {
    for (options, expected) in [
        ("", true),
        ("forward_pass", true),
        ("try_first_pass", false),
        ("use_first_pass", false),
    ] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([verdict("verified")]);
        let report = fixture
            .login(options)
            .before(ASK_PASSWORD)
            .answers([types("123456")])
            .authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32);
        let given = daemon.contexts()[0].password_given;
        assert_eq!(given, expected, "{options}");
    }
}

#[test]
fn use_first_pass_denies_at_the_second_question() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), ask_code()]);
    let report = fixture
        .login("use_first_pass")
        .before(ASK_PASSWORD)
        .answers([types("111111"), types("222222")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), ["111111"]);
    assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
}

#[test]
fn use_first_pass_denies_where_there_is_no_password() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code()]);
    let report = fixture
        .login("use_first_pass")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), [""; 0]);
}

#[test]
fn try_first_pass_asks_if_the_password_is_no_code() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), ask_code(), verdict("verified")]);
    let report = fixture
        .login("try_first_pass")
        .before(ASK_PASSWORD)
        .answers([types("111111"), types("222222")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["111111", "222222"]);
}

#[test]
fn use_first_pass_with_forward_pass_cuts_the_code_off_the_password() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let login = fixture
        .login("use_first_pass forward_pass")
        .before(ASK_PASSWORD)
        .answers([types("hunter2123456")]);
    let (report, password) = with_next_module(&fixture, login);
    assert_eq!(report, Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
    assert_eq!(password, "hunter2");
}

#[test]
fn use_first_pass_with_forward_pass_denies_without_a_code_at_the_end() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), ask_code(), ask_code()]);
    for password in ["hunter2", "123456", "hunter12345x"] {
        let report = fixture
            .login("use_first_pass forward_pass")
            .before(ASK_PASSWORD)
            .answers([types(password), types("123456")])
            .authenticate();
        assert_eq!(report.code(), Code::AUTH_ERR as i32, "{password}");
        assert_eq!(daemon.replies(), [""; 0], "{password}");
    }
}

#[test]
fn forward_pass_asks_for_both_and_passes_the_password_on() {
    let fixture = Fixture::new();
    let visible = raw_turn("ask", "Code: ", 8);
    let daemon = fixture.daemon([Action::Turn(visible), verdict("verified")]);
    let login = fixture
        .login("forward_pass echo")
        .answers([types("pass wörd12345678")]);
    let (code, password) = with_next_module(&fixture, login);
    assert_eq!(code, Code::SUCCESS as i32);
    assert_eq!(password, "pass wörd");
    assert_eq!(daemon.replies(), ["12345678"]);
}

#[test]
fn forward_pass_asks_without_echo() {
    let fixture = Fixture::new();
    let visible = raw_turn("ask", "Code: ", 6);
    let _daemon = fixture.daemon([Action::Turn(visible), verdict("verified")]);
    let report = fixture
        .login("forward_pass echo")
        .answers([types("hunter2123456")])
        .authenticate();
    assert_eq!(report.shown, ["hidden: Password & verification code: "]);
}

#[test]
fn forward_pass_asks_for_a_code_that_is_missing() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let login = fixture
        .login("forward_pass")
        .answers([types("hunter2"), types("ABCDE-FGHJK")]);
    let (code, password) = with_next_module(&fixture, login);
    assert_eq!(code, Code::SUCCESS as i32);
    assert_eq!(password, "hunter2");
    assert_eq!(daemon.replies(), ["ABCDE-FGHJK"]);
}

#[test]
fn forward_pass_asks_twice_if_the_code_length_is_unknown() {
    let fixture = Fixture::new();
    let open = ask("ask-hidden", "Code: ", 0);
    let daemon = fixture.daemon([open, verdict("verified")]);
    let report = fixture
        .login("forward_pass")
        .answers([types("hunter2"), types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.shown, ["hidden: Password: ", "hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn forward_pass_never_sends_a_repeated_joint_answer() {
    for joint in ["hunter2", "hunter2123456"] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([ask_code(), ask_code()]);
        let report = fixture
            .login("forward_pass")
            .answers([types(joint), types(joint)])
            .authenticate();
        assert_eq!(report.code(), Code::AUTH_ERR as i32, "{joint}");
        for reply in daemon.replies() {
            assert_eq!(reply, "123456", "{joint}");
        }
        assert_eq!(daemon.calls().last(), Some(&Call::Cancel), "{joint}");
    }
}

/// Runs the login with a next module that saves the password that it gets.
fn with_next_module(fixture: &Fixture, login: Login<'_>) -> (i32, String) {
    let kept = fixture.folder().join("kept");
    let script = fixture.folder().join("keep");
    let text = format!("#!/bin/sh\ntr -d '\\0' >{}\n", kept.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!(
        "auth [success=done default=die] pam_exec.so expose_authtok quiet {}",
        script.display()
    );
    let code = login.after(&line).authenticate().code();
    (code, fs::read_to_string(kept).unwrap())
}
