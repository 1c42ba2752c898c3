//! The number of worker threads and connections, by what they are doing.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The numbers.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Threads that wait for a connection.
    pub(super) waiting: usize,
    /// Connections.
    pub(super) active: usize,
    /// Connections that have made no call yet.
    pub(super) new: usize,
    /// Connections with a call under way.
    pub(super) busy: usize,
    /// The socket is closed: only the first call of a connection is taken.
    pub(super) closed: bool,
}

/// The numbers, shared by all threads.
#[derive(Debug, Default)]
pub(super) struct Counters {
    counts: Mutex<Counts>,
    /// Signalled with every change once the socket is closed.
    changed: Condvar,
}

/// A connection among the others.
pub(super) struct ConnectionCounters<'pool> {
    counters: &'pool Counters,
    state: ConnectionState,
    is_last_waiting: bool,
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConnectionState {
    New,
    Busy,
    Silent,
}

impl Counts {
    fn of(&mut self, state: ConnectionState) -> Option<&mut usize> {
        match state {
            ConnectionState::New => Some(&mut self.new),
            ConnectionState::Busy => Some(&mut self.busy),
            ConnectionState::Silent => None,
        }
    }

    fn change(&mut self, from: ConnectionState, to: ConnectionState) {
        if let Some(count) = self.of(from) {
            *count -= 1;
        }
        if let Some(count) = self.of(to) {
            *count += 1;
        }
    }
}

impl Counters {
    /// Changes the numbers.
    pub(super) fn modify<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        let mut counts = self.counts();
        let changed = change(&mut counts);
        if counts.closed {
            self.changed.notify_all();
        }
        changed
    }

    /// Waits for a condition, up to a time limit. Its changes are signalled once the socket is closed.
    pub(super) fn wait_until(&self, limit: Duration, condition: impl Fn(&Counts) -> bool) {
        let counts = self.counts();
        let waited = self
            .changed
            .wait_timeout_while(counts, limit, |counts| !condition(counts));
        drop(waited);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'pool> ConnectionCounters<'pool> {
    /// A thread that waited has got a connection.
    pub(super) fn begin(counters: &'pool Counters) -> Self {
        let (is_last_waiting, count) = counters.modify(|counts| {
            counts.waiting -= 1;
            counts.active += 1;
            counts.new += 1;
            (counts.waiting == 0, counts.active)
        });
        Self {
            counters,
            state: ConnectionState::New,
            is_last_waiting,
            count,
        }
    }

    /// Whether no other thread waited for a connection at the begin.
    pub(super) fn is_last_waiting(&self) -> bool {
        self.is_last_waiting
    }

    /// The number of connections at the begin.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A call has come. Returns whether it is still taken.
    pub(super) fn calls(&mut self) -> bool {
        let state = self.state;
        let taken = self.counters.modify(|counts| {
            let taken = state == ConnectionState::New || !counts.closed;
            if taken {
                counts.change(state, ConnectionState::Busy);
            }
            taken
        });
        if taken {
            self.state = ConnectionState::Busy;
        }
        taken
    }

    /// The call was answered.
    pub(super) fn is_answered(&mut self) {
        let state = self.state;
        self.counters
            .modify(|counts| counts.change(state, ConnectionState::Silent));
        self.state = ConnectionState::Silent;
    }

    /// The connection is over. Returns whether its thread waits for another one, because fewer than
    /// `enough` threads do.
    pub(super) fn end(self, enough: usize) -> bool {
        self.counters.modify(|counts| {
            counts.change(self.state, ConnectionState::Silent);
            counts.active -= 1;
            let waits = counts.waiting < enough;
            counts.waiting += usize::from(waits);
            waits
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(waiting: usize) -> Counters {
        let counters = Counters::default();
        counters.modify(|counts| counts.waiting = waiting);
        counters
    }

    /// Waiting, active, new, busy.
    fn counts(counters: &Counters) -> [usize; 4] {
        let counts = counters.counts();
        [counts.waiting, counts.active, counts.new, counts.busy]
    }

    #[test]
    fn a_connection_is_new_then_busy_with_each_call_and_silent_between() {
        let all = waiting(1);
        let mut counters = ConnectionCounters::begin(&all);
        assert!(counters.is_last_waiting());
        assert_eq!(counters.count(), 1);
        assert_eq!(counts(&all), [0, 1, 1, 0]);
        for _ in 0..2 {
            assert!(counters.calls());
            assert_eq!(counts(&all), [0, 1, 0, 1]);
            counters.is_answered();
            assert_eq!(counts(&all), [0, 1, 0, 0]);
        }
        assert!(counters.end(1));
        assert_eq!(counts(&all), [1, 0, 0, 0]);
    }

    #[test]
    fn a_connection_that_ends_in_any_state_is_counted_nowhere() {
        for calls in 0..3 {
            let all = waiting(1);
            let mut counters = ConnectionCounters::begin(&all);
            if calls > 0 {
                counters.calls();
            }
            if calls > 1 {
                counters.is_answered();
            }
            assert!(!counters.end(0));
            assert_eq!(counts(&all), [0; 4]);
        }
    }

    #[test]
    fn a_closed_socket_takes_first_calls_only() {
        let all = waiting(2);
        let (mut old, mut new) = (
            ConnectionCounters::begin(&all),
            ConnectionCounters::begin(&all),
        );
        assert!(old.calls());
        old.is_answered();
        all.modify(|counts| counts.closed = true);
        assert!(!old.calls());
        assert_eq!(counts(&all), [0, 2, 1, 0]);
        assert!(new.calls());
        new.is_answered();
        assert!(!new.calls());
        old.end(0);
        new.end(0);
        assert_eq!(counts(&all), [0; 4]);
    }
}
