//! Where everybody is: who waits for a connection, who has one, and who has a call under way.

use tokio::sync::watch;

/// Where they are.
#[derive(Debug, Default)]
pub(super) struct At {
    /// Threads that wait for a connection.
    pub(super) waiting: usize,
    /// Connections.
    pub(super) present: usize,
    /// Those of them that have not made their first call yet.
    pub(super) coming: usize,
    /// Those of them that have a call under way.
    pub(super) busy: usize,
    /// No call is taken any more, but for first ones.
    pub(super) closed: bool,
}

/// A connection among the others.
pub(super) struct Presence<'staff> {
    at: &'staff watch::Sender<At>,
    stage: Stage,
    nobody_waits: bool,
    count: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Coming,
    Busy,
    Silent,
}

impl At {
    fn of(&mut self, stage: Stage) -> Option<&mut usize> {
        match stage {
            Stage::Coming => Some(&mut self.coming),
            Stage::Busy => Some(&mut self.busy),
            Stage::Silent => None,
        }
    }

    fn change(&mut self, from: Stage, to: Stage) {
        if let Some(count) = self.of(from) {
            *count -= 1;
        }
        if let Some(count) = self.of(to) {
            *count += 1;
        }
    }
}

impl<'staff> Presence<'staff> {
    /// Whoever has waited has got a connection.
    pub(super) fn begin(at: &'staff watch::Sender<At>) -> Self {
        let mut this = Self {
            at,
            stage: Stage::Coming,
            nobody_waits: false,
            count: 0,
        };
        at.send_modify(|at| {
            at.waiting -= 1;
            at.present += 1;
            at.coming += 1;
            (this.nobody_waits, this.count) = (at.waiting == 0, at.present);
        });
        this
    }

    /// Whether nobody was left who waits.
    pub(super) fn nobody_waits(&self) -> bool {
        self.nobody_waits
    }

    /// How many connections there were then.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A call has come. Whether it is still taken.
    pub(super) fn calls(&mut self) -> bool {
        let stage = self.stage;
        let taken = self.at.send_if_modified(|at| {
            let taken = stage == Stage::Coming || !at.closed;
            if taken {
                at.change(stage, Stage::Busy);
            }
            taken
        });
        if taken {
            self.stage = Stage::Busy;
        }
        taken
    }

    /// The call was answered.
    pub(super) fn is_answered(&mut self) {
        let stage = self.stage;
        self.at.send_modify(|at| at.change(stage, Stage::Silent));
        self.stage = Stage::Silent;
    }

    /// The connection is over. Whether its thread waits for another, because fewer than so many do.
    pub(super) fn end(self, enough: usize) -> bool {
        let mut waits = false;
        self.at.send_modify(|at| {
            at.change(self.stage, Stage::Silent);
            at.present -= 1;
            waits = at.waiting < enough;
            at.waiting += usize::from(waits);
        });
        waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_waits() -> watch::Sender<At> {
        watch::Sender::new(At {
            waiting: 1,
            ..At::default()
        })
    }

    /// Waiting, present, coming, busy.
    fn counts(at: &watch::Sender<At>) -> [usize; 4] {
        let at = at.borrow();
        [at.waiting, at.present, at.coming, at.busy]
    }

    #[test]
    fn a_connection_is_coming_then_busy_with_each_call_and_silent_in_between() {
        let at = one_waits();
        let mut presence = Presence::begin(&at);
        assert!(presence.nobody_waits());
        assert_eq!(presence.count(), 1);
        assert_eq!(counts(&at), [0, 1, 1, 0]);
        for _ in 0..2 {
            assert!(presence.calls());
            assert_eq!(counts(&at), [0, 1, 0, 1]);
            presence.is_answered();
            assert_eq!(counts(&at), [0, 1, 0, 0]);
        }
        assert!(presence.end(1));
        assert_eq!(counts(&at), [1, 0, 0, 0]);
    }

    #[test]
    fn wherever_it_ends_nothing_of_it_is_left() {
        for calls in 0..3 {
            let at = one_waits();
            let mut presence = Presence::begin(&at);
            if calls > 0 {
                presence.calls();
            }
            if calls > 1 {
                presence.is_answered();
            }
            assert!(!presence.end(0));
            assert_eq!(counts(&at), [0; 4]);
        }
    }

    #[test]
    fn when_the_door_is_closed_only_first_calls_are_taken() {
        let at = watch::Sender::new(At {
            waiting: 2,
            ..At::default()
        });
        let (mut old, mut new) = (Presence::begin(&at), Presence::begin(&at));
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
