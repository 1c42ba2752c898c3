//! Keys let in from their enrollment to their removal, and without one a user who has enrolled is not let in.

use crate::calls::Call;
use crate::check::{Violation, let_in};
use crate::{CodeKind, Op, Outcome};

/// Checks the calls of a user.
pub(crate) fn check(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    records_are_kept(calls, found);
    keys_are_enrolled_first(calls, logins, found);
    resets_hold(calls, logins, found);
    moves_hold(calls, logins, found);
}

/// A user who has enrolled is asked for a code, and cannot enroll again, until a reset.
fn records_are_kept(calls: &[&Call], found: &mut Vec<Violation>) {
    let is_open = |call: &&&Call| {
        call.outcome() == Some(&Outcome::Open)
            || (matches!(call.op, Op::Setup { .. }) && call.is_certain())
    };
    for open in calls.iter().filter(is_open) {
        let is_enrollment =
            |call: &&&Call| call.op.new_key().is_some() && call.was(&Outcome::Made, open);
        let Some(enrollment) = calls.iter().rfind(is_enrollment) else {
            continue;
        };
        let resets = |call: &&Call| {
            matches!(call.op, Op::Reset { .. })
                && call.invoked <= open.end()
                && (call.is_unknown() || call.end() >= enrollment.invoked)
        };
        if !calls.iter().any(resets) {
            found.push(Violation::of("an enrollment is kept", &[enrollment, open]));
        }
    }
}

/// A key whose enrollment was given up lets no user in.
fn keys_are_enrolled_first(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    for (login, code) in let_in(logins) {
        let enrolls =
            |call: &&Call| call.op.new_key() == Some(code.epoch) && call.invoked <= login.end();
        if !calls.iter().any(enrolls) {
            found.push(Violation::of("a key is enrolled first", &[login]));
        }
    }
}

/// A code of a key that was removed lets no user in.
fn resets_hold(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    for (login, code) in let_in(logins) {
        let enrolled = calls.iter().find(|it| it.op.new_key() == Some(code.epoch));
        let removes = |call: &&&Call| {
            matches!(call.op, Op::Reset { .. })
                && call.was(&Outcome::Made, login)
                && enrolled.is_some_and(|enrolled| enrolled.is_before(call))
        };
        if let Some(reset) = calls.iter().find(removes) {
            found.push(Violation::of("a reset holds", &[reset, login]));
        }
    }
}

/// A code of a key that was replaced lets no user in. Backup codes stay good.
fn moves_hold(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    for (login, code) in let_in(logins) {
        let replaces = |call: &&&Call| {
            let is_of_it = matches!(call.op, Op::Move { from, .. } if from == code.epoch);
            is_of_it && code.kind != CodeKind::Backup && call.was(&Outcome::Made, login)
        };
        if let Some(moved) = calls.iter().find(replaces) {
            found.push(Violation::of("a move holds", &[moved, login]));
        }
    }
}
