//! Moments and steps, as types of their own: a step is not a number of seconds.

use std::time::Duration;

use minicbor::{CborLen, Decode, Encode};

/// How far ahead of now a stored moment is believed. One beyond that was stored under a clock that
/// was ahead; a clock may be set back by less than that at any time.
pub(crate) const BELIEVED_AHEAD: Duration = Duration::from_secs(2 * 3600);

/// A moment, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Time(#[n(0)] u64);

impl Time {
    /// The moment that many seconds after the epoch.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub fn as_secs(self) -> u64 {
        self.0
    }

    /// The moment after a while, or the last one there is.
    #[must_use]
    pub fn plus(self, while_: Duration) -> Self {
        Self(self.0.saturating_add(while_.as_secs()))
    }

    /// The moment that long before, or the first one there is.
    pub(crate) fn minus(self, while_: Duration) -> Self {
        Self(self.0.saturating_sub(while_.as_secs()))
    }

    /// How long it is until a later moment; nothing if that has passed.
    #[must_use]
    pub fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }

    /// How far apart two moments are, whichever is the later.
    #[must_use]
    pub fn distance(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }

    /// The step of RFC 6238 that this moment falls into.
    #[must_use]
    pub fn step(self, period: u32) -> Step {
        Step(self.0.checked_div(u64::from(period)).unwrap_or(0))
    }
}

/// A time step of RFC 6238: the moment divided by the period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Step(#[n(0)] u64);

impl Step {
    /// The step that begins with the epoch.
    pub(crate) const FIRST: Self = Self(0);

    /// The number that goes into the HMAC.
    #[must_use]
    pub fn counter(self) -> u64 {
        self.0
    }

    /// The step so many further on (or back, for a negative number), within what exists.
    #[must_use]
    pub fn offset(self, steps: i64) -> Self {
        Self(self.0.saturating_add_signed(steps))
    }

    /// How many steps apart two are, whichever is the later.
    pub(crate) fn distance(self, other: Self) -> u64 {
        self.0.abs_diff(other.0)
    }

    /// The step so many further on, if it exists.
    pub(crate) fn after(self, steps: u64) -> Option<Self> {
        self.0.checked_add(steps).map(Self)
    }

    /// The moment at which it begins.
    pub(crate) fn begin(self, period: u32) -> Time {
        Time(self.0.saturating_mul(period.into()))
    }
}
