//! Questions and answers between the person and the daemon.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, Call, ask, ask_code, verdict, words};
use crate::program::{Answer, Step, types};
use crate::stage::{IGNORED, Stage};

#[test]
fn lines_and_questions_come_in_the_daemons_order() {
    let stage = Stage::new();
    let first = words("ask", "Code: ", 6).after_line("info", "Welcome.\nTwo rows.");
    let second = words("ask-hidden", "Again: ", 6).after_line("error", "That was wrong.");
    let last = words("verdict", "verified", 0).after_line("info", "9 backup codes left.");
    let daemon = stage.daemon([Act::Turn(first), Act::Turn(second), Act::Turn(last)]);
    let report = stage
        .login("")
        .answers([types("111111"), types("222222")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(
        report.said,
        [
            "info: Welcome.\nTwo rows.",
            "visible: Code: ",
            "error: That was wrong.",
            "hidden: Again: ",
            "info: 9 backup codes left.",
        ]
    );
    assert_eq!(daemon.replies(), ["111111", "222222"]);
}

#[test]
fn echo_shows_what_would_be_hidden() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("echo")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.said, ["visible: Code: "]);
}

#[test]
fn a_silent_login_is_told_what_a_question_needs_and_the_errors_that_end_it() {
    let stage = Stage::new();
    let first = words("ask-hidden", "Code: ", 6).after_line("info", "Welcome.");
    let second = words("ask-hidden", "Code: ", 6).after_line("error", "Not right.");
    let last = words("verdict", "locked", 0)
        .after_line("info", "Good evening.")
        .after_line("error", "Locked.");
    let _daemon = stage.daemon([Act::Turn(first), Act::Turn(second), Act::Turn(last)]);
    let report = stage
        .login("")
        .answers([types("111111"), types("123456")])
        .run([Step::AuthenticateSilently]);
    assert_eq!(report.code(), Code::MAXTRIES as i32);
    assert_eq!(
        report.said,
        [
            "hidden: Welcome.\nCode: ",
            "hidden: Not right.\nCode: ",
            "error: Locked."
        ]
    );
}

#[test]
fn no_text_steers_the_terminal() {
    let stage = Stage::new();
    let turn = words("ask", "Co\u{1b}[2Jde:\t ", 6).after_line("info", "a\r\nb\u{9b}1mc");
    let _daemon = stage.daemon([Act::Turn(turn), verdict("verified")]);
    let report = stage.login("").answers([types("123456")]).authenticate();
    assert_eq!(report.said, ["info: a\nb1mc", "visible: Co[2Jde: "]);
}

#[test]
fn an_empty_answer_is_the_daemons_to_judge() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("denied")]);
    let report = stage.login("").answers([types("")]).authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), [""]);
}

#[test]
fn no_answer_is_a_failed_conversation_and_ends_the_dialog() {
    for answer in [Answer::Null, Answer::NoResponse, Answer::Fail] {
        let stage = Stage::new();
        let daemon = stage.daemon([ask_code()]);
        let report = stage.login("").answers([answer.clone()]).authenticate();
        assert_eq!(report.code(), Code::CONV_ERR as i32, "{answer:?}");
        assert_eq!(daemon.calls().last(), Some(&Call::Cancel), "{answer:?}");
        assert_eq!(daemon.replies(), [""; 0], "{answer:?}");
    }
}

#[test]
fn an_answer_that_is_no_text_is_judged_as_a_wrong_code() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("denied")]);
    let typed = Answer::Bytes(b"\xff123456".to_vec());
    let report = stage.login("").answers([typed]).authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), ["\u{fffd}"]);
}

#[test]
fn an_answer_never_reaches_the_log() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), verdict("denied")]);
    let report = stage
        .login("debug")
        .answers([types("731946")])
        .authenticate();
    assert!(report.logged("Verdict(Denied)"), "debug says something");
    assert!(!report.logged("731946"));
}

#[test]
fn after_publickey_asks_who_came_with_a_key() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("after_publickey")
        .variable("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn after_publickey_leaves_everybody_else_alone() {
    let stage = Stage::new();
    let daemon = stage.daemon([]);
    for variable in ["OTHER=publickey x", "SSH_AUTH_INFO_0=password\nhostbased"] {
        let report = stage
            .login("after_publickey not_required=success")
            .variable(variable)
            .authenticate();
        assert_eq!(report.code(), IGNORED);
        assert!(!report.said.iter().any(|said| said.starts_with("hidden")));
    }
    assert_eq!(daemon.calls(), []);
}

#[test]
fn after_publickey_does_not_spare_anybody_the_account_phase() {
    let stage = Stage::new();
    let _daemon = stage.daemon([verdict("denied")]);
    let report = stage.login("after_publickey").account();
    assert_eq!(report.code(), Code::PERM_DENIED as i32);
}

#[test]
fn the_user_may_not_change_between_question_and_verdict() {
    for name in ["verified", "not-required"] {
        let stage = Stage::new();
        let _daemon = stage.daemon([ask("ask", "Code: ", 6), verdict(name)]);
        let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
        let report = stage.login("").answers([answer]).authenticate();
        assert_eq!(report.code(), Code::AUTH_ERR as i32, "{name}");
        assert!(report.logged("user name changed"), "{name}");
    }
}
