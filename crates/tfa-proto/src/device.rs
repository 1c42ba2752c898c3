//! A remembered device of an account.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

wire_enum! {
    /// What identifies a device.
    #[derive(Default)]
    pub enum DeviceKind {
        /// An SSH key.
        #[default]
        Key = "key",
        /// An address.
        Address = "address",
    }
}

/// A remembered device, as in `Status` and `Devices`. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Device {
    /// The number of the device in its account. It is not used again while the account has
    /// authenticators.
    pub id: u32,
    /// The kind.
    pub kind: OpenEnum<DeviceKind>,
    /// The fingerprint of the key, as `ssh-keygen -l` shows it, or the address.
    pub mark: String,
    /// The type of the key, as `ssh-keygen -l` shows it; absent for an address.
    pub key_type: Option<String>,
    /// The first code with which it was remembered.
    pub first_used: u64,
    /// A login from it, up to a day before the last one.
    pub last_used: u64,
    /// When it ceases to be remembered.
    pub until: u64,
    /// Whether the caller's login session began from it. Only `Devices` of the own account tells it.
    pub current: bool,
}
