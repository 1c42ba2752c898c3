//! What is claimed of a fleet, in each state that can be reached within bounds; and that each claim can fail.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends by panicking, and prints its figures"
)]

use tfa_fleet_model::claims::{holds, reaches};
use tfa_fleet_model::fleet::Fleet;
use tfa_fleet_model::plan::{Login, Mutation, Plan};
use tfa_fleet_model::process::{CODE, WRONG};
use tfa_fleet_model::search::{Found, Property, search};

const CODE_ONCE: Property<Fleet> = Property::Always("a code is good once", holds::code_once);
const LOCK_KEPT: Property<Fleet> = Property::Always("a lock is kept", holds::lock_is_kept);
const LOCK_REFUSES: Property<Fleet> = Property::Always("a lock refuses", holds::lock_refuses);
const COUNTED_ONCE: Property<Fleet> = Property::Always("counted once", holds::counted_once);
const REMOVAL_KEPT: Property<Fleet> = Property::Always("a removal is kept", holds::removal_is_kept);
const REMOVAL_REFUSES: Property<Fleet> =
    Property::Always("a removal refuses", holds::removal_refuses);
const RIGHT_AGAIN: Property<Fleet> = Property::Sometimes("right again", reaches::right_again);
const USED: Property<Fleet> = Property::Sometimes("used", reaches::used);
const LOCK: Property<Fleet> = Property::Sometimes("locked", reaches::lock);
const REMOVAL: Property<Fleet> = Property::Sometimes("removed", reaches::removal);
const ALL_IN: Property<Fleet> = Property::Sometimes("all in", reaches::all_after_crash);

fn login(member: &'static str, random: u8, types: &[&'static str]) -> Login {
    Login {
        member,
        random,
        types: types.to_vec(),
    }
}

fn check(name: &str, plan: Plan, properties: &[Property<Fleet>]) -> Found {
    let found = search(&Fleet::new(plan), properties);
    println!(
        "{name}: {} states, {} transitions, depth {}",
        found.states, found.transitions, found.depth
    );
    found
}

/// Two logins at two members with one code.
fn one_code(mutation: Option<Mutation>) -> Found {
    let crashes = u8::from(mutation.is_none());
    let plan = Plan {
        logins: vec![login("web1", 1, &[CODE]), login("web2", 2, &[CODE])],
        answers: 1,
        crashes,
        mutation,
        ..Plan::default()
    };
    check("one code", plan, &[CODE_ONCE, RIGHT_AGAIN, USED])
}

#[test]
fn code_is_good_once_and_right_again_at_another_verifier() {
    let found = one_code(None);
    assert!(found.holds(), "{found:#?}");
}

/// Logins at two members with wrong codes, the last of which locks.
fn locks(mutation: Option<Mutation>) -> Found {
    let plan = Plan {
        logins: vec![login("web1", 1, &[WRONG]), login("web2", 2, &[CODE])],
        failures: Some(4),
        answers: 1,
        mutation,
        ..Plan::default()
    };
    let properties = [
        LOCK_KEPT,
        LOCK_REFUSES,
        COUNTED_ONCE,
        CODE_ONCE,
        LOCK,
        RIGHT_AGAIN,
    ];
    check("locks", plan, &properties)
}

/// A login with one wrong code, where two would lock.
fn one_wrong(mutation: Option<Mutation>) -> Found {
    let plan = Plan {
        logins: vec![login("web1", 1, &[WRONG, CODE])],
        failures: Some(3),
        faults: 2,
        mutation,
        ..Plan::default()
    };
    check("one wrong code", plan, &[COUNTED_ONCE, CODE_ONCE, ALL_IN])
}

/// The record is removed while the first one is under way, or a login.
fn removals(mutation: Option<Mutation>) -> Found {
    let plan = Plan {
        logins: vec![login("web1", 1, &[CODE])],
        failures: None,
        enrollments: 1,
        removals: 1,
        dialogs: 1,
        faults: 2,
        mutation,
        ..Plan::default()
    };
    let properties = [REMOVAL_KEPT, REMOVAL_REFUSES, CODE_ONCE, REMOVAL];
    check("removals", plan, &properties)
}

