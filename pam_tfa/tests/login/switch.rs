//! Root's own su and sudo go on while the daemon is down, and nothing else does.

use pam_sys::PamReturnCode as Code;
use tfa_testkit::skip_without_uid;

use crate::absence::UNAVAILABLE;
use crate::daemon::{Act, verdict};
use crate::program::{Report, Step};
use crate::stage::{Login, Stage};

const SUCCESS: i32 = Code::SUCCESS as i32;
const NOT_SERVING: Act = Act::Error("org.tfad.Tfa1.Error.NotServing");
const LOG: &str = "root changes to another user without tfad";

fn login<'a>(stage: &'a Stage, service: &str, ruser: &str, real_uid: u32) -> Login<'a> {
    let login = stage.login("enroll=account");
    login.at("pts/0", "").in_program(service, ruser, real_uid)
}

#[test]
fn roots_own_su_and_sudo_go_on_without_the_daemon() {
    for service in ["su", "su-l", "sudo", "sudo-i"] {
        for stage in [Stage::new(), Stage::without_bus()] {
            let report = login(&stage, service, "root", 0).account();
            // Not PAM_IGNORE: the shipped profile goes on after either.
            assert_eq!(report.code(), SUCCESS, "{service}");
            assert!(report.logged(LOG), "{:?}", report.log);
        }
        let stage = Stage::new();
        let _daemon = stage.daemon([NOT_SERVING]);
        assert_eq!(login(&stage, service, "root", 0).account().code(), SUCCESS);
    }
}

#[test]
fn without_the_daemon_nobody_else_goes_on() {
    let stage = Stage::new();
    for (service, ruser, real_uid) in [
        // A user's su, whatever it sets, and a user's sudo.
        ("su", "root", 1000),
        ("su-l", "alice", 0),
        ("sudo", "alice", 0),
        ("sudo-i", "", 0),
        // What lets a person in, whatever it sets.
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
        let report = login(&stage, service, ruser, real_uid).account();
        assert_eq!(report.code(), UNAVAILABLE, "{service} {ruser} {real_uid}");
        assert!(!report.logged(LOG));
    }
    let report = login(&stage, "su", "root", 0)
        .at("ssh", "192.0.2.7")
        .account();
    assert_eq!(report.code(), UNAVAILABLE);
}

#[test]
fn an_account_phase_after_an_auth_phase_needs_the_daemon() {
    // The auth phase refuses because the daemon is away, and the stack goes on.
    let stage = Stage::new();
    let steps = [Step::Authenticate, Step::Account];
    let report = login(&stage, "su", "root", 0).run(steps.clone());
    assert_eq!(report.codes, [UNAVAILABLE; 2]);
    // The daemon answers in the auth phase, and is away in the account phase.
    for name in ["verified", "not-required", "denied"] {
        let stage = Stage::new();
        let _daemon = stage.daemon([verdict(name), NOT_SERVING]);
        let report = login(&stage, "sudo", "root", 0).run(steps.clone());
        assert_eq!(report.codes[1], UNAVAILABLE, "{name}");
    }
}

#[test]
fn a_daemon_that_answers_hangs_or_lies_is_not_absent() {
    let denied = |report: &Report| {
        assert_ne!(report.code(), SUCCESS);
        assert!(!report.logged(LOG), "{:?}", report.log);
    };
    for act in [
        verdict("denied"),
        Act::Silence,
        Act::Nonsense,
        Act::Die,
        Act::Error("org.tfad.Tfa1.Error.Damaged"),
        Act::Error("org.freedesktop.DBus.Error.ServiceUnknown"),
    ] {
        let stage = Stage::new();
        let _daemon = stage.daemon([act]);
        let root = stage
            .login("timeout=1")
            .at("pts/0", "")
            .in_program("su", "root", 0);
        denied(&root.account());
    }
    let stage = Stage::new();
    stage.freeze_bus();
    let root = stage
        .login("timeout=1")
        .at("pts/0", "")
        .in_program("su", "root", 0);
    denied(&root.account());
}
