//! Sets: how they come into use, and what ends them.

use std::sync::atomic::Ordering;

use tfa_core::{Account, HostName};
use tfa_proto::Verdict;
use tfad::login::Error;

use crate::alice::alice;
use crate::fleet::{BOUND, DENY, Fleet};

#[test]
fn policy_of_either_side_forbids_bound_codes() {
    for (name, of_verifier, of_member) in [("v", DENY, BOUND), ("m", BOUND, DENY)] {
        let fleet = Fleet::start(name, of_verifier, of_member);
        let Err(Error::Refused(error)) = fleet.make_codes() else {
            panic!("not refused: {name}");
        };
        assert!(matches!(error, tfa_proto::Error::Required(_)), "{error:?}");
        assert!(fleet.left().is_empty());
    }
    let mut fleet = Fleet::start("later", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.restart_member(DENY);
    fleet.cut(true);
    assert!(matches!(fleet.begin(), Err(Error::CutOff { .. })));
    assert_eq!(codes.len(), 10);
}

#[test]
fn set_that_is_void_at_the_verifier_is_void_here_after_a_report() {
    let fleet = Fleet::start("void", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.accounts.change(&alice(), Account::reset).unwrap();
    assert!(fleet.member.report_bound_codes());
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn set_whose_registration_is_lost_is_not_in_use() {
    let fleet = Fleet::start("lost", BOUND, BOUND);
    fleet.link.loses_replies.store(1, Ordering::SeqCst);
    assert!(fleet.make_codes().is_err());
    // The verifier knows a set of which no code exists.
    assert_eq!(fleet.left(), [10]);
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn set_of_before_stays_in_use_where_a_registration_is_lost() {
    let fleet = Fleet::start("lost-second", BOUND, BOUND);
    let codes = fleet.make_codes().unwrap();
    fleet.link.loses_replies.store(1, Ordering::SeqCst);
    assert!(fleet.make_codes().is_err());
    assert!(fleet.member.report_bound_codes());
    fleet.cut(true);
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}

#[test]
fn refusal_of_one_verifier_makes_no_set_void() {
    for error in ["NotAuthorized", "UidChanged", "Damaged"] {
        let fleet = Fleet::start("refusal", BOUND, BOUND);
        let codes = fleet.make_codes().unwrap();
        *fleet.link.refusal.lock().unwrap() = Some(format!("org.tfad.Tfa1.Error.{error}"));
        assert!(!fleet.member.report_bound_codes(), "{error}");
        fleet.cut(true);
        assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
    }
}

#[test]
fn sets_of_a_host_that_was_removed_are_void_after_a_report() {
    let fleet = Fleet::start("removed", BOUND, BOUND);
    fleet.make_codes().unwrap();
    let name = HostName::new("web1.example").unwrap();
    fleet.verifier.hosts().remove(0, &name).unwrap();
    assert!(fleet.member.report_bound_codes());
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn damaged_codes_of_one_user_do_not_keep_those_of_another_good() {
    let mut fleet = Fleet::start("damaged", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.restart_member(BOUND);
    fleet.damage("aaron");
    fleet.accounts.change(&alice(), Account::reset).unwrap();
    assert!(!fleet.member.report_bound_codes());
    let (state, log) = &fleet.of_member;
    let lines = format!("{:?}", log.take(&state.journal));
    assert!(
        lines.contains("the codes of aaron that are bound"),
        "{lines}"
    );
    fleet.cut(true);
    assert_eq!(fleet.verdict_of_begin(), Some(Verdict::Denied));
}

#[test]
fn new_codes_take_the_place_of_a_damaged_record() {
    let mut fleet = Fleet::start("replaced", BOUND, BOUND);
    fleet.make_codes().unwrap();
    fleet.restart_member(BOUND);
    fleet.damage("alice");
    let codes = fleet.make_codes().unwrap();
    fleet.cut(true);
    assert_eq!(fleet.log_in(&codes[0]), Some(Verdict::VerifiedByBackupCode));
}
