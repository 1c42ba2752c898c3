//! The policy that is published for all verifiers of a fleet.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// The published policy. Without a revision none is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct PublishedPolicy {
    /// Its revision. That of a later policy is greater.
    pub revision: Option<u64>,
    /// Its text; absent if this daemon cannot read the document.
    pub text: Option<String>,
    /// The time zone of dates in it that name none.
    pub zone: Option<String>,
    /// When it was published, in seconds since the epoch.
    pub published: Option<u64>,
    /// The host on which it was published.
    pub host: Option<String>,
    /// The uid there of the administrator.
    pub uid: Option<u32>,
    /// Why it cannot be used on this host; absent if it can.
    pub problem: Option<String>,
}
