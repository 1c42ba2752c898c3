//! What the daemon says, and what libpam is told.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, Call, ask, ask_code, verdict, words};
use crate::program::{Step, types};
use crate::stage::{IGNORED, ROADS, Stage};

#[test]
fn a_right_code_is_a_success() {
    let stage = Stage::new();
    let daemon = stage.daemon([ask_code(), verdict("verified")]);
    let report = stage
        .login("")
        .answers([types("123456")])
        .run([Step::Authenticate, Step::SetCred]);
    assert_eq!(report.codes, [Code::SUCCESS as i32, Code::SUCCESS as i32]);
    assert_eq!(report.said, ["hidden: Code: "]);
    assert_eq!(daemon.replies(), ["123456"]);
    assert_eq!(daemon.calls().len(), 2, "no Cancel after a verdict");
}

#[test]
fn every_verdict_has_its_code_in_both_phases() {
    let table = [
        ("verified", Code::SUCCESS as i32, Code::SUCCESS as i32),
        ("remembered", Code::SUCCESS as i32, Code::SUCCESS as i32),
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
    let stage = Stage::new();
    let acts = table
        .iter()
        .flat_map(|(name, ..)| [verdict(name), verdict(name)]);
    let _daemon = stage.daemon(acts);
    for (name, auth, account) in table {
        assert_eq!(stage.login("").authenticate().code(), auth, "{name}");
        assert_eq!(stage.login("").account().code(), account, "{name}");
    }
}

#[test]
fn not_required_is_a_success_where_the_line_says_so() {
    let stage = Stage::new();
    let _daemon = stage.daemon([verdict("not-required")]);
    let report = stage.login("not_required=success").authenticate();
    assert_eq!(report.code(), Code::SUCCESS as i32);
}

#[test]
fn a_turn_that_is_not_understood_is_never_a_yes() {
    for road in ROADS {
        let stage = Stage::new();
        let odd_line = words("verdict", "verified", 0).after_line("shout", "hello");
        let acts = [
            verdict("VERIFIED"),
            verdict(""),
            ask("verdicts", "verified", 0),
            Act::Turn(odd_line),
            Act::Nonsense,
        ];
        let _daemon = stage.daemon_on(road, acts.clone());
        for act in acts {
            let report = stage.login("").authenticate();
            assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32, "{act:?}");
            assert!(
                report.logged("tfad could not process this login"),
                "{act:?}"
            );
            assert!(report.said.concat().contains("not available right now"));
        }
    }
}

#[test]
fn nonsense_after_a_right_question_is_no_yes_either() {
    let stage = Stage::new();
    let _daemon = stage.daemon([ask_code(), Act::Nonsense]);
    let report = stage.login("").answers([types("123456")]).authenticate();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}

#[test]
fn an_error_of_the_daemon_denies_and_says_where_to_look() {
    let stage = Stage::new();
    let errors = [
        "org.tfad.Tfa1.Error.Damaged",
        "org.tfad.Tfa1.Error.Busy",
        "org.tfad.Tfa1.Error.NoSuchDialog",
        "org.tfad.Tfa1.Error.OfALaterVersion",
        "org.freedesktop.DBus.Error.AccessDenied",
        "org.freedesktop.DBus.Error.UnknownMethod",
    ];
    let _daemon = stage.daemon(errors.map(Act::Error));
    for error in errors {
        let report = stage.login("").authenticate();
        assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32, "{error}");
        assert!(report.logged("journalctl -u tfad"), "{error}");
        assert!(report.logged("said the test"), "{error}");
    }
}

#[test]
fn the_daemons_unknown_user_is_an_unknown_user() {
    let stage = Stage::new();
    let unknown = Act::Error("org.tfad.Tfa1.Error.UnknownUser");
    let _daemon = stage.daemon([unknown]);
    let report = stage.login("").authenticate();
    assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
}

#[test]
fn without_a_user_name_nobody_is_asked() {
    let stage = Stage::new();
    let daemon = stage.daemon([]);
    for user in [None, Some("")] {
        for step in [Step::Authenticate, Step::Account] {
            let report = stage.login("").user(user).run([step]);
            assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
        }
    }
    assert_eq!(daemon.calls(), []);
}

#[test]
fn an_option_that_is_not_known_denies_and_all_of_them_are_logged() {
    let stage = Stage::new();
    let daemon = stage.daemon([]);
    for step in [Step::Authenticate, Step::Account] {
        let report = stage.login("debug nullok timeout=soon").run([step]);
        assert_eq!(report.code(), Code::SERVICE_ERR as i32);
        assert!(report.logged("\"nullok\""));
        assert!(report.logged("\"timeout=soon\""));
    }
    assert_eq!(daemon.calls(), []);
}

