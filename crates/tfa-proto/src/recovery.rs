//! The recovery code of the host. It is never part of a status.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// The status of the host's recovery code. Times are seconds since the epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct RecoveryStatus {
    /// The state.
    pub state: OpenEnum<RecoveryState>,
    /// When it was created; absent if there is none.
    pub created: Option<u64>,
    /// When it was used; absent if it was not.
    pub used: Option<u64>,
    /// The login name of the user who used it; absent if it was not used.
    pub used_by: Option<String>,
}

wire_enum! {
    /// The state of the host's recovery code.
    #[derive(Default)]
    pub enum RecoveryState {
        /// None was created.
        #[default]
        None = "none",
        /// It was created and not used.
        Valid = "valid",
        /// It was used and is void.
        Used = "used",
    }
}
