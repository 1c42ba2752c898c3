//! Codes are good once, in their time.

use std::collections::BTreeMap;

use crate::calls::Call;
use crate::check::Violation;
use crate::clock::Clocks;
use crate::{Code, CodeKind, Event, Outcome};

/// Checks the calls of a user.
pub(crate) fn check(events: &[Event], calls: &[&Call], found: &mut Vec<Violation>) {
    codes_are_good_once(calls, found);
    used_codes_stay_used(calls, found);
    used_codes_were_tried(calls, found);
    codes_are_good_in_their_time(events, calls, found);
}

/// The codes that were accepted, each with its call.
fn accepted<'c>(calls: &[&'c Call]) -> Vec<(&'c Call, Code)> {
    let certain = calls.iter().filter(|call| call.is_certain());
    let codes = certain.filter_map(|call| Some((*call, call.op.code()?)));
    codes.collect()
}

fn codes_are_good_once(calls: &[&Call], found: &mut Vec<Violation>) {
    let mut first = BTreeMap::new();
    for (call, code) in accepted(calls) {
        if let Some(earlier) = first.insert(code, call) {
            found.push(Violation::of("a code is good once", &[earlier, call]));
        }
    }
}

fn used_codes_stay_used(calls: &[&Call], found: &mut Vec<Violation>) {
    for (call, code) in accepted(calls) {
        let uses_up = |other: &&&Call| {
            let is_used = other.is_certain() || other.outcome() == Some(&Outcome::Used);
            is_used
                && other.is_before(call)
                && other.op.code().is_some_and(|used| used.uses_up(code))
        };
        if let Some(other) = calls.iter().find(uses_up) {
            found.push(Violation::of("a used code stays used", &[other, call]));
        }
    }
}

/// A code becomes used by a call that tried it, or a later one. One by time also becomes used where a wrong code is
/// explained by the clock of the phone, which tells when its code is right.
fn used_codes_were_tried(calls: &[&Call], found: &mut Vec<Violation>) {
    for call in calls {
        let Some(code) = call.op.code() else {
            continue;
        };
        let is_user = |other: &&&Call| {
            let Some(used) = other.op.code() else {
                return false;
            };
            let may_have = other.is_unknown() || other.is_certain();
            let is_explained = other.outcome() == Some(&Outcome::Wrong)
                && matches!(code.kind, CodeKind::Time(..))
                && used.is_of_key(code.epoch);
            other.invoked <= call.end() && ((may_have && used.uses_up(code)) || is_explained)
        };
        if call.outcome() == Some(&Outcome::Used) && !calls.iter().any(|it| is_user(&it)) {
            found.push(Violation::of("a code is used by a call", &[call]));
        }
    }
}

fn codes_are_good_in_their_time(events: &[Event], calls: &[&Call], found: &mut Vec<Violation>) {
    for (call, code) in accepted(calls) {
        let CodeKind::Time(from, until) = code.kind else {
            continue;
        };
        let clocks = Clocks::between(events, call.invoked, call.end());
        let too_early = call.end() + clocks.ahead < from;
        let too_late = call.invoked > until.saturating_add(clocks.behind);
        if too_early || too_late {
            found.push(Violation::of("a code is good in its time", &[call]));
        }
    }
}
