//! What every kind of authenticator has: an id, a name, and when it was created and last used.

use minicbor::{CborLen, Decode, Encode};

use crate::Time;

/// How many characters of a name are kept.
const MAX_NAME_LENGTH: usize = 64;

/// The number of an authenticator in its account, from 1. It is not used again while the account has a
/// record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct AuthenticatorId(#[n(0)] u32);

impl AuthenticatorId {
    /// The id before one was assigned.
    pub(super) const UNASSIGNED: Self = Self(0);
    /// The first id of an account.
    pub(crate) const FIRST: Self = Self(1);

    /// The id of this number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// The id after this one. It saturates, which 2^32 enrollments of one user would take.
    pub(crate) fn following(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// The label.
#[derive(Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub(crate) struct Label {
    #[n(0)]
    pub(crate) id: AuthenticatorId,
    #[n(1)]
    pub(crate) name: String,
    /// When it was activated. Absent in older records.
    #[n(2)]
    pub(crate) created: Option<Time>,
    /// When it was last accepted. Absent in older records.
    #[n(3)]
    pub(crate) last_accepted: Option<Time>,
}

impl Label {
    /// The label of an authenticator that is not active yet.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            id: AuthenticatorId::UNASSIGNED,
            name: stored_name(name),
            created: None,
            last_accepted: None,
        }
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(crate) fn is_sound(&self) -> bool {
        self.name == stored_name(&self.name)
    }
}

/// The name cut to 64 characters and without control characters: terminals show it, and the record
/// stays small.
pub(crate) fn stored_name(name: &str) -> String {
    name.chars()
        .filter(|letter| !letter.is_control())
        .take(MAX_NAME_LENGTH)
        .collect()
}
