//! The verdicts and errors of the daemon, and the PAM codes for them.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, Call, ask, ask_code, raw_turn, verdict};
use crate::fixture::{ENDPOINTS, Fixture, IGNORED};
use crate::program::{Step, types};

#[test]
fn a_correct_code_is_a_success() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([ask_code(), verdict("verified")]);
    let report = fixture
        .login("")
        .answers([types("123456")])
        .run([Step::Authenticate, Step::SetCred]);
    assert_eq!(report.codes, [Code::SUCCESS as i32, Code::SUCCESS as i32]);
    assert_eq!(report.shown, ["hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
    assert_eq!(daemon.calls().len(), 2, "no Cancel after a verdict");
}

#[test]
fn every_verdict_has_its_code_in_both_phases() {
    let table = [
        ("verified", Code::SUCCESS as i32, Code::SUCCESS as i32),
        ("remembered", Code::SUCCESS as i32, Code::SUCCESS as i32),
        (
            "code-of-session",
            Code::SUCCESS as i32,
            Code::SUCCESS as i32,
        ),
        ("not-required", IGNORED, IGNORED),
        ("denied", Code::AUTH_ERR as i32, Code::PERM_DENIED as i32),
        (
            "must-enroll",
            Code::AUTH_ERR as i32,
            Code::PERM_DENIED as i32,
        ),
        ("locked", Code::MAXTRIES as i32, Code::PERM_DENIED as i32),
        (
            "unknown-user",
            Code::USER_UNKNOWN as i32,
            Code::USER_UNKNOWN as i32,
        ),
    ];
    let fixture = Fixture::new();
    let actions = table
        .iter()
        .flat_map(|(name, ..)| [verdict(name), verdict(name)]);
    let _daemon = fixture.daemon(actions);
    for (name, auth, account) in table {
        assert_eq!(fixture.login("").authenticate().code(), auth, "{name}");
        assert_eq!(fixture.login("").account().code(), account, "{name}");
    }
}

#[test]
fn not_required_is_a_success_if_the_option_says_so() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([verdict("not-required")]);
    let report = fixture.login("not_required=success").authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
}

#[test]
fn an_invalid_turn_refuses() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let odd_line = raw_turn("verdict", "verified", 0).after_line("shout", "hello");
        let actions = [
            verdict("VERIFIED"),
            verdict(""),
            ask("verdicts", "verified", 0),
            Action::Turn(odd_line),
            Action::InvalidTurn,
        ];
        let _daemon = fixture.daemon_on(endpoint, actions.clone());
        for action in actions {
            let report = fixture.login("").authenticate();
            assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32, "{action:?}");
            assert!(
                report.logged("tfad could not process this login"),
                "{action:?}"
            );
            assert!(report.shown.concat().contains("not available right now"));
        }
    }
}

#[test]
fn an_invalid_turn_after_a_valid_question_refuses() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([ask_code(), Action::InvalidTurn]);
    let report = fixture.login("").answers([types("123456")]).authenticate();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}

#[test]
fn an_error_of_the_daemon_refuses_and_says_where_to_look() {
    let fixture = Fixture::new();
    let errors = [
        "org.tfad.Tfa1.Error.Damaged",
        "org.tfad.Tfa1.Error.Busy",
        "org.tfad.Tfa1.Error.NoSuchDialog",
        "org.tfad.Tfa1.Error.OfALaterVersion",
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.UnknownMethod",
    ];
    let _daemon = fixture.daemon(errors.map(Action::Error));
    for error in errors {
        let report = fixture.login("").authenticate();
        assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32, "{error}");
        assert!(report.logged("journalctl -u tfad"), "{error}");
        assert!(report.logged("said the test"), "{error}");
    }
}

#[test]
fn an_unknown_user_of_the_daemon_is_one_of_pam() {
    let fixture = Fixture::new();
    let unknown = Action::Error("org.tfad.Tfa1.Error.UnknownUser");
    let _daemon = fixture.daemon([unknown]);
    let report = fixture.login("").authenticate();
    assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
}

#[test]
fn without_a_user_name_the_daemon_is_not_called() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([]);
    for user in [None, Some("")] {
        for step in [Step::Authenticate, Step::Account] {
            let report = fixture.login("").user(user).run([step]);
            assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
        }
    }
    assert_eq!(daemon.calls(), []);
}

#[test]
fn unknown_options_refuse_and_are_all_logged() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([]);
    for step in [Step::Authenticate, Step::Account] {
        let report = fixture.login("debug nullok timeout=soon").run([step]);
        assert_eq!(report.code(), Code::SERVICE_ERR as i32);
        assert!(report.logged("\"nullok\""));
        assert!(report.logged("\"timeout=soon\""));
    }
    assert_eq!(daemon.calls(), []);
}

