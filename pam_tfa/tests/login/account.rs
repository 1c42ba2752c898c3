//! What the auth phase leaves for the account phase of the same transaction.

use pam_sys::PamReturnCode as Code;
use tfa_proto::{Phase, Verdict};

use crate::daemon::{Act, Call, ask, ask_code, verdict, words};
use crate::first_pass::ASK_PASSWORD;
use crate::program::{Answer, Report, Step, types};
use crate::stage::{IGNORED, Login, Stage};

#[test]
fn the_account_phase_tells_what_the_auth_phase_met() {
    for (name, auth_result) in [
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
        assert_eq!((auth.phase, auth.auth_result), (Phase::Auth, None));
        assert_eq!(
            (account.phase, account.auth_result),
            (Phase::Account, Some(auth_result))
        );
    }
}

#[test]
fn an_account_phase_alone_has_met_nothing() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("not-required")]);
    stage.login("").account();
    assert_eq!(daemon.contexts()[0].auth_result, None);
}

/// An auth phase and an account phase of one login, and what the daemon was told that the first
/// came to.
fn told_after(
    stage: &Stage,
    auth: impl IntoIterator<Item = Act>,
    login: Login<'_>,
) -> (Report, Option<Verdict>) {
    let daemon = stage.daemon(auth.into_iter().chain([verdict("verified")]));
    let report = login.run([Step::Authenticate, Step::Account]);
    let contexts = daemon.contexts();
    let account = contexts.last().unwrap();
    assert_eq!(account.phase, Phase::Account);
    (report, account.auth_result)
}

#[test]
fn an_auth_phase_that_breaks_off_counts_as_a_no() {
    let unavailable = Code::AUTHINFO_UNAVAIL as i32;
    let code_is_typed = || types("123456");
    for (acts, answer, code) in [
        // The daemon falls silent, at once or later, or says what is no turn.
        (vec![Act::Silence], code_is_typed(), unavailable),
        (vec![ask_code(), Act::Silence], code_is_typed(), unavailable),
        (vec![Act::Nonsense], code_is_typed(), unavailable),
        (
            vec![ask_code(), Act::Nonsense],
            code_is_typed(),
            unavailable,
        ),
        (
            vec![Act::Error("org.tfad.Tfa1.Error.Damaged")],
            code_is_typed(),
            unavailable,
        ),
        (
            vec![Act::Error("org.tfad.Tfa1.Error.NotServing")],
            code_is_typed(),
            unavailable,
        ),
        // The login program cannot ask.
        (vec![ask_code()], Answer::Fail, Code::CONV_ERR as i32),
        (vec![ask_code()], Answer::Null, Code::CONV_ERR as i32),
        // The password is typed as the code.
        (vec![ask_code()], types("hunter2"), Code::AUTH_ERR as i32),
    ] {
        let stage = Stage::new();
        let login = stage
            .login("timeout=1")
            .before(ASK_PASSWORD)
            .answers([types("hunter2"), answer]);
        let description = format!("{acts:?}");
        let (report, auth_result) = told_after(&stage, acts, login);
        assert_eq!(report.codes[0], code, "{description}");
        assert_eq!(auth_result, Some(Verdict::Denied), "{description}");
    }
}

#[test]
fn an_auth_line_with_an_option_that_is_not_known_counts_as_a_no() {
    let stage = Stage::new();
    let login = stage.login("ehco").account_options("");
    let (report, auth_result) = told_after(&stage, [], login);
    assert_eq!(report.codes[0], Code::SERVICE_ERR as i32);
    assert_eq!(auth_result, Some(Verdict::Denied));
}

#[test]
fn an_auth_phase_with_nothing_to_answer_with_counts_as_a_no() {
    let stage = Stage::new();
    let login = stage.login("use_first_pass");
    let (report, auth_result) = told_after(&stage, [ask_code()], login);
    assert_eq!(report.codes[0], Code::AUTH_ERR as i32);
    assert_eq!(auth_result, Some(Verdict::Denied));
}

