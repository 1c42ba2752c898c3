//! Questions and answers.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, Call, ask, ask_code, raw_turn, verdict};
use crate::fixture::{Fixture, IGNORED};
use crate::program::{Answer, Step, types};

#[test]
fn lines_and_questions_keep_the_daemons_order() {
    let fixture = Fixture::new();
    let first = raw_turn("ask", "Code: ", 6).after_line("info", "Welcome.\nTwo rows.");
    let second = raw_turn("ask-hidden", "Again: ", 6).after_line("error", "That was wrong.");
    let last = raw_turn("verdict", "verified", 0).after_line("info", "9 backup codes left.");
    let daemon = fixture.daemon([
        Action::Turn(first),
        Action::Turn(second),
        Action::Turn(last),
    ]);
    let report = fixture
        .login("")
        .answers([types("111111"), types("222222")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(
        report.shown,
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
fn echo_makes_hidden_questions_visible() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("echo")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.shown, ["visible: Code: "]);
}

#[test]
fn a_silent_login_sees_lines_with_a_question_and_final_errors() {
    let fixture = Fixture::new();
    let first = raw_turn("ask-hidden", "Code: ", 6).after_line("info", "Welcome.");
    let second = raw_turn("ask-hidden", "Code: ", 6).after_line("error", "Not right.");
    let last = raw_turn("verdict", "locked", 0)
        .after_line("info", "Good evening.")
        .after_line("error", "Locked.");
    let _daemon = fixture.daemon([
        Action::Turn(first),
        Action::Turn(second),
        Action::Turn(last),
    ]);
    let report = fixture
        .login("")
        .answers([types("111111"), types("123456")])
        .run([Step::AuthenticateSilently]);
    assert_eq!(report.code(), Code::MAXTRIES as i32);
    assert_eq!(
        report.shown,
        [
            "hidden: Welcome.\nCode: ",
            "hidden: Not right.\nCode: ",
            "error: Locked."
        ]
    );
}

#[test]
fn no_text_controls_the_terminal() {
    let fixture = Fixture::new();
    let turn = raw_turn("ask", "Co\u{1b}[2Jde:\t ", 6).after_line("info", "a\r\nb\u{9b}1mc");
    let _daemon = fixture.daemon([Action::Turn(turn), verdict("verified")]);
    let report = fixture.login("").answers([types("123456")]).authenticate();
    assert_eq!(report.shown, ["info: a\nb1mc", "visible: Co[2Jde: "]);
}

#[test]
fn an_empty_answer_is_sent() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("denied")]);
    let report = fixture.login("").answers([types("")]).authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), [""]);
}

#[test]
fn no_answer_is_a_failed_conversation_and_ends_the_dialog() {
    for answer in [Answer::Null, Answer::NoResponse, Answer::Fail] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([ask_code()]);
        let report = fixture.login("").answers([answer.clone()]).authenticate();
        assert_eq!(report.code(), Code::CONV_ERR as i32, "{answer:?}");
        assert_eq!(daemon.calls().last(), Some(&Call::Cancel), "{answer:?}");
        assert_eq!(daemon.replies(), [""; 0], "{answer:?}");
    }
}

#[test]
fn an_answer_that_is_not_utf8_is_sent_as_a_wrong_code() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("denied")]);
    let typed = Answer::Bytes(b"\xff123456".to_vec());
    let report = fixture.login("").answers([typed]).authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
    assert_eq!(daemon.replies(), ["\u{fffd}"]);
}

#[test]
fn an_answer_never_reaches_the_log() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([ask_code(), verdict("denied")]);
    let report = fixture
        .login("debug")
        .answers([types("731946")])
        .authenticate();
    assert!(report.logged("Verdict(Denied)"), "debug says something");
    assert!(!report.logged("731946"));
}

#[test]
fn after_publickey_asks_after_a_public_key() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("after_publickey")
        .variable("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn after_publickey_ignores_logins_without_a_public_key() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([]);
    for variable in ["OTHER=publickey x", "SSH_AUTH_INFO_0=password\nhostbased"] {
        let report = fixture
            .login("after_publickey not_required=success")
            .variable(variable)
            .authenticate();
        assert_eq!(report.code(), IGNORED);
        assert!(!report.shown.iter().any(|said| said.starts_with("hidden")));
    }
    assert_eq!(daemon.calls(), []);
}

#[test]
fn after_publickey_does_not_skip_the_account_phase() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([verdict("denied")]);
    let report = fixture.login("after_publickey").account();
    assert_eq!(report.code(), Code::PERM_DENIED as i32);
}

#[test]
fn the_user_may_not_change_between_question_and_verdict() {
    for name in ["verified", "not-required"] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([ask("ask", "Code: ", 6), verdict(name)]);
        let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
        let report = fixture.login("").answers([answer]).authenticate();
        assert_eq!(report.code(), Code::AUTH_ERR as i32, "{name}");
        assert!(report.logged("user name changed"), "{name}");
    }
}