/// Before the handshake, a bus reads only a little at a time.
#[test]
fn a_long_context_arrives_complete() {
    for endpoint in ENDPOINTS {
        for length in [2_000, 16_000, 17_000, 500_000] {
            let fixture = Fixture::new();
            let daemon = fixture.daemon_on(endpoint, [verdict("verified")]);
            let info = format!("publickey ssh-rsa {}\n", "A".repeat(length));
            let report = fixture
                .login("")
                .variable(&format!("SSH_AUTH_INFO_0={info}"))
                .authenticate();
            assert_eq!(report.code(), Code::SUCCESS as i32, "{length}");
            assert!(daemon.contexts()[0].ssh_auth_info == info, "{length}");
        }
    }
}

#[test]
fn the_context_has_the_items_of_pam() {
    let fixture = Fixture::new();
    let daemon = fixture.daemon([verdict("verified")]);
    fixture
        .login("enroll=account")
        .at("/dev/tty2", "192.0.2.9")
        .variable("SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\npassword\n")
        .variable("XDG_SEAT=seat0")
        .environment("XDG_SEAT", "seat9")
        .authenticate();
    let [Call::Begin(user, context)] = &daemon.calls()[..] else {
        panic!("{:?}", daemon.calls());
    };
    assert_eq!(user, "alice");
    assert_eq!(context.phase, tfa_proto::Phase::Auth);
    assert_eq!(context.service, "tfa");
    assert_eq!(context.tty, "/dev/tty2");
    assert_eq!(context.rhost, "192.0.2.9");
    assert_eq!(
        context.ssh_auth_info,
        "publickey ssh-ed25519 AAAA\npassword\n"
    );
    // The user who starts a setuid program controls its environment.
    let is_root = nix::unistd::getuid().is_root();
    assert_eq!(context.seat, if is_root { "seat0" } else { "" });
    assert!(context.can_enroll);
    assert_eq!(context.auth_result, None);
}

#[test]
fn a_refusal_is_logged_in_the_format_of_pam_unix() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([verdict("denied")]);
    let report = fixture.login("").authenticate();
    assert!(report.logged(
        "pam_tfa(tfa:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= \
         rhost=192.0.2.7  user=alice"
    ));
}

#[test]
fn a_wrong_code_over_ssh_is_logged_in_the_format_of_sshd() {
    let wrong = || raw_turn("ask-hidden", "Code: ", 6).after_line("failure", "no");
    let line = ": error: PAM: Authentication failure for alice from 192.0.2.7 via pam_tfa";
    for (tty, rhost, logged) in [
        ("ssh", "192.0.2.7", 2),
        ("ssh", "", 0),
        ("/dev/pts/0", "192.0.2.7", 0),
    ] {
        let fixture = Fixture::new();
        let actions = [
            ask_code(),
            Action::Turn(wrong()),
            Action::Turn(wrong()),
            verdict("verified"),
        ];
        let _daemon = fixture.daemon(actions);
        let report = fixture
            .login("")
            .at(tty, rhost)
            .answers(["1", "2", "3"].map(types))
            .authenticate();
        let lines = report.log.iter().filter(|text| text.contains(line));
        assert_eq!(lines.count(), logged, "{tty} {rhost} {:?}", report.log);
    }
}

#[test]
fn a_user_name_cannot_forge_a_host_in_the_log() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([verdict("denied")]);
    let report = fixture
        .login("")
        .user(Some("x rhost=192.0.2.66 user=y"))
        .authenticate();
    assert!(report.logged("rhost=192.0.2.7  user=x?rhost=192.0.2.66?user=y"));
}

#[test]
fn a_user_name_cannot_forge_a_log_line() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([verdict("denied")]);
    let report = fixture.login("").user(Some("a\nb\u{1b}[0m")).authenticate();
    assert!(report.logged("user=a?b?[0m"));
}

#[test]
fn only_a_refusal_is_delayed() {
    for (name, delays) in [
        ("denied", 1),
        ("locked", 1),
        ("verified", 0),
        ("not-required", 0),
    ] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([verdict(name)]);
        let report = fixture.login("").authenticate();
        assert_eq!(report.delays.len(), delays, "{name}");
        // libpam varies the delay by half.
        assert!(
            report
                .delays
                .iter()
                .all(|delay| (1000..=3000).contains(delay))
        );
    }
}

#[test]
fn a_name_that_is_not_utf8_has_its_own_message() {
    let fixture = Fixture::new();
    let _daemon = fixture.daemon([]);
    for (name, own) in [("ali\u{fffd}ce", true), ("", false)] {
        let report = fixture.login("").user(Some(name)).authenticate();
        assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
        assert_eq!(report.logged("is not valid UTF-8"), own);
        assert_eq!(report.logged("PAM has no user name"), !own);
    }
}
