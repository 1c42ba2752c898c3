//! What a store keeps for a user: bytes and their revision.

use std::fmt;

use zeroize::Zeroizing;

/// The version of a record: a number that grows with every commit in the whole store, not always by
/// one. It is never given twice, not even to a record that was removed and created again. Records that
/// one change moves may share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// There is no record.
    pub const NONE: Self = Self(0);

    /// The revision with this number; 0 is [`Revision::NONE`].
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, for logs and for stores.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes of a record. They may hold secrets: they cannot be printed, and are wiped on drop.
pub struct Record(Zeroizing<Vec<u8>>);

impl Record {
    /// A record of these bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Borrows the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Gives the bytes away, to be changed in place.
    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
