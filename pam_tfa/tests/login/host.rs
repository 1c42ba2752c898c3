//! The module leaves nothing behind in the login program.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Action, ask_code, raw_turn, verdict};
use crate::fixture::{ENDPOINTS, Fixture, IGNORED};
use crate::program::{Report, Step, types};

const SUCCESS: i32 = Code::SUCCESS as i32;

#[test]
fn a_login_leaves_no_threads_files_or_signals() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [ask_code(), verdict("verified")]);
        let report = fixture.login("").answers([types("123456")]).authenticate();
        assert_eq!(report.code(), SUCCESS);
        let [before, after] = &report.process[..] else {
            panic!();
        };
        assert_eq!(before.threads, after.threads);
        assert_eq!(before.descriptors, after.descriptors);
        assert_eq!(before.signals, after.signals);
        assert_eq!(report.printed, "");
    }
}

#[test]
fn a_login_adds_no_threads_and_no_inheritable_files() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [ask_code(), verdict("verified")]);
        let report = fixture.login("").answers([types("123456")]).authenticate();
        let [during_conversation] = &report.during_conversation[..] else {
            panic!("{:?}", report.during_conversation);
        };
        let before = &report.process[0];
        assert!(during_conversation.descriptors.len() > before.descriptors.len());
        assert_eq!(during_conversation.inheritable, before.inheritable);
        assert_eq!(during_conversation.threads, before.threads);
    }
}

#[test]
fn the_connection_is_closed_before_the_last_lines_are_shown() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let last = raw_turn("verdict", "denied", 0).after_line("error", "Not today.");
        let _daemon = fixture.daemon_on(endpoint, [Action::Turn(last)]);
        let report = fixture.login("").authenticate();
        assert_eq!(report.shown, ["error: Not today."]);
        let [during_conversation] = &report.during_conversation[..] else {
            panic!("{:?}", report.during_conversation);
        };
        assert_eq!(
            during_conversation.descriptors,
            report.process[0].descriptors
        );
    }
}

#[test]
fn a_timeout_leaves_no_threads_or_files() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [Action::NoReply]);
        let report = fixture.login("timeout=1").authenticate();
        assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
        let [before, after] = &report.process[..] else {
            panic!();
        };
        assert_eq!(before.threads, after.threads);
        assert_eq!(before.descriptors, after.descriptors);
        assert_eq!(report.printed, "");
    }
}

#[test]
fn a_forked_child_authenticates_as_its_parent_did() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let actions = ["verified", "verified", "denied"].map(verdict);
        let _daemon = fixture.daemon_on(endpoint, actions);
        let report = fixture.login("").run([
            Step::Authenticate,
            Step::AuthenticateInAChild,
            Step::Authenticate,
        ]);
        assert_eq!(report.codes, [SUCCESS, SUCCESS, Code::AUTH_ERR as i32]);
    }
}

#[test]
fn transactions_in_one_process_do_not_touch_each_other() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let actions = ["verified", "denied", "not-required"].map(verdict);
        let daemon = fixture.daemon_on(endpoint, actions);
        let report =
            fixture
                .login("")
                .run([Step::Authenticate, Step::SecondTransaction, Step::Account]);
        assert_eq!(report.codes, [SUCCESS, Code::AUTH_ERR as i32, IGNORED]);
        let auth_result = daemon.contexts()[2].auth_result;
        assert_eq!(auth_result, Some(tfa_proto::Verdict::Verified));
    }
}

#[test]
fn a_login_works_in_a_thread_that_is_ending() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, [verdict("denied"), verdict("verified")]);
        let report = fixture.login("").run([Step::AuthenticateInAnEndingThread]);
        assert_eq!(report.code(), SUCCESS);
        assert_eq!(report.printed, "");
    }
}

#[test]
fn a_panic_is_an_abort_and_prints_nothing() {
    let fixture = Fixture::new();
    let report = fixture
        .login("")
        .environment("LD_PRELOAD", fixture.broken_clock().to_str().unwrap())
        .run([Step::Authenticate, Step::OwnPanic]);
    assert_eq!(report.code(), Code::ABORT as i32);
    assert!(report.logged("pam_tfa panicked at "));
    assert_eq!(report.printed, "");
    assert_eq!(
        report.own_panics, 1,
        "the program's hook is called for its own panic alone"
    );
}

#[test]
fn ten_thousand_loads_leave_nothing() {
    let fixture = Fixture::new();
    let report = fixture
        .login("")
        .run([Step::Load(1), Step::Inspect, Step::Load(10_000)]);
    assert_nothing_left(&report);
    assert_eq!(report.process[2].mappings, 0);
}

#[test]
fn a_thousand_logins_each_with_its_own_load_leave_nothing() {
    for endpoint in ENDPOINTS {
        let fixture = Fixture::new();
        let _daemon = fixture.daemon_on(endpoint, (0..1001).map(|_| verdict("verified")));
        let mut steps = vec![Step::SecondTransaction, Step::Inspect];
        steps.extend((0..1000).map(|_| Step::SecondTransaction));
        let report = fixture.login("").run(steps);
        assert_eq!(report.codes, vec![SUCCESS; 1001]);
        assert_nothing_left(&report);
    }
}

/// Compares the state after the first step, when libc and libpam are initialized, with that at the end.
fn assert_nothing_left(report: &Report) {
    let [_, before, after] = &report.process[..] else {
        panic!("{:?}", report.process);
    };
    assert_eq!(before.threads, after.threads);
    assert_eq!(before.descriptors, after.descriptors);
    assert_eq!(before.mappings, after.mappings);
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown < 1024, "{grown} kB");
}
