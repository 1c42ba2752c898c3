//! The account phase, and what the auth phase stores for it.

use pam_sys::PamReturnCode as Code;
use tfa_proto::{Phase, Verdict};

use crate::daemon::{Action, Call, ask, ask_code, raw_turn, verdict};
use crate::first_pass::ASK_PASSWORD;
use crate::fixture::{Fixture, IGNORED, Login};
use crate::program::{Answer, Report, Step, types};

#[test]
fn the_account_phase_sends_the_result_of_the_auth_phase() {
    for (name, auth_result) in [
        ("verified", Verdict::Verified),
        ("remembered", Verdict::Remembered),
        ("recovered", Verdict::Recovered),
        ("code-of-session", Verdict::CodeOfSession),
        ("not-required", Verdict::NotRequired),
        ("denied", Verdict::Denied),
    ] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([verdict(name), verdict("verified")]);
        let report = fixture.login("").run([Step::Authenticate, Step::Account]);
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
fn an_account_phase_alone_reports_that_the_auth_phase_did_not_run() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("not-required")]);
    fixture.login("").account();
    assert_eq!(daemon.contexts()[0].auth_result, None);
}

/// Runs both phases of a login, and returns the auth result that the daemon received.
fn auth_result_after(
    fixture: &Fixture,
    auth: impl IntoIterator<Item = Action>,
    login: Login<'_>,
) -> (Report, Option<Verdict>) {
    let daemon = fixture.daemon(auth.into_iter().chain([verdict("verified")]));
    let report = login.run([Step::Authenticate, Step::Account]);
    let contexts = daemon.contexts();
    let account = contexts.last().unwrap();
    assert_eq!(account.phase, Phase::Account);
    (report, account.auth_result)
}

#[test]
fn an_auth_phase_that_fails_counts_as_denied() {
    let unavailable = Code::AUTHINFO_UNAVAIL as i32;
    let code_is_typed = || types("123456");
    for (actions, answer, code) in [
        // The daemon does not reply, or its reply is invalid.
        (vec![Action::NoReply], code_is_typed(), unavailable),
        (
            vec![ask_code(), Action::NoReply],
            code_is_typed(),
            unavailable,
        ),
        (vec![Action::InvalidTurn], code_is_typed(), unavailable),
        (
            vec![ask_code(), Action::InvalidTurn],
            code_is_typed(),
            unavailable,
        ),
        (
            vec![Action::Error("org.tfad.Tfa1.Error.Damaged")],
            code_is_typed(),
            unavailable,
        ),
        (
            vec![Action::Error("org.tfad.Tfa1.Error.NotServing")],
            code_is_typed(),
            unavailable,
        ),
        // The login program cannot ask.
        (vec![ask_code()], Answer::Fail, Code::CONV_ERR as i32),
        (vec![ask_code()], Answer::Null, Code::CONV_ERR as i32),
        // The password is typed as the code.
        (vec![ask_code()], types("hunter2"), Code::AUTH_ERR as i32),
    ] {
        let fixture = Fixture::new();
        let login = fixture
            .login("timeout=1")
            .before(ASK_PASSWORD)
            .answers([types("hunter2"), answer]);
        let description = format!("{actions:?}");
        let (report, auth_result) = auth_result_after(&fixture, actions, login);
        assert_eq!(report.codes[0], code, "{description}");
        assert_eq!(auth_result, Some(Verdict::Denied), "{description}");
    }
}

#[test]
fn an_auth_phase_with_an_unknown_option_counts_as_denied() {
    let fixture = Fixture::new();
    let login = fixture.login("ehco").account_options("");
    let (report, auth_result) = auth_result_after(&fixture, [], login);
    assert_eq!(report.codes[0], Code::SERVICE_ERR as i32);
    assert_eq!(auth_result, Some(Verdict::Denied));
}

#[test]
fn an_auth_phase_that_must_not_ask_counts_as_denied() {
    let fixture = Fixture::new();
    let login = fixture.login("use_first_pass");
    let (report, auth_result) = auth_result_after(&fixture, [ask_code()], login);
    assert_eq!(report.codes[0], Code::AUTH_ERR as i32);
    assert_eq!(auth_result, Some(Verdict::Denied));
}

