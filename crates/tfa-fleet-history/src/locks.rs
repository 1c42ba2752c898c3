//! Locks that users were told of.

use std::collections::HashMap;

use crate::calls::Call;
use crate::check::{Violation, let_in};
use crate::{Event, Op, Outcome, What};

/// A lock ends after the time that the user was told, or by an administrator.
pub(crate) fn locks_hold(
    events: &[Event],
    calls: &[&Call],
    logins: &[&Call],
    found: &mut Vec<Violation>,
) {
    let locks = logins.iter().filter_map(|it| match it.outcome() {
        Some(Outcome::Locked(seconds)) => Some((*it, *seconds)),
        _ => None,
    });
    for (lock, seconds) in locks {
        let admits = |call: &&Call| {
            matches!(
                call.op,
                Op::Unlock { .. } | Op::Reset { .. } | Op::Enroll { .. }
            ) && (call.is_unknown() || call.end() >= lock.invoked)
        };
        let end = lock.invoked + 1000 * seconds;
        let passes = |login: &Call| {
            let until = end.saturating_sub(1000 * spread(events, lock.invoked, login.end()));
            lock.is_before(login)
                && login.end() < until
                && !calls
                    .iter()
                    .any(|call| admits(call) && call.invoked <= login.end())
        };
        if let Some((login, _)) = let_in(logins).find(|(login, _)| passes(login)) {
            found.push(Violation::of("a lock holds", &[lock, login]));
        }
    }
}

/// How many seconds the clocks of the verifiers differed at most between two times. A clock that was never moved is
/// right. Between two events of a clock it may have either value.
fn spread(events: &[Event], from: u64, to: u64) -> u64 {
    let mut now: HashMap<&str, i64> = HashMap::new();
    let (mut least, mut most) = (0, 0);
    for event in events.iter().filter(|event| event.at <= to) {
        let What::Clock(verifier, ahead) = &event.what else {
            continue;
        };
        if event.at < from {
            now.insert(verifier, *ahead);
        } else {
            (least, most) = (least.min(*ahead), most.max(*ahead));
        }
    }
    for ahead in now.into_values() {
        (least, most) = (least.min(ahead), most.max(ahead));
    }
    most.abs_diff(least)
}
