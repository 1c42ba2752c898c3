//! The hosts of a fleet, as a verifier tells of them.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// A host of the fleet. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct FleetHost {
    /// The name.
    pub name: String,
    /// What is known of it.
    pub state: OpenEnum<FleetHostState>,
    /// For a verifier: the TCP port at which it accepts hosts. Absent for a member.
    pub port: Option<u16>,
    /// When it joined.
    pub joined: Option<u64>,
    /// The end of its certificate, or of its invitation.
    pub until: Option<u64>,
    /// When it was removed.
    pub removed: Option<u64>,
}

wire_enum! {
    /// What is known of a host.
    #[derive(Default)]
    pub enum FleetHostState {
        /// Its document cannot be read. It is refused.
        #[default]
        Damaged = "damaged",
        /// It is in the fleet.
        Joined = "joined",
        /// It may join.
        Invited = "invited",
        /// It is refused.
        Removed = "removed",
    }
}