#[test]
fn a_user_name_that_changes_counts_as_denied_for_the_first_name() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified"), verdict("verified")]);
    let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
    let report = fixture.login("").answers([answer]).run([
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
fn an_auth_phase_that_does_not_apply_leaves_no_auth_result() {
    let fixture = Fixture::new();
    let login = fixture.login("after_publickey");
    let (report, auth_result) = auth_result_after(&fixture, [], login);
    assert_eq!(report.codes, [IGNORED, Code::SUCCESS as i32]);
    assert_eq!(auth_result, None);
}

#[test]
fn root_at_the_console_has_no_auth_result() {
    let fixture = Fixture::new();
    let login = fixture
        .login("unreachable=allow-root-console")
        .user(Some("root"))
        .at("tty1", "");
    let absent = Action::Error("org.tfad.Tfa1.Error.NotServing");
    let (report, auth_result) = auth_result_after(&fixture, [absent], login);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    assert!(report.logged("WITHOUT a second factor"));
    assert_eq!(auth_result, None);
}

#[test]
fn a_failed_auth_phase_replaces_an_earlier_verdict() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("verified"), ask_code(), verdict("denied")]);
    let report = fixture.login("").answers([Answer::Fail]).run([
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
fn a_verdict_replaces_an_earlier_failed_auth_phase() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified"), verdict("verified")]);
    let report = fixture.login("").answers([Answer::Fail]).run([
        Step::Authenticate,
        Step::Authenticate,
        Step::Account,
    ]);
    assert_eq!(report.codes[1..], [Code::SUCCESS as i32; 2]);
    assert_eq!(daemon.contexts()[2].auth_result, Some(Verdict::Verified));
}

#[test]
fn the_auth_result_of_another_user_is_refused() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("verified")]);
    let report = fixture.login("").run([
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

/// A verdict that covers the account phase as well.
fn covering(name: &str) -> Action {
    Action::Turn(raw_turn("verdict", name, 1))
}

#[test]
fn a_verdict_that_covers_the_account_phase_is_not_asked_for_again() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), covering("verified-by-totp")]);
    let report = fixture
        .login("")
        .answers([types("123456")])
        .run([Step::Authenticate, Step::Account]);
    assert_eq!(report.codes, [Code::SUCCESS as i32; 2]);
    assert_eq!(daemon.contexts().len(), 1);
}

#[test]
fn a_cover_holds_for_the_user_and_the_auth_phase_that_it_came_with() {
    let (verified, renamed) = (Code::SUCCESS as i32, Step::Rename("root".to_owned()));
    let fixture = Fixture::new();
    let daemon = fixture.daemon([covering("verified-by-totp")]);
    let steps = [Step::Authenticate, renamed, Step::Account];
    let report = fixture.login("").run(steps);
    assert_eq!(report.codes, [verified, Code::PERM_DENIED as i32]);
    assert_eq!(daemon.contexts().len(), 1);

    // A later auth phase voids it, also one that fails.
    for later in [verdict("denied"), Action::NoReply, verdict("not-required")] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([covering("verified-by-totp"), later, verdict("denied")]);
        let steps = [Step::Authenticate, Step::Authenticate, Step::Account];
        let report = fixture.login("timeout=1").run(steps);
        assert_eq!(report.codes[2], Code::PERM_DENIED as i32);
        assert_eq!(daemon.contexts().len(), 3);
    }
}

#[test]
fn a_verdict_that_lets_no_login_in_covers_nothing() {
    for result in ["denied", "not-required", "left-to-session", "locked"] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([covering(result), verdict("denied")]);
        let report = fixture.login("").run([Step::Authenticate, Step::Account]);
        assert_eq!(report.codes[1], Code::PERM_DENIED as i32, "{result}");
        assert_eq!(daemon.contexts().len(), 2, "{result}");
    }
}

