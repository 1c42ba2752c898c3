//! Locks that users were told of.

use crate::calls::Call;
use crate::check::{Violation, let_in};
use crate::clock::Clocks;
use crate::{Event, Op, Outcome};

/// The clocks of the daemons count whole seconds.
const SECOND: u64 = 1000;

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
                Op::Unlock { .. } | Op::Reset { .. } | Op::Enroll { .. } | Op::Setup { .. }
            ) && (call.is_unknown() || call.end() >= lock.invoked)
        };
        let end = lock.invoked + (1000 * seconds).saturating_sub(SECOND);
        // All events are read for the clocks, so only where it matters.
        let is_early = |login: &Call| {
            let clocks = Clocks::between(events, lock.invoked, login.end());
            login.end() < end.saturating_sub(clocks.spread())
        };
        let passes = |login: &Call| {
            lock.is_before(login)
                && login.end() < end
                && is_early(login)
                && !calls
                    .iter()
                    .any(|call| admits(call) && call.invoked <= login.end())
        };
        if let Some((login, _)) = let_in(logins).find(|(login, _)| passes(login)) {
            found.push(Violation::of("a lock holds", &[lock, login]));
        }
    }
}
