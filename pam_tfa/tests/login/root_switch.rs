//! Without the daemon, su and sudo of root continue, and other logins are refused.

use pam_sys::PamReturnCode as Code;
use tfa_testkit::skip_without_uid;

use crate::absence::UNAVAILABLE;
use crate::daemon::{Action, verdict};
use crate::fixture::{Fixture, Login};
use crate::program::{Report, Step};

const SUCCESS: i32 = Code::SUCCESS as i32;
const NOT_SERVING: Action = Action::Error("org.tfad.Tfa1.Error.NotServing");
const LOG: &str = "root changes to another user without tfad";

fn login<'a>(fixture: &'a Fixture, service: &str, ruser: &str, real_uid: u32) -> Login<'a> {
    let login = fixture.login("enroll=account");
    login.at("pts/0", "").in_program(service, ruser, real_uid)
}

#[test]
fn su_and_sudo_of_root_continue_without_the_daemon() {
    for service in ["su", "su-l", "sudo", "sudo-i"] {
        for fixture in [Fixture::new(), Fixture::without_bus()] {
            let report = login(&fixture, service, "root", 0).account();
            // Not PAM_IGNORE: the shipped profile continues after both.
            assert_eq!(report.code(), SUCCESS, "{service}");
            assert!(report.logged(LOG), "{:?}", report.log);
        }
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([NOT_SERVING]);
        assert_eq!(
            login(&fixture, service, "root", 0).account().code(),
            SUCCESS
        );
    }
}

#[test]
fn other_logins_are_refused_without_the_daemon() {
    let fixture = Fixture::new();
    for (service, ruser, real_uid) in [
        // su and sudo of a user.
        ("su", "root", 1000),
        ("su-l", "alice", 0),
        ("sudo", "alice", 0),
        ("sudo-i", "", 0),
        // Services that let a user in.
        ("sshd", "root", 0),
        ("login", "root", 0),
        ("gdm-password", "root", 0),
        ("rsh", "root", 0),
        ("doas", "root", 0),
        ("tfa", "root", 0),
    ] {
        if real_uid != 0 && skip_without_uid(real_uid) {
            continue;
        }
        let report = login(&fixture, service, ruser, real_uid).account();
        assert_eq!(report.code(), UNAVAILABLE, "{service} {ruser} {real_uid}");
        assert!(!report.logged(LOG));
    }
    let report = login(&fixture, "su", "root", 0)
        .at("ssh", "192.0.2.7")
        .account();
    assert_eq!(report.code(), UNAVAILABLE);
}

#[test]
fn an_account_phase_after_an_auth_phase_needs_the_daemon() {
    // The auth phase refuses because the daemon is absent, and the stack continues.
    let fixture = Fixture::new();
    let steps = [Step::Authenticate, Step::Account];
    let report = login(&fixture, "su", "root", 0).run(steps.clone());
    assert_eq!(report.codes, [UNAVAILABLE; 2]);
    // The daemon answers in the auth phase, and is absent in the account phase.
    for name in ["verified", "not-required", "denied"] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([verdict(name), NOT_SERVING]);
        let report = login(&fixture, "sudo", "root", 0).run(steps.clone());
        assert_eq!(report.codes[1], UNAVAILABLE, "{name}");
    }
}

#[test]
fn a_daemon_that_answers_or_hangs_is_not_absent() {
    let denied = |report: &Report| {
        assert_ne!(report.code(), SUCCESS);
        assert!(!report.logged(LOG), "{:?}", report.log);
    };
    for action in [
        verdict("denied"),
        Action::NoReply,
        Action::InvalidTurn,
        Action::Die,
        Action::Error("org.tfad.Tfa1.Error.Damaged"),
        Action::Error("org.freedesktop.DBus.Error.ServiceUnknown"),
    ] {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon([action]);
        let root = fixture
            .login("timeout=1")
            .at("pts/0", "")
            .in_program("su", "root", 0);
        denied(&root.account());
    }
    let fixture = Fixture::new();
    fixture.freeze_bus();
    let root = fixture
        .login("timeout=1")
        .at("pts/0", "")
        .in_program("su", "root", 0);
    denied(&root.account());
}