/// A bus that has not let anybody on yet takes little at a time.
#[test]
fn the_daemon_is_told_all_that_pam_knows_however_much_that_is() {
    for road in ROADS {
        for length in [2_000, 16_000, 17_000, 500_000] {
            let stage = Stage::new();
            let daemon = stage.daemon_on(road, [verdict("verified")]);
            let info = format!("publickey ssh-rsa {}\n", "A".repeat(length));
            let report = stage
                .login("")
                .variable(&format!("SSH_AUTH_INFO_0={info}"))
                .authenticate();
            assert_eq!(report.code(), Code::SUCCESS as i32, "{length}");
            assert!(daemon.contexts()[0].ssh_auth_info == info, "{length}");
        }
    }
}

#[test]
fn the_daemon_is_told_what_pam_knows() {
    let stage = Stage::new();
    let daemon = stage.daemon([verdict("verified")]);
    stage
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
    // Whoever starts a program of another real uid sets its environment.
    let is_root = nix::unistd::getuid().is_root();
    assert_eq!(context.seat, if is_root { "seat0" } else { "" });
    assert!(context.can_enroll);
    assert_eq!(context.auth_result, None);
}

#[test]
fn a_refusal_is_logged_as_log_watchers_know_it() {
    let stage = Stage::new();
    let _daemon = stage.daemon([verdict("denied")]);
    let report = stage.login("").authenticate();
    assert!(report.logged(
        "pam_tfa(tfa:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= \
         rhost=192.0.2.7  user=alice"
    ));
}

#[test]
fn a_wrong_code_over_ssh_is_logged_in_the_words_of_sshd() {
    let wrong = || words("ask-hidden", "Code: ", 6).after_line("failure", "no");
    let line = ": error: PAM: Authentication failure for alice from 192.0.2.7 via pam_tfa";
    for (tty, rhost, logged) in [
        ("ssh", "192.0.2.7", 2),
        ("ssh", "", 0),
        ("/dev/pts/0", "192.0.2.7", 0),
    ] {
        let stage = Stage::new();
        let acts = [
            ask_code(),
            Act::Turn(wrong()),
            Act::Turn(wrong()),
            verdict("verified"),
        ];
        let _daemon = stage.daemon(acts);
        let report = stage
            .login("")
            .at(tty, rhost)
            .answers(["1", "2", "3"].map(types))
            .authenticate();
        let lines = report.log.iter().filter(|text| text.contains(line));
        assert_eq!(lines.count(), logged, "{tty} {rhost} {:?}", report.log);
    }
}

#[test]
fn a_user_name_names_no_host_in_the_log() {
    let stage = Stage::new();
    let _daemon = stage.daemon([verdict("denied")]);
    let report = stage
        .login("")
        .user(Some("x rhost=192.0.2.66 user=y"))
        .authenticate();
    assert!(report.logged("rhost=192.0.2.7  user=x?rhost=192.0.2.66?user=y"));
}

#[test]
fn a_name_with_control_characters_forges_no_line_of_the_log() {
    let stage = Stage::new();
    let _daemon = stage.daemon([verdict("denied")]);
    let report = stage.login("").user(Some("a\nb\u{1b}[0m")).authenticate();
    assert!(report.logged("user=a?b?[0m"));
}

#[test]
fn who_is_refused_waits_and_nobody_else() {
    for (name, delays) in [
        ("denied", 1),
        ("locked", 1),
        ("verified", 0),
        ("not-required", 0),
    ] {
        let stage = Stage::new();
        let _daemon = stage.daemon([verdict(name)]);
        let report = stage.login("").authenticate();
        assert_eq!(report.delays.len(), delays, "{name}");
        // libpam takes half to one and a half of what it is asked for.
        assert!(
            report
                .delays
                .iter()
                .all(|delay| (1000..=3000).contains(delay))
        );
    }
}

#[test]
fn a_name_that_is_not_utf8_is_refused_in_words_of_its_own() {
    let stage = Stage::new();
    let _daemon = stage.daemon([]);
    for (name, own) in [("ali\u{fffd}ce", true), ("", false)] {
        let report = stage.login("").user(Some(name)).authenticate();
        assert_eq!(report.code(), Code::USER_UNKNOWN as i32);
        assert_eq!(report.logged("is not valid UTF-8"), own);
        assert_eq!(report.logged("PAM has no user name"), !own);
    }
}
