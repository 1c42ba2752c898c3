//! Questions that nobody need answer: the login goes on without.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, Call, ask_code, offer, verdict, words};
use crate::first_pass::ASK_PASSWORD;
use crate::program::{Answer, Step, types};
use crate::stage::Stage;

#[test]
fn a_login_program_that_cannot_ask_answers_with_nothing_and_the_verdict_holds() {
    for (name, code) in [
        ("not-required", Code::SUCCESS as i32),
        ("must-enroll", Code::PERM_DENIED as i32),
    ] {
        for answer in [Answer::Fail, Answer::Null, Answer::NoResponse] {
            let stage = Stage::new();
            let offer = words("ask-optional", "Set it up now? ", 0)
                .after_line("info", "A second factor is needed from Monday on.");
            let last = words("verdict", name, 0).after_line("info", "Later, then.");
            let daemon = stage.daemon([Act::Turn(offer), Act::Turn(last)]);
            let report = stage
                .login("not_required=success")
                .answers([answer.clone()])
                .account();
            assert_eq!(report.code(), code, "{answer:?}");
            assert_eq!(
                report.said,
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
fn that_nobody_answered_is_logged_for_who_set_debug() {
    let stage = Stage::new();
    let _daemon = stage.daemon([offer(), verdict("not-required")]);
    let report = stage.login("debug").answers([Answer::Fail]).account();
    assert!(report.logged("an optional question"));
}

#[test]
fn only_the_optional_question_can_go_without_an_answer() {
    let stage = Stage::new();
    let daemon = stage.daemon([offer(), ask_code()]);
    let report = stage
        .login("not_required=success")
        .answers([Answer::Fail, Answer::Fail])
        .account();
    assert_eq!(report.code(), Code::CONV_ERR as i32);
    assert!(report.logged("the question got no answer"));
    assert_eq!(daemon.replies(), [""]);
    assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
}

#[test]
fn an_answer_is_seen_and_reaches_the_daemon_as_it_was_typed() {
    for typed in ["y", " yes  please ", "", "\u{44f}"] {
        let stage = Stage::new();
        let daemon = stage.daemon([offer(), verdict("not-required")]);
        let report = stage
            .login("not_required=success")
            .answers([types(typed)])
            .account();
        assert_eq!(report.said, ["visible: Set it up now? "]);
        assert_eq!(daemon.replies(), [typed]);
    }
}

#[test]
fn the_password_is_no_answer_and_no_reason_to_refuse() {
    let stage = Stage::new();
    let daemon = stage.daemon([
        offer(),
        verdict("not-required"),
        offer(),
        verdict("not-required"),
    ]);
    let report = stage
        .login("not_required=success")
        .before(ASK_PASSWORD)
        .answers(["hunter2"; 3].map(types))
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    assert_eq!(
        report.said,
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
fn the_first_password_is_for_the_code_and_not_for_an_offer() {
    for (options, typed) in [
        ("use_first_pass", "123456"),
        ("use_first_pass forward_pass", "hunter2123456"),
    ] {
        let stage = Stage::new();
        let daemon = stage.daemon([offer(), ask_code(), verdict("verified")]);
        let report = stage
            .login(options)
            .before(ASK_PASSWORD)
            .answers([types(typed)])
            .authenticate();
        assert_eq!(report.code(), Code::SUCCESS as i32, "{options}");
        assert_eq!(report.said, ["hidden: Password: "], "nothing is asked");
        assert_eq!(daemon.replies(), ["", "123456"], "{options}");
    }
}

#[test]
fn an_error_that_a_failed_question_would_have_told_a_silent_login_is_told_at_the_end() {
    let stage = Stage::new();
    let offer = words("ask-optional", "Set it up now? ", 0)
        .after_line("info", "Welcome.")
        .after_line("error", "Three days are left.");
    let daemon = stage.daemon([Act::Turn(offer), verdict("not-required")]);
    let report = stage
        .login("not_required=success")
        .answers([Answer::Fail])
        .run([Step::AccountSilently]);
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(
        report.said,
        [
            "visible: Welcome.\nThree days are left.\nSet it up now? ",
            "error: Three days are left.",
        ]
    );
    assert_eq!(daemon.replies(), [""]);
}
