//! Logins with bound codes while no verifier can be reached.

use std::sync::atomic::Ordering;
use std::thread;

use tfa_proto::{Context, Phase, Verdict};
use tfad::login::{Error, LoginService as _};

use crate::fleet::{BOUND, Fleet, asks_for_bound_code, ssh, verdict};

#[test]
fn bound_code_lets_in_once_while_the_link_is_cut() {
    let mut fleet = Fleet::start("once", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    assert_eq!((codes.len(), fleet.left()), (10, vec![10]));
    // While a verifier answers, it decides.
    let (_, turn) = fleet.begin().unwrap();
    assert!(!asks_for_bound_code(&turn));
    fleet.cut(true);
    let (dialog, _) = fleet.begin().unwrap();
    let turn = fleet
        .member
        .answer("connection 1", dialog, &codes[0])
        .unwrap();
    assert_eq!(verdict(&turn), Some(Verdict::VerifiedByBackupCode));
    // The account phase would find no verifier either.
    assert!(turn.covers_account);
    assert_eq!(fleet.log_in(&codes[0]), None);
    fleet.restart_member(BOUND);
    assert_eq!(fleet.log_in(&codes[0]), None);
    assert_eq!(fleet.log_in(&codes[1]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn two_logins_at_once_with_one_bound_code_let_in_one() {
    let fleet = Fleet::start("parallel", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    let accepted = thread::scope(|scope| {
        let logins: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| fleet.log_in(&codes[0])))
            .collect();
        let verdicts = logins.into_iter().map(|login| login.join().unwrap());
        verdicts.filter(Option::is_some).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn wrong_bound_codes_lock_and_stay_counted_after_a_restart() {
    let mut fleet = Fleet::start("locks", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    for _ in 0..4 {
        assert_eq!(fleet.log_in("AAAAA-AAAAA"), None);
    }
    fleet.restart_member(BOUND);
    assert_eq!(fleet.log_in("AAAAA-AAAAA"), Some(Verdict::Locked));
    fleet.restart_member(BOUND);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Locked));
    assert_eq!(codes.len(), 10);
}

#[test]
fn user_without_bound_codes_is_refused_with_the_reason() {
    let fleet = Fleet::start("none", BOUND, BOUND);
    fleet.cut(true);
    let (_, turn) = fleet.begin().unwrap();
    assert_eq!(verdict(&turn), Some(Verdict::Denied));
    let text = &turn.lines[0].text;
    assert!(text.contains("no code that is bound to"), "{text}");
    assert!(!fleet.folder.join("bound").exists());
}

#[test]
fn later_phases_and_rules_on_factors_are_not_decided_offline() {
    let fleet = Fleet::start("phases", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.cut(true);
    let account = |auth_result, service: &str| Context {
        phase: Phase::Account,
        auth_result,
        service: service.to_owned(),
        ..ssh()
    };
    for context in [
        account(Some(Verdict::VerifiedByTotp), "sshd"),
        account(Some(Verdict::NotRequired), "sshd"),
        account(None, "cron"),
    ] {
        let begun = fleet.begin_with(context.clone());
        assert!(matches!(begun, Err(Error::CutOff { .. })), "{context:?}");
    }
    let (_, turn) = fleet.begin_with(account(None, "sshd")).unwrap();
    assert!(asks_for_bound_code(&turn));
    let of_keys = format!(
        "{BOUND}[[policy.rule]]\nusers = [\"alice\"]\nmode = \"required\"\nfactors = [\"security-key\"]\n"
    );
    let mut fleet = fleet;
    fleet.restart_member(&of_keys);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
}

#[test]
fn login_that_has_begun_with_a_verifier_does_not_go_on_offline() {
    let fleet = Fleet::start("half", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    let (dialog, turn) = fleet.begin().unwrap();
    assert!(!asks_for_bound_code(&turn));
    fleet.cut(true);
    let answered = fleet.member.answer("connection 1", dialog, &codes[0]);
    assert!(answered.is_err(), "{answered:?}");
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn member_whose_certificate_is_refused_accepts_no_bound_code() {
    let fleet = Fleet::start("refused", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    fleet.link.refuses.store(true, Ordering::SeqCst);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
    fleet.link.refuses.store(false, Ordering::SeqCst);
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}
