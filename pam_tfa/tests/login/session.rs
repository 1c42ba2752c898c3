//! The session phase: which logins it passes to the daemon, and what it returns.

use pam_sys::PamReturnCode as Code;
use tfa_proto::{Phase, Verdict};

use crate::daemon::{Action, raw_turn, verdict};
use crate::fixture::{Fixture, Login};
use crate::program::{Report, Step, types};

const SUCCESS: i32 = Code::SUCCESS as i32;
const SESSION_ERR: i32 = Code::SESSION_ERR as i32;
/// As sshd sets it before it opens the session.
const KEY: &str = "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n";
const PASSWORD: &str = "SSH_AUTH_INFO_0=password\n";
const QUESTIONS: &str = "SSH_AUTH_INFO_0=keyboard-interactive/pam\n";

/// An account line that leaves logins to the session line.
const GATE: &str = "session=gate not_required=success";

fn variable(assignment: &str) -> Step {
    Step::SetVariable(assignment.to_owned())
}

/// A login by key alone, which runs the account and session phases.
fn by_key(login: Login<'_>) -> Report {
    login
        .account_options(GATE)
        .run([Step::Account, variable(KEY), Step::OpenSession])
}

#[test]
fn a_login_that_is_left_to_the_session_phase_is_decided_there() {
    for (name, code) in [
        ("not-required", SUCCESS),
        ("verified", SUCCESS),
        ("denied", SESSION_ERR),
        ("must-enroll", SESSION_ERR),
        ("locked", SESSION_ERR),
        ("unknown-user", SESSION_ERR),
        ("left-to-session", SESSION_ERR),
    ] {
        let fixture = Fixture::without_bus();
        let daemon = fixture.daemon([verdict("left-to-session"), verdict(name)]);
        let report = by_key(fixture.login(""));
        assert_eq!(report.codes, [SUCCESS, code], "{name}");
        let [account, session] = &daemon.contexts()[..] else {
            panic!("{:?}", daemon.calls());
        };
        assert!(account.session_follows && account.ssh_auth_info.is_empty());
        assert!(!session.session_follows, "there is no later phase");
        assert_eq!(
            (session.phase, session.auth_result),
            (Phase::Session, None),
            "{name}"
        );
        assert_eq!(session.ssh_auth_info, "publickey ssh-ed25519 AAAA\n");
    }
}

#[test]
fn the_reason_of_a_refusal_is_shown() {
    let fixture = Fixture::without_bus();
    let denied = raw_turn("verdict", "denied", 0).after_line("error", "A key is not enough.");
    let _daemon = fixture.daemon([verdict("left-to-session"), Action::Turn(denied)]);
    let report = by_key(fixture.login(""));
    assert_eq!(report.codes, [SUCCESS, SESSION_ERR]);
    assert_eq!(report.shown, ["error: A key is not enough."]);
    assert!(report.logged("authentication failure"), "{:?}", report.log);
}

#[test]
fn the_session_phase_refuses_what_it_cannot_get_decided() {
    for action in [
        Action::NoReply,
        Action::Die,
        Action::InvalidTurn,
        Action::Error("org.tfad.Tfa1.Error.NotServing"),
        // No program can ask in this phase.
        Action::Turn(raw_turn("ask-hidden", "Code: ", 6)),
    ] {
        let fixture = Fixture::without_bus();
        let description = format!("{action:?}");
        let _daemon = fixture.daemon([verdict("left-to-session"), action]);
        let report = by_key(fixture.login("").session_options("timeout=1"));
        assert_eq!(report.codes, [SUCCESS, SESSION_ERR], "{description}");
    }
}

#[test]
fn a_decided_login_needs_no_daemon_in_the_session_phase() {
    for (auth, account) in [
        ("verified", "verified"),
        ("remembered", "remembered"),
        ("not-required", "not-required"),
        ("not-required", "verified"),
    ] {
        let fixture = Fixture::without_bus();
        let daemon = fixture.daemon([verdict(auth), verdict(account)]);
        let report = fixture
            .login("not_required=success")
            .account_options(GATE)
            .run([
                Step::Authenticate,
                Step::Account,
                variable(QUESTIONS),
                Step::OpenSession,
                Step::CloseSession,
            ]);
        assert_eq!(report.codes, [SUCCESS; 4], "{auth}, {account}");
        assert_eq!(daemon.contexts().len(), 2, "{auth}, {account}");
    }
}

