//! The calls of a history, from their begin to their end.

use std::collections::HashMap;

use crate::{Event, Op, Outcome, What};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When it was made, in milliseconds.
    pub invoked: u64,
    /// When it ended, and how. `None`: it had not ended when the run did.
    pub returned: Option<(u64, Outcome)>,
    /// What was called.
    pub op: Op,
}

impl Call {
    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.returned.as_ref().map(|(_, outcome)| outcome)
    }

    /// Whether it may have had its effect.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self.outcome(), None | Some(Outcome::Unknown(_)))
    }

    /// Whether it has let a user in with a code, or made a change.
    pub(crate) fn is_certain(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Let | Outcome::Made))
    }

    /// The kind of its outcome, in words.
    pub(crate) fn outcome_name(&self) -> &'static str {
        match self.outcome() {
            Some(Outcome::Let) => "let in",
            Some(Outcome::Open) => "let in without a code",
            Some(Outcome::Used) => "used before",
            Some(Outcome::Wrong) => "wrong",
            Some(Outcome::Locked(_)) => "locked",
            Some(Outcome::Made) => "made",
            Some(Outcome::Unknown(_)) => "no answer",
            None => "under way at the end",
        }
    }

    /// When it ended; never, if it did not.
    pub(crate) fn end(&self) -> u64 {
        self.returned.as_ref().map_or(u64::MAX, |(at, _)| *at)
    }

    /// Whether it had ended before another one was made.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.end() < other.invoked
    }

    /// Whether it ended so before another one was made.
    pub(crate) fn was(&self, outcome: &Outcome, other: &Self) -> bool {
        self.outcome() == Some(outcome) && self.is_before(other)
    }
}

/// The calls of a history, in the order in which they were made.
#[must_use]
pub fn calls(events: &[Event]) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open = HashMap::new();
    for event in events {
        match &event.what {
            What::Invoke(op) => {
                open.insert(event.process, calls.len());
                calls.push(Call {
                    invoked: event.at,
                    returned: None,
                    op: op.clone(),
                });
            }
            What::Return(outcome) => {
                let call = open.remove(&event.process);
                if let Some(call) = call.and_then(|call| calls.get_mut(call)) {
                    call.returned = Some((event.at, outcome.clone()));
                }
            }
            What::Fault(_) | What::Healed(_) | What::Clock(..) | What::Quorum(_) => {}
        }
    }
    calls
}
