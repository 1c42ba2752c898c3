//! Locks of a user at members of a fleet.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::{LockScope, OpenEnum};

/// A lock that wrong codes at a member of a fleet have closed, as in `Status`. It has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct MemberLock {
    /// The first 64 bytes of the member's name; empty where the record has not kept it, and for all others.
    pub host: String,
    /// Whether it is the lock of all members that have no counters of their own.
    pub all_others: bool,
    /// Which place there is locked; absent where the record has not kept it, and for all others.
    pub scope: Option<OpenEnum<LockScope>>,
    /// Wrong codes in a row.
    pub failures: u32,
    /// The end of the lock; absent if it has no fixed end. Then the administrator ends it. The lock of all others also
    /// ends when one of the members with counters had no wrong code for 90 days, and that of one place when another
    /// member takes the counters of the member after that time.
    pub locked_until: Option<u64>,
}
