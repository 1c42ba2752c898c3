//! Counters of earlier versions: one for each place at a member, under a hash.

use minicbor::{CborLen, Decode, Encode};

use super::member::{MEMORY, ONE_PLACE};
use super::scope::{MemberScope, PlaceKey};
use crate::Time;
use crate::throttle::counter::FailureCounter;

/// How many a record has at most. No further one is made.
pub(super) const MAX_PLACES: usize = 4;

/// The wrong codes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct PlaceCounter {
    #[n(0)]
    key: PlaceKey,
    #[n(1)]
    pub(super) wrong: FailureCounter,
    /// The last wrong code.
    #[n(2)]
    last: Time,
}

impl PlaceCounter {
    pub(super) fn is_of(&self, scope: MemberScope) -> bool {
        self.key == scope.earlier()
    }

    pub(super) fn fail(&mut self, now: Time) {
        self.wrong.fail(ONE_PLACE, now);
        self.last = now;
    }

    /// Whether no wrong code counts any more.
    pub(super) fn is_over(&self, now: Time) -> bool {
        self.wrong.counted(ONE_PLACE, now) == 0 || self.last.distance(now) > MEMORY
    }

    /// The same without the count of the day.
    pub(super) fn without_day(self) -> Self {
        Self {
            wrong: self.wrong.without_day(),
            ..self
        }
    }
}
