//! The memory that calls under way may take, for one connection to the bus and for all of them.
//!
//! dbus-daemon allows one user 256 connections, with loose bounds on what each may send. So a
//! connection has a share that 256 of them cannot use up: one user cannot keep others out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a call under way takes besides its message: its task and its decoded arguments.
const CALL_COST: usize = 8 << 10;
/// The share of one connection: the longest call and two more.
const MAX_PER_CONNECTION: usize = 64 << 10;
/// All calls under way: one user's 256 connections, and half as much again for all others.
const MAX_TOTAL: usize = 384 * MAX_PER_CONNECTION;

/// The calls under way.
#[derive(Debug, Default)]
pub(super) struct CallBudget {
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    total: usize,
    /// By the unique name: the serial and the cost of each call.
    of: HashMap<String, Vec<(u32, usize)>>,
}

impl CallBudget {
    /// Whether a call of this length may begin. It is under way until [`Self::release`].
    pub(super) fn admit(&self, sender: &str, serial: u32, length: usize) -> bool {
        let mut calls = self.calls();
        let cost = length.saturating_add(CALL_COST);
        let total = calls.total.saturating_add(cost);
        let own = calls.of.get(sender).map_or(0, |own| sum(own));
        if total > MAX_TOTAL || own.saturating_add(cost) > MAX_PER_CONNECTION {
            return false;
        }
        calls.total = total;
        let own = calls.of.entry(sender.to_owned()).or_default();
        own.push((serial, cost));
        true
    }

    /// A reply goes out, and its call is over.
    pub(super) fn release(&self, sender: &str, serial: u32) {
        let mut calls = self.calls();
        let Entry::Occupied(mut own) = calls.of.entry(sender.to_owned()) else {
            return;
        };
        let Some(at) = own.get().iter().position(|(number, _)| *number == serial) else {
            return;
        };
        let (_, cost) = own.get_mut().swap_remove(at);
        if own.get().is_empty() {
            own.remove();
        }
        calls.total = calls.total.saturating_sub(cost);
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sum(calls: &[(u32, usize)]) -> usize {
    calls.iter().map(|(_, cost)| cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dbus::filter::MAX_MESSAGE;

    /// How many connections dbus-daemon lets one user have (`max_connections_per_user`).
    const CONNECTIONS: u32 = 256;

    fn admitted(budget: &CallBudget, sender: &str, length: usize) -> usize {
        (1..=10_000)
            .take_while(|serial| budget.admit(sender, *serial, length))
            .count()
    }

    #[test]
    fn a_connection_has_a_few_calls_under_way() {
        let budget = CallBudget::default();
        assert_eq!(admitted(&budget, ":1.7", 112), 7);
        assert_eq!(admitted(&budget, ":1.8", MAX_MESSAGE), 1);
        assert!(budget.admit(":1.9", 1, 112));
    }

    #[test]
    fn one_user_cannot_use_up_what_there_is() {
        for length in [112, MAX_MESSAGE] {
            let budget = CallBudget::default();
            for number in 0..CONNECTIONS {
                assert!(admitted(&budget, &format!(":1.{number}"), length) > 0);
            }
            assert!(budget.admit(":1.999", 1, MAX_MESSAGE));
        }
    }

    #[test]
    fn the_total_is_bounded_for_many_users() {
        let budget = CallBudget::default();
        for number in 0..100_000 {
            budget.admit(&format!(":1.{number}"), 1, 112);
        }
        assert!(budget.calls().total <= MAX_TOTAL);
        assert!(!budget.admit(":1.x", 1, 112));
    }

    #[test]
    fn a_reply_makes_room_once() {
        let budget = CallBudget::default();
        let most = admitted(&budget, ":1.7", 112);
        for _ in 0..2 {
            budget.release(":1.7", 1);
            budget.release(":1.8", 2);
        }
        assert!(budget.admit(":1.7", 99, 112));
        assert!(!budget.admit(":1.7", 100, 112));
        budget.release(":1.7", 99);
        (2..=10_000).for_each(|serial| budget.release(":1.7", serial));
        assert_eq!(most, 7);
        let calls = budget.calls();
        assert!(calls.of.is_empty() && calls.total == 0);
    }
}