/// The record is removed while a login is repeated.
fn removed_in_login(mutation: Option<Mutation>) -> Found {
    let plan = Plan {
        logins: vec![login("web1", 1, &[CODE])],
        removals: 1,
        answers: 1,
        mutation,
        ..Plan::default()
    };
    let properties = [REMOVAL_KEPT, REMOVAL_REFUSES, CODE_ONCE, RIGHT_AGAIN];
    check("removed in a login", plan, &properties)
}

#[test]
fn acknowledged_lock_is_kept_and_refuses() {
    let found = locks(None);
    assert!(found.holds(), "{found:#?}");
}

#[test]
fn wrong_code_is_counted_once_and_the_login_goes_on() {
    let found = one_wrong(None);
    assert!(found.holds(), "{found:#?}");
}

#[test]
fn removal_holds_against_an_enrollment_that_arrives_late() {
    let found = removals(None);
    assert!(found.holds(), "{found:#?}");
}

#[test]
fn removal_refuses_an_answer_that_was_right() {
    let found = removed_in_login(None);
    assert!(found.holds(), "{found:#?}");
}

/// More faults, more tries, and a third login. `make soak` runs it.
#[test]
#[ignore = "it takes minutes"]
fn all_holds_within_wider_bounds() {
    let wide = Plan {
        faults: 2,
        tries: 3,
        ..Plan::default()
    };
    let (first, second) = (login("web1", 1, &[CODE]), login("web2", 2, &[CODE]));
    let wrong = login("web3", 3, &[WRONG]);
    let plans = [
        ("one code", vec![first.clone(), second.clone()], 0, 1),
        ("locks", vec![wrong.clone(), second.clone()], 4, 2),
        ("three logins", vec![first, second, wrong], 4, 1),
    ];
    let properties = [
        CODE_ONCE,
        LOCK_KEPT,
        LOCK_REFUSES,
        COUNTED_ONCE,
        RIGHT_AGAIN,
    ];
    for (name, logins, failures, answers) in plans {
        let plan = Plan {
            dialogs: if logins.len() > 2 { 1 } else { 2 },
            crashes: u8::from(logins.len() < 3),
            failures: Some(failures),
            verifiers: 3,
            logins,
            answers,
            ..wide.clone()
        };
        let found = check(name, plan, &properties);
        let expected = if name == "three logins" { 1 } else { 0 };
        assert!(
            found.violated.is_none() && found.never.len() <= expected,
            "{found:#?}"
        );
    }
}

fn finds(found: &Found, name: &str) {
    match &found.violated {
        Some((violated, way)) if *violated == name => println!("{name}: {way:#?}"),
        _ => panic!("{found:#?}"),
    }
}

#[test]
fn answers_without_ids_are_found() {
    assert_eq!(one_code(Some(Mutation::NoAttemptId)).never, ["right again"]);
    let found = one_wrong(Some(Mutation::NoAttemptId));
    finds(&found, "counted once");
}

#[test]
fn one_id_for_all_attempts_is_found() {
    let found = one_code(Some(Mutation::OneAttemptId));
    finds(&found, "a code is good once");
}

#[test]
fn transactions_without_conditions_are_found() {
    let found = one_code(Some(Mutation::PutAlways));
    finds(&found, "a code is good once");
    let found = locks(Some(Mutation::PutAlways));
    finds(&found, "a lock is kept");
}

#[test]
fn verdicts_before_the_commit_are_found() {
    let found = one_code(Some(Mutation::VerdictBeforeCommit));
    finds(&found, "a code is good once");
    let found = locks(Some(Mutation::VerdictBeforeCommit));
    finds(&found, "a lock is kept");
}

#[test]
fn stale_reads_are_found() {
    let found = removed_in_login(Some(Mutation::StaleReads));
    finds(&found, "a removal refuses");
}

#[test]
fn removals_that_delete_are_found() {
    let found = removals(Some(Mutation::RemovalDeletes));
    finds(&found, "a removal is kept");
}