#[test]
fn a_key_that_the_account_phase_let_in_needs_no_daemon() {
    let fixture = Fixture::without_bus();
    let daemon = fixture.daemon([verdict("not-required")]);
    let report = by_key(fixture.login(""));
    assert_eq!(report.codes, [SUCCESS; 2]);
    assert_eq!(daemon.contexts().len(), 1);
}

#[test]
fn a_result_of_a_failed_method_does_not_decide_a_login_by_key() {
    for (auth, account) in [
        ("verified", "verified"),
        ("remembered", "remembered"),
        ("code-of-session", "verified"),
        ("not-required", "not-required"),
        ("not-required", "left-to-session"),
    ] {
        let fixture = Fixture::without_bus();
        let daemon = fixture.daemon([auth, account, "denied"].map(verdict));
        // The answer is not the password, and the stack goes on.
        let report = fixture
            .login("not_required=success")
            .before("auth required pam_unix.so nodelay")
            .answers([types("not the password")])
            .account_options(GATE)
            .run([
                Step::Authenticate,
                Step::Account,
                variable(KEY),
                Step::OpenSession,
            ]);
        assert_eq!(report.codes[1..], [SUCCESS, SESSION_ERR], "{auth}");
        assert_ne!(report.codes[0], SUCCESS, "{auth}");
        let session = daemon.contexts().pop().unwrap();
        assert_eq!(
            (session.phase, session.auth_result),
            (Phase::Session, None),
            "{auth}"
        );
    }
}

#[test]
fn phases_in_a_process_of_their_own_count_by_the_method() {
    let fixture = Fixture::without_bus();
    let daemon = fixture.daemon(["verified"; 2].map(verdict));
    let steps = |info| {
        [
            Step::AuthenticateAndAccountInAChild,
            variable(info),
            Step::OpenSession,
        ]
    };
    let report = fixture
        .login("")
        .account_options(GATE)
        .run(steps(QUESTIONS));
    assert_eq!(report.codes, [SUCCESS; 2]);
    assert_eq!(daemon.contexts().len(), 2);
}

#[test]
fn a_login_that_a_process_of_its_own_left_is_decided_in_the_session_phase() {
    let fixture = Fixture::without_bus();
    let actions = ["not-required", "left-to-session", "denied"];
    let daemon = fixture.daemon(actions.map(verdict));
    let report = fixture
        .login("not_required=success")
        .account_options(GATE)
        .run([
            Step::AuthenticateAndAccountInAChild,
            variable(QUESTIONS),
            Step::OpenSession,
        ]);
    assert_eq!(report.codes, [SUCCESS, SESSION_ERR]);
    assert_eq!(daemon.contexts().len(), 3);
    // The mark is not for the session of the user.
    assert_eq!(
        report.environment,
        ["SSH_AUTH_INFO_0=keyboard-interactive/pam\n"]
    );
}

#[test]
fn the_session_phase_knows_which_factor_was_verified() {
    for (in_a_child, info) in [(true, QUESTIONS), (false, PASSWORD)] {
        let fixture = Fixture::without_bus();
        let actions = ["verified-by-totp", "left-to-session", "denied"];
        let daemon = fixture.daemon(actions.map(verdict));
        let first = match in_a_child {
            true => vec![Step::AuthenticateAndAccountInAChild],
            false => vec![Step::Authenticate, Step::Account],
        };
        let report = fixture
            .login("")
            .account_options(GATE)
            .run(first.into_iter().chain([variable(info), Step::OpenSession]));
        assert_eq!(report.codes.last(), Some(&SESSION_ERR), "{info}");
        let session = daemon.contexts().pop().unwrap();
        let expected = (Phase::Session, Some(Verdict::VerifiedByTotp));
        assert_eq!((session.phase, session.auth_result), expected, "{info}");
        assert_eq!(report.environment, [info], "{info}");
    }
    // A mark alone verifies nothing.
    let fixture = Fixture::without_bus();
    let daemon = fixture.daemon([verdict("denied")]);
    let forged = variable("PAM_TFA_LEFT_TO_SESSION=verified-by-totp");
    let report = fixture
        .login("")
        .run([forged, variable(KEY), Step::OpenSession]);
    assert_eq!(report.code(), SESSION_ERR);
    assert_eq!(daemon.contexts()[0].auth_result, None);
}

