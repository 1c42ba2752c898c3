//! Times and time steps. They are separate types, because a step is not a number of seconds.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

use crate::Counter;

/// How far a stored time may lie ahead of now. One beyond that was stored while the clock was
/// ahead. A clock may be set back by less than that at any time.
pub(crate) const MAX_AHEAD: Duration = Duration::from_secs(2 * 3600);

/// A time, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Time(#[n(0)] u64);

impl Time {
    /// The time so many seconds after the epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn as_secs(self) -> u64 {
        self.0
    }

    /// The time after a duration, or the maximum.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        Self(self.0.saturating_add(while_.as_secs()))
    }

    /// The time before a duration, or the epoch.
    pub(crate) fn minus(self, while_: Duration) -> Self {
        Self(self.0.saturating_sub(while_.as_secs()))
    }

    /// The duration until a later time; zero if that has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }

    /// The duration between two times, in either order.
    #[must_use]
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }

    /// The time step of RFC 6238 that contains this time.
    #[must_use]
    pub fn step(self, period: u32) -> Step {
        Step(self.0.checked_div(u64::from(period)).unwrap_or(0))
    }
}

/// A time step of RFC 6238: the time divided by the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Step(#[n(0)] u64);

impl Step {
    /// The step that begins with the epoch.
    pub(crate) const FIRST: Self = Self(0);

    /// The counter of RFC 4226.
    #[must_use]
    pub fn counter(self) -> Counter {
        Counter::new(self.0)
    }

    /// The step so many steps later, or earlier for a negative number. Saturates.
    #[must_use]
    pub fn offset(self, steps: i64) -> Self {
        Self(self.0.saturating_add_signed(steps))
    }

    /// The step of this number.
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of steps between two steps, in either order.
    pub(crate) fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The step so many steps later, if it exists.
    pub(crate) fn after(self, steps: u64) -> Option<Self> {
        self.0.checked_add(steps).map(Self)
    }

    /// The time at which the step begins.
    pub(crate) fn begin(self, period: u32) -> Time {
        Time(self.0.saturating_mul(period.into()))
    }
}