#[test]
fn a_verdict_for_a_user_who_changed_in_the_middle_counts_as_a_no_for_the_first() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified"), verdict("verified")]);
    let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
    let report = stage.login("").answers([answer]).run([
        Step::Authenticate,
        Step::Account,
        Step::Rename("alice".to_owned()),
        Step::Account,
    ]);
    let refused = [Code::AUTH_ERR as i32, Code::PERM_DENIED as i32];
    assert_eq!(report.codes[..2], refused, "no second factor from root");
    let [auth, account] = &daemon.contexts()[..] else {
        panic!("{:?}", daemon.calls());
    };
    assert_eq!(
        (auth.auth_result, account.auth_result),
        (None, Some(Verdict::Denied))
    );
}

#[test]
fn a_line_that_is_not_about_a_login_leaves_no_verdict_on_it() {
    let stage = Stage::new();
    let login = stage.login("after_publickey");
    let (report, auth_result) = told_after(&stage, [], login);
    assert_eq!(report.codes, [IGNORED, Code::SUCCESS as i32]);
    assert_eq!(auth_result, None);
}

#[test]
fn root_who_was_let_in_at_the_console_without_the_daemon_was_neither_asked_nor_refused() {
    let stage = Stage::new();
    let login = stage
        .login("unreachable=allow-root-console")
        .user(Some("root"))
        .at("tty1", "");
    let absent = Act::Error("org.tfad.Tfa1.Error.NotServing");
    let (report, auth_result) = told_after(&stage, [absent], login);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    assert!(report.logged("WITHOUT a second factor"));
    assert_eq!(auth_result, None);
}

#[test]
fn an_auth_phase_that_breaks_off_voids_the_verdict_before() {
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
    assert_eq!(daemon.contexts()[2].auth_result, Some(Verdict::Denied));
}

#[test]
fn a_verdict_takes_the_place_of_a_phase_that_broke_off_before() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified"), verdict("verified")]);
    let report = stage.login("").answers([Answer::Fail]).run([
        Step::Authenticate,
        Step::Authenticate,
        Step::Account,
    ]);
    assert_eq!(report.codes[1..], [Code::SUCCESS as i32; 2]);
    assert_eq!(daemon.contexts()[2].auth_result, Some(Verdict::Verified));
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
    assert_eq!(daemon.contexts()[2].auth_result, Some(Verdict::Verified));
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
fn a_silent_program_says_what_must_be_read_and_no_other_info() {
    let stage = Stage::new();
    let last = words("verdict", "not-required", 0)
        .after_line("info", "Nine left.")
        .after_line("notice", "Soon.");
    let acts = [Act::Turn(last.clone()), Act::Turn(last)];
    let _daemon = stage.daemon(acts);
    let login = || stage.login("not_required=success");
    let silently = login().run([Step::AccountSilently]);
    assert_eq!(silently.code(), Code::SUCCESS as i32);
    assert_eq!(silently.said, ["info: Soon."]);
    let aloud = login().run([Step::Account]);
    assert_eq!(aloud.said, ["info: Nine left.", "info: Soon."]);
}

#[test]
fn a_silent_phase_tells_the_audit_session_of_the_program() {
    let stage = Stage::new();
    let daemon = stage.daemon(["verified"; 2].map(verdict));
    let steps = [Step::AuthenticateSilently, Step::Account];
    stage.login("").run(steps);
    // The login program is a child of this process.
    let own = std::fs::read_to_string("/proc/self/sessionid").unwrap();
    let own = own.trim().parse().ok().filter(|id| *id != u32::MAX);
    let told: Vec<_> = daemon.contexts().iter().map(|it| it.session).collect();
    assert_eq!(told, [own, None]);
}

#[test]
fn the_account_phase_denies_when_the_daemon_is_gone() {
    let stage = Stage::new();
    let report = stage.login("").account();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}
