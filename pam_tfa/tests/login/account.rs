//! What the auth phase leaves for the account phase of the same transaction.

use pam_sys::PamReturnCode as Code;
use tfa_bus::{Phase, Verdict};

use crate::daemon::{ask_code, verdict};
use crate::program::{Answer, Step, types};
use crate::stage::Stage;

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
fn the_account_phase_denies_when_the_daemon_is_gone() {
    let stage = Stage::new();
    let report = stage.login("").account();
    assert_eq!(report.code(), Code::AUTHINFO_UNAVAIL as i32);
}