#[test]
fn without_the_account_line_the_session_phase_decides() {
    for (auth, expected) in [
        ("denied", Some(Verdict::Denied)),
        ("not-required", Some(Verdict::NotRequired)),
    ] {
        let fixture = Fixture::without_bus();
        let daemon = fixture.daemon([verdict(auth), verdict("denied")]);
        let report =
            fixture
                .login("")
                .run([Step::Authenticate, variable(QUESTIONS), Step::OpenSession]);
        assert_eq!(report.codes[1], SESSION_ERR, "{auth}");
        let context = &daemon.contexts()[1];
        assert_eq!(
            (context.phase, context.auth_result),
            (Phase::Session, expected)
        );
    }
    let fixture = Fixture::without_bus();
    let daemon = fixture.daemon([verdict("denied")]);
    let report = fixture.login("").run([variable(KEY), Step::OpenSession]);
    assert_eq!(report.code(), SESSION_ERR);
    assert_eq!(daemon.contexts()[0].auth_result, None);
}

#[test]
fn other_services_never_ask_the_daemon_in_the_session_phase() {
    let fixture = Fixture::without_bus();
    for service in [
        "cron",
        "atd",
        "systemd-user",
        "login",
        "su",
        "sudo",
        "polkit-1",
    ] {
        for options in ["", "no-such-option"] {
            let report = fixture
                .login("")
                .in_program(service, "", 0)
                .at("pts/0", "")
                .session_options(options)
                .run([Step::OpenSession, Step::CloseSession]);
            assert_eq!(report.codes, [SUCCESS; 2], "{service} {options}");
            assert!(!report.logged("pam_tfa("), "{:?}", report.log);
        }
    }
}

#[test]
fn without_the_daemon_only_decided_logins_have_a_session() {
    let fixture = Fixture::without_bus();
    let report = fixture.login("").run([variable(KEY), Step::OpenSession]);
    assert_eq!(report.code(), SESSION_ERR);
    let report = fixture
        .login("")
        .run([variable(QUESTIONS), Step::OpenSession]);
    assert_eq!(report.code(), SUCCESS);
}

#[test]
fn an_unknown_option_or_another_user_refuses_the_session() {
    let fixture = Fixture::without_bus();
    let _daemon = fixture.daemon([verdict("left-to-session")]);
    let report = by_key(fixture.login("").session_options("gate"));
    assert_eq!(report.codes, [SUCCESS, SESSION_ERR]);
    assert!(report.logged("unknown option"), "{:?}", report.log);

    let fixture = Fixture::without_bus();
    let daemon = fixture.daemon([verdict("not-required"), verdict("verified")]);
    let report = fixture.login("").account_options(GATE).run([
        Step::Account,
        Step::Rename("mallory".to_owned()),
        variable(KEY),
        Step::OpenSession,
    ]);
    assert_eq!(report.codes, [SUCCESS, SESSION_ERR]);
    assert_eq!(daemon.contexts().len(), 1);
}

#[test]
fn a_verdict_for_the_account_phase_alone_refuses_the_auth_phase() {
    let fixture = Fixture::without_bus();
    let _daemon = fixture.daemon([verdict("left-to-session")]);
    let report = fixture
        .login("session=gate")
        .answers([types("123456")])
        .authenticate();
    assert_eq!(report.code(), Code::AUTH_ERR as i32);
}
