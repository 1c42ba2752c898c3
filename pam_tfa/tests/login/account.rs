//! What the auth phase leaves for the account phase of the same transaction.

use pam_sys::PamReturnCode as Code;
use tfa_bus::{Phase, Verdict};

use crate::daemon::{Act, Call, ask, ask_code, verdict, words};
use crate::first_pass::ASK_PASSWORD;
use crate::program::{Answer, Step, types};
use crate::stage::{IGNORED, Stage};

#[test]
fn the_account_phase_tells_what_the_auth_phase_met() {
    for (name, met) in [
        ("verified", Verdict::Verified),
        ("remembered", Verdict::Remembered),
        ("not-required", Verdict::NotRequired),
        ("denied", Verdict::Denied),
    ] {
        let stage = Stage::new();
        let daemon = stage.daemon([verdict(name), verdict("verified")]);
        let report = stage.login("").run([Step::Authenticate, Step::Account]);
        assert_eq!(report.codes[1], Code::SUCCESS as i32);
        let [auth, account] = &daemon.contexts()[..] else {
            panic!("{:?}", daemon.calls());
        };
        assert_eq!((auth.phase, auth.met), (Phase::Auth, None));
        assert_eq!((account.phase, account.met), (Phase::Account, Some(met)));
    }
}

#[test]
fn an_account_phase_alone_has_met_nothing() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("not-required")]);
    stage.login("").account();
    assert_eq!(daemon.contexts()[0].met, None);
}

#[test]
fn an_auth_phase_without_a_verdict_voids_the_one_before() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("verified"), ask_code(), verdict("denied")]);
    let report = stage.login("").answers([Answer::Fail]).run([
        Step::Authenticate,
        Step::Authenticate,
        Step::Account,
    ]);
    assert_eq!(
        report.codes,
        [
            Code::SUCCESS as i32,
            Code::CONV_ERR as i32,
            Code::PERM_DENIED as i32
        ]
    );
    assert_eq!(daemon.contexts()[2].met, None);
}

#[test]
fn what_one_user_met_is_worth_nothing_to_another() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("verified")]);
    let report = stage.login("").run([
        Step::Authenticate,
        Step::Rename("root".to_owned()),
        Step::Account,
    ]);
    assert_eq!(
        report.codes,
        [Code::SUCCESS as i32, Code::PERM_DENIED as i32]
    );
    assert!(report.logged("user name changed"));
    assert_eq!(daemon.contexts().len(), 1, "the daemon is not even asked");
}

#[test]
fn a_new_auth_phase_may_be_about_a_new_user() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("denied"), verdict("verified"), verdict("verified")]);
    let report = stage.login("").run([
        Step::Authenticate,
        Step::Rename("bob".to_owned()),
        Step::Authenticate,
        Step::Account,
    ]);
    assert_eq!(report.codes[1..], [Code::SUCCESS as i32; 2]);
    assert_eq!(daemon.contexts()[2].met, Some(Verdict::Verified));
}

#[test]
fn the_user_may_not_change_in_the_account_phase() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), verdict("verified")]);
    let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
    let report = stage.login("").answers([answer]).account();
    assert_eq!(report.code(), Code::PERM_DENIED as i32);
}

#[test]
fn the_account_phase_asks_and_knows_nothing_of_first_passwords() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("use_first_pass forward_pass")
        .answers([types("123456")])
        .account();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.said, ["hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn the_account_phase_knows_the_password_again_and_sends_it_to_nobody() {
    for question in [ask_code(), ask("ask", "Code: ", 6)] {
        let stage = Stage::new();
        let daemon = stage.daemon([verdict("not-required"), question]);
        let report = stage
            .login("")
            .before(ASK_PASSWORD)
            .answers([types("hunter2"), types("hunter2")])
            .run([Step::Authenticate, Step::Account]);
        assert_eq!(report.codes, [IGNORED, Code::PERM_DENIED as i32]);
        assert_eq!(
            report.said.last().unwrap(),
            "error: That was the password, not the code."
        );
        assert!(!report.logged("hunter2"));
        assert_eq!(daemon.replies(), [""; 0]);
        assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
    }
}

#[test]
fn a_joint_answer_is_known_again_in_the_account_phase() {
    for repeated in ["hunter2", "hunter2123456"] {
        let stage = Stage::new();
        let daemon = stage.daemon([ask_code(), verdict("verified"), ask_code()]);
        let report = stage
            .login("forward_pass")
            .answers([types("hunter2123456"), types(repeated)])
            .run([Step::Authenticate, Step::Account]);
        assert_eq!(
            report.codes,
            [Code::SUCCESS as i32, Code::PERM_DENIED as i32]
        );
        assert_eq!(daemon.replies(), ["123456"], "{repeated}");
    }
}

#[test]
fn a_set_up_is_shown_line_by_line_and_its_answers_arrive_as_typed() {
    let stage = Stage::new();
    // A row of a QR code of forty modules, with its margin.
    let row = |number: usize| format!("{number:02}  {}  ", "\u{2588}\u{2580}\u{2584} ".repeat(10));
    let picture = (0..25).fold(words("ask", "Name of the device: ", 0), |turn, number| {
        turn.after_line("info", &row(number))
    });
    let wrong = words("ask", "Code of the app: ", 6).after_line("error", "Not right.");
    let mut done = words("verdict", "verified", 0).after_line("info", "It is set up.");
    for number in 0..10 {
        done = done.after_line("info", &format!("ABCDE-FGHJ{number}"));
    }
    let acts = [
        verdict("not-required"),
        Act::Turn(picture),
        ask("ask", "Code of the app: ", 6),
        Act::Turn(wrong),
        Act::Turn(done),
    ];
    let daemon = stage.daemon(acts);
    let report = stage
        .login("not_required=success")
        .before(ASK_PASSWORD)
        .answers([
            types("hunter2"),
            types("  Ann's  ph\u{f6}ne \t"),
            types("123 456 "),
            types(""),
        ])
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    let mut said = vec!["hidden: Password: ".to_owned()];
    said.extend((0..25).map(|number| format!("info: {}", row(number))));
    said.push("visible: Name of the device: ".to_owned());
    said.push("visible: Code of the app: ".to_owned());
    said.push("error: Not right.".to_owned());
    said.push("visible: Code of the app: ".to_owned());
    said.push("info: It is set up.".to_owned());
    said.extend((0..10).map(|number| format!("info: ABCDE-FGHJ{number}")));
    assert_eq!(report.said, said);
    assert_eq!(daemon.replies(), ["  Ann's  ph\u{f6}ne \t", "123 456 ", ""]);
}

#[test]
fn the_daemon_is_told_which_phase_is_silent() {
    let stage = Stage::new();
    let daemon = stage.daemon(["verified"; 4].map(verdict));
    stage.login("").run([
        Step::Authenticate,
        Step::AccountSilently,
        Step::AuthenticateSilently,
        Step::Account,
    ]);
    let silent: Vec<bool> = daemon.contexts().iter().map(|it| it.silent).collect();
    assert_eq!(silent, [false, true, true, false]);
}

#[test]
fn the_account_phase_denies_when_the_daemon_is_gone() {
    let stage = Stage::new();
    let report = stage.login("").account();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}
