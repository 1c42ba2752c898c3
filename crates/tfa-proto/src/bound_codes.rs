//! Codes of a user that are bound to one member of a fleet.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// The codes of a user that are bound to one host, as in `Status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct BoundCodes {
    /// The name of the host.
    pub host: String,
    /// How many codes are left there, as far as the host has told.
    pub left: u32,
    /// When the set was made, in seconds since the epoch.
    pub made: u64,
    /// Whether the host has told that it uses the set. Where it has not, the user may have received none of the codes.
    pub confirmed: bool,
}
