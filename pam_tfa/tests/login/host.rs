//! What the module leaves behind in the program that loaded it: nothing.

use pam_sys::PamReturnCode as Code;

use crate::daemon::{Act, ask_code, verdict, words};
use crate::program::{Report, Step, types};
use crate::stage::{IGNORED, ROADS, Stage};

const SUCCESS: i32 = Code::SUCCESS as i32;

#[test]
fn threads_files_and_signals_are_as_before() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [ask_code(), verdict("verified")]);
        let report = stage.login("").answers([types("123456")]).authenticate();
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
fn at_no_time_is_there_a_thread_more_or_a_file_that_others_inherit() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [ask_code(), verdict("verified")]);
        let report = stage.login("").answers([types("123456")]).authenticate();
        let [in_between] = &report.in_between[..] else {
            panic!("{:?}", report.in_between);
        };
        let before = &report.process[0];
        assert!(in_between.descriptors.len() > before.descriptors.len());
        assert_eq!(in_between.inheritable, before.inheritable);
        assert_eq!(in_between.threads, before.threads);
    }
}

#[test]
fn whoever_does_not_read_the_last_words_holds_nothing_of_the_daemons() {
    for road in ROADS {
        let stage = Stage::new();
        let last = words("verdict", "denied", 0).after_line("error", "Not today.");
        let _daemon = stage.daemon_on(road, [Act::Turn(last)]);
        let report = stage.login("").authenticate();
        assert_eq!(report.said, ["error: Not today."]);
        let [in_between] = &report.in_between[..] else {
            panic!("{:?}", report.in_between);
        };
        assert_eq!(in_between.descriptors, report.process[0].descriptors);
    }
}

#[test]
fn threads_and_files_are_as_before_after_a_time_out_too() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [Act::Silence]);
        let report = stage.login("timeout=1").authenticate();
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
    for road in ROADS {
        let stage = Stage::new();
        let acts = ["verified", "verified", "denied"].map(verdict);
        let _daemon = stage.daemon_on(road, acts);
        let report = stage.login("").run([
            Step::Authenticate,
            Step::AuthenticateInAChild,
            Step::Authenticate,
        ]);
        assert_eq!(report.codes, [SUCCESS, SUCCESS, Code::AUTH_ERR as i32]);
    }
}

#[test]
fn transactions_in_one_process_do_not_touch_each_other() {
    for road in ROADS {
        let stage = Stage::new();
        let acts = ["verified", "denied", "not-required"].map(verdict);
        let daemon = stage.daemon_on(road, acts);
        let report = stage
            .login("")
            .run([Step::Authenticate, Step::Beside, Step::Account]);
        assert_eq!(report.codes, [SUCCESS, Code::AUTH_ERR as i32, IGNORED]);
        let auth_result = daemon.contexts()[2].auth_result;
        assert_eq!(auth_result, Some(tfa_proto::Verdict::Verified));
    }
}

#[test]
fn a_thread_that_is_ending_logs_in_like_any_other() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, [verdict("denied"), verdict("verified")]);
        let report = stage.login("").run([Step::AuthenticateInAnEndingThread]);
        assert_eq!(report.code(), SUCCESS);
        assert_eq!(report.printed, "");
    }
}

#[test]
fn a_panic_is_an_abort_and_prints_nothing() {
    let stage = Stage::new();
    let report = stage
        .login("")
        .environment("LD_PRELOAD", stage.broken_clock().to_str().unwrap())
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
    let stage = Stage::new();
    let report = stage
        .login("")
        .run([Step::Load(1), Step::Look, Step::Load(10_000)]);
    nothing_left(&report);
    assert_eq!(report.process[2].mappings, 0);
}

#[test]
fn a_thousand_logins_each_with_its_own_load_leave_nothing() {
    for road in ROADS {
        let stage = Stage::new();
        let _daemon = stage.daemon_on(road, (0..1001).map(|_| verdict("verified")));
        let mut steps = vec![Step::Beside, Step::Look];
        steps.extend((0..1000).map(|_| Step::Beside));
        let report = stage.login("").run(steps);
        assert_eq!(report.codes, vec![SUCCESS; 1001]);
        nothing_left(&report);
    }
}

/// Between the look, after libc and libpam have made themselves at home, and the end.
fn nothing_left(report: &Report) {
    let [_, before, after] = &report.process[..] else {
        panic!("{:?}", report.process);
    };
    assert_eq!(before.threads, after.threads);
    assert_eq!(before.descriptors, after.descriptors);
    assert_eq!(before.mappings, after.mappings);
    let grown = after.resident.saturating_sub(before.resident);
    assert!(grown < 1024, "{grown} kB");
}
