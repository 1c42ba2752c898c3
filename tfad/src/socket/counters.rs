//! Where everybody is: who waits for a connection, who has one, and who has a call under way.

use tokio::sync::watch;

/// Where they are.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Threads that wait for a connection.
    pub(super) waiting: usize,
    /// Connections.
    pub(super) active: usize,
    /// Those of them that have not made their first call yet.
    pub(super) new: usize,
    /// Those of them that have a call under way.
    pub(super) busy: usize,
    /// No call is taken any more, but for first ones.
    pub(super) closed: bool,
}

/// A connection among the others.
pub(super) struct ConnectionCounters<'pool> {
    at: &'pool watch::Sender<Counts>,
    stage: ConnectionState,
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
    fn of(&mut self, stage: ConnectionState) -> Option<&mut usize> {
        match stage {
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

impl<'pool> ConnectionCounters<'pool> {
    /// Whoever has waited has got a connection.
    pub(super) fn begin(at: &'pool watch::Sender<Counts>) -> Self {
        let mut this = Self {
            at,
            stage: ConnectionState::New,
            is_last_waiting: false,
            count: 0,
        };
        at.send_modify(|at| {
            at.waiting -= 1;
            at.active += 1;
            at.new += 1;
            (this.is_last_waiting, this.count) = (at.waiting == 0, at.active);
        });
        this
    }

    /// Whether nobody was left who waits.
    pub(super) fn is_last_waiting(&self) -> bool {
        self.is_last_waiting
    }

    /// How many connections there were then.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A call has come. Whether it is still taken.
    pub(super) fn calls(&mut self) -> bool {
        let stage = self.stage;
        let taken = self.at.send_if_modified(|at| {
            let taken = stage == ConnectionState::New || !at.closed;
            if taken {
                at.change(stage, ConnectionState::Busy);
            }
            taken
        });
        if taken {
            self.stage = ConnectionState::Busy;
        }
        taken
    }

    /// The call was answered.
    pub(super) fn is_answered(&mut self) {
        let stage = self.stage;
        self.at
            .send_modify(|at| at.change(stage, ConnectionState::Silent));
        self.stage = ConnectionState::Silent;
    }

    /// The connection is over. Whether its thread waits for another, because fewer than so many do.
    pub(super) fn end(self, enough: usize) -> bool {
        let mut waits = false;
        self.at.send_modify(|at| {
            at.change(self.stage, ConnectionState::Silent);
            at.active -= 1;
            waits = at.waiting < enough;
            at.waiting += usize::from(waits);
        });
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_waits() -> watch::Sender<Counts> {
        watch::Sender::new(Counts {
            waiting: 1,
            ..Counts::default()
        })
    }

    /// Waiting, present, coming, busy.
    fn counts(at: &watch::Sender<Counts>) -> [usize; 4] {
        let at = at.borrow();
        [at.waiting, at.active, at.new, at.busy]
    }

    #[test]
    fn a_connection_is_coming_then_busy_with_each_call_and_silent_in_between() {
        let at = one_waits();
        let mut counters = ConnectionCounters::begin(&at);
        assert!(counters.is_last_waiting());
        assert_eq!(counters.count(), 1);
        assert_eq!(counts(&at), [0, 1, 1, 0]);
        for _ in 0..2 {
            assert!(counters.calls());
            assert_eq!(counts(&at), [0, 1, 0, 1]);
            counters.is_answered();
            assert_eq!(counts(&at), [0, 1, 0, 0]);
        }
        assert!(counters.end(1));
        assert_eq!(counts(&at), [1, 0, 0, 0]);
    }

    #[test]
    fn wherever_it_ends_nothing_of_it_is_left() {
        for calls in 0..3 {
            let at = one_waits();
            let mut counters = ConnectionCounters::begin(&at);
            if calls > 0 {
                counters.calls();
            }
            if calls > 1 {
                counters.is_answered();
            }
            assert!(!counters.end(0));
            assert_eq!(counts(&at), [0; 4]);
        }
    }

    #[test]
    fn when_the_door_is_closed_only_first_calls_are_taken() {
        let at = watch::Sender::new(Counts {
            waiting: 2,
            ..Counts::default()
        });
        let (mut old, mut new) = (
            ConnectionCounters::begin(&at),
            ConnectionCounters::begin(&at),
        );
        assert!(old.calls());
        old.is_answered();
        at.send_modify(|at| at.closed = true);
        assert!(!old.calls());
        assert_eq!(counts(&at), [0, 2, 1, 0]);
        assert!(new.calls());
        new.is_answered();
        assert!(!new.calls());
        old.end(0);
        new.end(0);
        assert_eq!(counts(&at), [0; 4]);
    }
}