#[test]
fn a_new_auth_phase_may_be_about_a_new_user() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("denied"), verdict("verified"), verdict("verified")]);
    let report = fixture.login("").run([
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
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let answer = Answer::RenameAndType("root".to_owned(), "123456".to_owned());
    let report = fixture.login("").answers([answer]).account();
    assert_eq!(report.code(), Code::PERM_DENIED as i32);
}

#[test]
fn the_account_phase_ignores_the_password_options() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("use_first_pass forward_pass")
        .answers([types("123456")])
        .account();
    assert_eq!(report.code(), Code::SUCCESS as i32);
    assert_eq!(report.shown, ["hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
}

#[test]
fn the_account_phase_never_sends_the_password() {
    for question in [ask_code(), ask("ask", "Code: ", 6)] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([verdict("not-required"), question]);
        let report = fixture
            .login("")
            .before(ASK_PASSWORD)
            .answers([types("hunter2"), types("hunter2")])
            .run([Step::Authenticate, Step::Account]);
        assert_eq!(report.codes, [IGNORED, Code::PERM_DENIED as i32]);
        assert_eq!(
            report.shown.last().unwrap(),
            "error: That was the password, not the code."
        );
        assert!(!report.logged("hunter2"));
        assert_eq!(daemon.replies(), [""; 0]);
        assert_eq!(daemon.calls().last(), Some(&Call::Cancel));
    }
}

#[test]
fn the_account_phase_recognizes_a_joint_answer() {
    for repeated in ["hunter2", "hunter2123456"] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([ask_code(), verdict("verified"), ask_code()]);
        let report = fixture
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
fn an_enrollment_shows_all_lines_and_sends_answers_unchanged() {
    let fixture = Fixture::new();
    // A row of a QR code of forty modules, with its margin.
    let row = |number: usize| format!("{number:02}  {}  ", "\u{2588}\u{2580}\u{2584} ".repeat(10));
    let picture = (0..25).fold(
        raw_turn("ask", "Name of the device: ", 0),
        |turn, number| turn.after_line("info", &row(number)),
    );
    let wrong = raw_turn("ask", "Code of the app: ", 6).after_line("error", "Not right.");
    let mut done = raw_turn("verdict", "verified", 0).after_line("info", "It is set up.");
    for number in 0..10 {
        done = done.after_line("info", &format!("ABCDE-FGHJ{number}"));
    }
    let actions = [
        verdict("not-required"),
        Action::Turn(picture),
        ask("ask", "Code of the app: ", 6),
        Action::Turn(wrong),
        Action::Turn(done),
    ];
    let daemon = fixture.daemon(actions);
    let report = fixture
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
    assert_eq!(report.shown, said);
    assert_eq!(daemon.replies(), ["  Ann's  ph\u{f6}ne \t", "123 456 ", ""]);
}

#[test]
fn the_context_says_which_phase_is_silent() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon(["verified"; 4].map(verdict));
    fixture.login("").run([
        Step::Authenticate,
        Step::AccountSilently,
        Step::AuthenticateSilently,
        Step::Account,
    ]);
    let silent: Vec<bool> = daemon.contexts().iter().map(|it| it.silent).collect();
    assert_eq!(silent, [false, true, true, false]);
}

#[test]
fn a_silent_program_shows_notices_and_no_other_info() {
    let fixture = Fixture::new();
    let last = raw_turn("verdict", "not-required", 0)
        .after_line("info", "Nine left.")
        .after_line("notice", "Soon.");
    let actions = [Action::Turn(last.clone()), Action::Turn(last)];
    let _daemon = fixture.daemon(actions);
    let login = || fixture.login("not_required=success");
    let silently = login().run([Step::AccountSilently]);
    assert_eq!(silently.code(), Code::SUCCESS as i32);
    assert_eq!(silently.shown, ["info: Soon."]);
    let aloud = login().run([Step::Account]);
    assert_eq!(aloud.shown, ["info: Nine left.", "info: Soon."]);
}

#[test]
fn a_silent_phase_sends_the_audit_session() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon(["verified"; 2].map(verdict));
    let steps = [Step::AuthenticateSilently, Step::Account];
    fixture.login("").run(steps);
    // The login program is a child of this process.
    let own = std::fs::read_to_string("/proc/self/sessionid").unwrap();
    let own = own.trim().parse().ok().filter(|id| *id != u32::MAX);
    let told: Vec<_> = daemon.contexts().iter().map(|it| it.session).collect();
    assert_eq!(told, [own, None]);
}

#[test]
fn the_account_phase_refuses_without_the_daemon() {
    let fixture = Fixture::new();
    let report = fixture.login("").account();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}

const WAITS: &str = "hidden: Press Enter to continue: ";

#[test]
fn login_waits_for_enter_after_the_reason_of_a_refusal() {
    let refusal = || Action::Turn(raw_turn("verdict", "denied", 0).after_line("error", "Why."));
    for answers in [vec![types("yes")], vec![types("hunter2")], vec![]] {
        let fixture = Fixture::new();
        let daemon = fixture.daemon([refusal()]);
        let login = fixture.login("").at("tty1", "").answers(answers);
        let report = login.in_program("login", "", 0).account();
        assert_eq!(report.code(), Code::PERM_DENIED as i32);
        assert_eq!(report.shown, ["error: Why.", WAITS]);
        assert_eq!(daemon.replies(), [""; 0]);
    }
    // The daemon is down.
    let fixture = Fixture::new();
    let login = fixture.login("").at("tty1", "");
    let report = login.in_program("login", "", 0).account();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
    assert_eq!(report.shown.last().unwrap(), WAITS);
}

#[test]
fn no_login_waits_for_enter_without_an_unread_refusal() {
    let line = |name: &str| Action::Turn(raw_turn("verdict", name, 0).after_line("info", "So."));
    for (service, steps, last) in [
        ("sshd", [Step::Account], line("denied")),
        ("su", [Step::Account], line("denied")),
        ("login", [Step::Authenticate], line("denied")),
        ("login", [Step::Account], line("verified")),
        ("login", [Step::Account], verdict("denied")),
    ] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([last]);
        let login = fixture.login("").at("tty1", "");
        let login = login.in_program(service, "", 0);
        let report = login.answers([types("")]).run(steps);
        assert!(!report.shown.iter().any(|it| it == WAITS), "{service}");
    }
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([line("denied")]);
    let login = fixture.login("").in_program("login", "", 0);
    let report = login.at("pts/0", "192.0.2.7").account();
    assert!(!report.shown.iter().any(|it| it == WAITS), "from elsewhere");
}
