//! Optional questions: the login continues without an answer.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, Call, ask_code, offer, raw_turn, verdict};
use crate::first_pass::ASK_PASSWORD;
use crate::fixture::Fixture;
use crate::program::{Answer, Step, types};

#[test]
fn an_optional_question_that_fails_is_answered_with_nothing() {
    for (name, code) in [
        ("not-required", Code::SUCCESS as i32),
        ("must-enroll", Code::PERM_DENIED as i32),
    ] {
        for answer in [Answer::Fail, Answer::Null, Answer::NoResponse] {
            let fixture = Fixture::new();
            let offer = raw_turn("ask-optional", "Set it up now? ", 0)
                .after_line("info", "A second factor is needed from Monday on.");
            let last = raw_turn("verdict", name, 0).after_line("info", "Later, then.");
            let daemon = fixture.daemon([Action::Turn(offer), Action::Turn(last)]);
            let report = fixture
                .login("not_required=success")
                .answers([answer.clone()])
                .account();
            assert_eq!(report.code(), code, "{answer:?}");
            assert_eq!(
                report.shown,
                [
                    "info: A second factor is needed from Monday on.",
                    "visible: Set it up now? ",
                    "info: Later, then.",
                ]
            );
            assert_eq!(daemon.replies(), [""], "{answer:?}");
            assert_eq!(daemon.calls().len(), 2, "no Cancel: {answer:?}");
            assert!(!report.logged("the question got no answer"), "{answer:?}");
            assert!(!report.logged("an optional question"), "{answer:?}");
        }
    }
}

#[test]
fn debug_logs_an_optional_question_without_an_answer() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([offer(), verdict("not-required")]);
    let report = fixture.login("debug").answers([Answer::Fail]).account();
    assert!(report.logged("an optional question"));
}

#[test]
fn only_an_optional_question_may_go_unanswered() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([offer(), ask_code()]);
    let report = fixture
        .login("not_required=success")
        .answers([Answer::Fail, Answer::Fail])
        .account();
    assert_eq!(report.code(), Code::CONV_ERR as i32);
    assert!(report.logged("the question got no answer"));
    assert_eq!(daemon.replies(), [""]);
    assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
}

#[test]
fn an_optional_answer_is_echoed_and_sent_unchanged() {
    for typed in ["y", " yes  please ", "", "\u{44f}"] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([offer(), verdict("not-required")]);
        let report = fixture
            .login("not_required=success")
            .answers([types(typed)])
            .account();
        assert_eq!(report.shown, ["visible: Set it up now? "]);
        assert_eq!(daemon.replies(), [typed]);
    }
}

#[test]
fn the_password_counts_as_no_answer_to_an_optional_question() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([
        offer(),
        verdict("not-required"),
        offer(),
        verdict("not-required"),
    ]);
    let report = fixture
        .login("not_required=success")
        .before(ASK_PASSWORD)
        .answers(["hunter2"; 3].map(types))
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    assert_eq!(
        report.shown,
        [
            "hidden: Password: ",
            "visible: Set it up now? ",
            "visible: Set it up now? ",
        ]
    );
    assert!(!report.logged("the answer was the password"));
    assert_eq!(daemon.replies(), ["", ""]);
}

#[test]
fn the_first_password_does_not_answer_an_optional_question() {
    for (options, typed) in [
        ("use_first_pass", "123456"),
        ("use_first_pass forward_pass", "hunter2123456"),
    ] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([offer(), ask_code(), verdict("verified")]);
        let report = fixture
            .login(options)
            .before(ASK_PASSWORD)
            .answers([types(typed)])
            .authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32, "{options}");
        assert_eq!(report.shown, ["hidden: Password: "], "nothing is asked");
        assert_eq!(daemon.replies(), ["", "123456"], "{options}");
    }
}

#[test]
fn a_silent_login_sees_errors_of_a_failed_question_at_the_end() {
    let fixture = Fixture::new();
    let offer = raw_turn("ask-optional", "Set it up now? ", 0)
        .after_line("info", "Welcome.")
        .after_line("error", "Three days are left.");
    let daemon = fixture.daemon([Action::Turn(offer), verdict("not-required")]);
    let report = fixture
        .login("not_required=success")
        .answers([Answer::Fail])
        .run([Step::AccountSilently]);
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(
        report.shown,
        [
            "visible: Welcome.\nThree days are left.\nSet it up now? ",
            "error: Three days are left.",
        ]
    );
    assert_eq!(daemon.replies(), [""]);
}
