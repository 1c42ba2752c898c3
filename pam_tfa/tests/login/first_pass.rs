//! Where password and code meet. The password comes from `pam_unix`, which stands before the
//! module and whose opinion of it does not count here.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, Call, ask, ask_code, verdict, words};
use crate::program::types;
use crate::stage::{Login, Stage};

/// A line that asks for the password and does not judge it.
pub(crate) const ASK_PASSWORD: &str = "auth [default=ignore] pam_unix.so nodelay";

#[test]
fn the_password_is_not_sent_as_a_code_by_a_program_that_answers_everything_with_it() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code()]);
    let report = stage
        .login("")
        .before(ASK_PASSWORD)
        .answers([types("hunter2"), types("hunter2")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(
        report.said.last().unwrap(),
        "error: That was the password, not the code."
    );
    assert!(report.logged("KbdInteractiveAuthentication yes"));
    assert!(!report.logged("hunter2"));
    assert_eq!(daemon.replies(), [""; 0]);
    assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
}

#[test]
fn without_the_options_the_password_is_left_alone() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("")
        .before(ASK_PASSWORD)
        .answers([types("hunter2"), types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn use_first_pass_takes_the_password_for_the_code_and_never_asks() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("use_first_pass")
        .before(ASK_PASSWORD)
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.said, ["hidden: Password: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn use_first_pass_denies_at_the_second_question() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), ask_code()]);
    let report = stage
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
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code()]);
    let report = stage
        .login("use_first_pass")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), [""; 0]);
}

#[test]
fn try_first_pass_asks_when_the_password_did_not_do() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), ask_code(), verdict("verified")]);
    let report = stage
        .login("try_first_pass")
        .before(ASK_PASSWORD)
        .answers([types("111111"), types("222222")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["111111", "222222"]);
}

#[test]
fn use_first_pass_with_forward_pass_cuts_the_code_off_the_password() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let login = stage
        .login("use_first_pass forward_pass")
        .before(ASK_PASSWORD)
        .answers([types("hunter2123456")]);
    let (report, password) = with_next_module(&stage, login);
    assert_eq!(report, Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
    assert_eq!(password, "hunter2");
}

#[test]
fn use_first_pass_with_forward_pass_denies_without_a_code_at_the_end() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), ask_code(), ask_code()]);
    for password in ["hunter2", "123456", "hunter12345x"] {
        let report = stage
            .login("use_first_pass forward_pass")
            .before(ASK_PASSWORD)
            .answers([types(password), types("123456")])
            .authenticate();
        assert_eq!(report.code(), Code::AUTH_ERR as i32, "{password}");
        assert_eq!(daemon.replies(), [""; 0], "{password}");
    }
}

#[test]
fn forward_pass_asks_for_both_and_hands_the_password_on() {
    let stage = Stage::new();
    let visible = words("ask", "Code: ", 8);
    let daemon = stage.daemon([Act::Turn(visible), verdict("verified")]);
    let login = stage
        .login("forward_pass echo")
        .answers([types("pass wörd12345678")]);
    let (code, password) = with_next_module(&stage, login);
    assert_eq!(code, Code::SUCCESS as i32);
    assert_eq!(password, "pass wörd");
    assert_eq!(daemon.replies(), ["12345678"]);
}

#[test]
fn forward_pass_asks_hidden_whatever_the_question_says() {
    let stage = Stage::new();
    let visible = words("ask", "Code: ", 6);
    let _daemon = stage.daemon([Act::Turn(visible), verdict("verified")]);
    let report = stage
        .login("forward_pass echo")
        .answers([types("hunter2123456")])
        .authenticate();
    assert_eq!(report.said, ["hidden: Password & verification code: "]);
}

#[test]
fn forward_pass_asks_for_the_code_when_none_came_with_the_password() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let login = stage
        .login("forward_pass")
        .answers([types("hunter2"), types("ABCDE-FGHJK")]);
    let (code, password) = with_next_module(&stage, login);
    assert_eq!(code, Code::SUCCESS as i32);
    assert_eq!(password, "hunter2");
    assert_eq!(daemon.replies(), ["ABCDE-FGHJK"]);
}

#[test]
fn forward_pass_asks_one_by_one_where_the_codes_length_is_open() {
    let stage = Stage::new();
    let open = ask("ask-hidden", "Code: ", 0);
    let daemon = stage.daemon([open, verdict("verified")]);
    let report = stage
        .login("forward_pass")
        .answers([types("hunter2"), types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.said, ["hidden: Password: ", "hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn forward_pass_never_sends_the_password_when_a_program_repeats_the_joint_answer() {
    for joint in ["hunter2", "hunter2123456"] {
        let stage = Stage::new();
        let daemon = stage.daemon([ask_code(), ask_code()]);
        let report = stage
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

/// Runs the login with a module behind that keeps the password it is handed.
fn with_next_module(stage: &Stage, login: Login<'_>) -> (i32, String) {
    let kept = stage.folder().join("kept");
    let script = stage.folder().join("keep");
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
