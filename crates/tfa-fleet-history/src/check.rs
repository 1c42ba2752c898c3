//! What must hold in a history, whatever went wrong in it.
//!
//! A call takes effect at one moment between its begin and its end; one whose outcome is unknown, at one moment after
//! its begin, or never.

use std::collections::BTreeMap;

use crate::calls::{Call, calls};
use crate::locks::locks_hold;
use crate::{Code, Event, Op, Outcome};

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: &'static str,
    /// The calls.
    pub calls: Vec<Call>,
}

impl Violation {
    pub(crate) fn of(rule: &'static str, calls: &[&Call]) -> Self {
        Self {
            rule,
            calls: calls.iter().copied().cloned().collect(),
        }
    }
}

/// All that must not be in a history.
#[must_use]
pub fn check(events: &[Event]) -> Vec<Violation> {
    let calls = calls(events);
    let mut of_users: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in &calls {
        of_users.entry(call.op.user()).or_default().push(call);
    }
    let mut found = Vec::new();
    for calls in of_users.values() {
        let logins = calls.iter().copied();
        let logins: Vec<_> = logins
            .filter(|it| matches!(it.op, Op::Login { .. }))
            .collect();
        codes_are_good_once(&logins, &mut found);
        used_codes_stay_used(&logins, &mut found);
        used_codes_were_tried(&logins, &mut found);
        records_are_kept(calls, &logins, &mut found);
        resets_hold(calls, &logins, &mut found);
        locks_hold(events, calls, &logins, &mut found);
    }
    found
}

/// The logins that a code has let in.
pub(crate) fn let_in<'c>(logins: &[&'c Call]) -> impl Iterator<Item = (&'c Call, Code)> {
    let let_in = logins
        .iter()
        .filter(|it| it.outcome() == Some(&Outcome::Let));
    let let_in: Vec<_> = let_in.filter_map(|it| Some((*it, it.op.code()?))).collect();
    let_in.into_iter()
}

fn codes_are_good_once(logins: &[&Call], found: &mut Vec<Violation>) {
    let mut first = BTreeMap::new();
    for (login, code) in let_in(logins) {
        if let Some(earlier) = first.insert(code, login) {
            found.push(Violation::of("a code is good once", &[earlier, login]));
        }
    }
}

fn used_codes_stay_used(logins: &[&Call], found: &mut Vec<Violation>) {
    for (login, code) in let_in(logins) {
        let uses_up = |other: &&&Call| {
            let is_later = |used: Code| used.epoch == code.epoch && used.number >= code.number;
            let is_used = other.was(&Outcome::Let, login) || other.was(&Outcome::Used, login);
            is_used && other.op.code().is_some_and(is_later)
        };
        if let Some(other) = logins.iter().find(uses_up) {
            found.push(Violation::of("a used code stays used", &[other, login]));
        }
    }
}

/// A code becomes used by a login that tried it, or a later one.
fn used_codes_were_tried(logins: &[&Call], found: &mut Vec<Violation>) {
    let used = logins
        .iter()
        .filter(|it| it.outcome() == Some(&Outcome::Used));
    for login in used {
        let Some(code) = login.op.code() else {
            continue;
        };
        let is_user = |other: &&Call| {
            let is_later = |used: Code| used.epoch == code.epoch && used.number >= code.number;
            let may_have = other.is_unknown() || other.outcome() == Some(&Outcome::Let);
            may_have && other.invoked <= login.end() && other.op.code().is_some_and(is_later)
        };
        if !logins.iter().any(is_user) {
            found.push(Violation::of("a code is used by a login", &[login]));
        }
    }
}

/// A user who has enrolled is asked for a code until a reset.
fn records_are_kept(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    let open = logins
        .iter()
        .filter(|it| it.outcome() == Some(&Outcome::Open));
    for login in open {
        let is_enrollment =
            |call: &&&Call| matches!(call.op, Op::Enroll { .. }) && call.was(&Outcome::Made, login);
        let Some(enrollment) = calls.iter().rfind(is_enrollment) else {
            continue;
        };
        let resets = |call: &&Call| {
            matches!(call.op, Op::Reset { .. })
                && call.invoked <= login.end()
                && (call.is_unknown() || call.end() >= enrollment.invoked)
        };
        if !calls.iter().any(resets) {
            found.push(Violation::of("an enrollment is kept", &[enrollment, login]));
        }
    }
}

/// A code of a key that was removed lets no user in.
fn resets_hold(calls: &[&Call], logins: &[&Call], found: &mut Vec<Violation>) {
    for (login, code) in let_in(logins) {
        let enrolls =
            |call: &&&Call| matches!(call.op, Op::Enroll { epoch, .. } if epoch == code.epoch);
        let enrolled = calls.iter().find(enrolls);
        let removes = |call: &&&Call| {
            matches!(call.op, Op::Reset { .. })
                && call.was(&Outcome::Made, login)
                && enrolled.is_none_or(|enrolled| enrolled.is_before(call))
        };
        if let Some(reset) = calls.iter().find(removes) {
            found.push(Violation::of("a reset holds", &[reset, login]));
        }
    }
}
