//! The counter of RFC 4226.

use minicbor::{CborLen, Decode, Encode};

/// The counter value from which a code is computed: of an event, or the number of a time step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Counter(#[n(0)] u64);

impl Counter {
    /// The counter of this value.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The counter so many events later, if it exists.
    pub(crate) fn after(self, events: u64) -> Option<Self> {
        self.0.checked_add(events).map(Self)
    }

    /// The counter of the event before, if there is one.
    pub(crate) fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }
}
