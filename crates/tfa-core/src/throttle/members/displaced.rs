//! The wrong codes of members whose counters another member has taken.

use minicbor::{CborLen, Decode, Encode};

use crate::Time;
use crate::throttle::counter::{DayLimit, FailureCounter};

/// What of them is remembered. A right code does not end it.
const LIMIT: DayLimit = DayLimit::new(30, 1);

/// The wrong codes of all of them together. Earlier versions counted here those of all places without a counter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub(super) struct Displaced(#[n(0)] FailureCounter);

impl Displaced {
    /// Whether there is room for so many more.
    pub(super) fn has_room(&self, wrong: u32, now: Time) -> bool {
        self.0.has_room(wrong, LIMIT, now)
    }

    /// When there is room for so many more; `None` if that cannot be told.
    pub(super) fn room_at(&self, wrong: u32, now: Time) -> Option<Time> {
        self.0.room_at(wrong, LIMIT, now)
    }

    pub(super) fn add(&mut self, wrong: u32, now: Time) {
        self.0.remember(wrong, LIMIT, now);
    }
}
