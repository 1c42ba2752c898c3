//! Records that get another name or uid.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// The result of moving a record to another name, or of a check of such a move.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct Renamed {
    /// The old name, as it was given.
    pub old: String,
    /// The new name, as the system spells it.
    pub new: String,
    /// The uid of the new name.
    pub uid: u32,
    /// What happened, or would happen.
    pub outcome: OpenEnum<RenameOutcome>,
    /// The reason for a refusal; else empty.
    pub why: String,
    /// The names of other records that have the new name or its uid. They must move first or in the
    /// same call.
    pub in_the_way: Vec<String>,
}

wire_enum! {
    /// What happens to a record that gets another name.
    #[derive(Default)]
    pub enum RenameOutcome {
        /// The record was moved, or can be.
        Moved = "moved",
        /// There is nothing to do: the record has the new name and its uid.
        Stands = "stands",
        /// Neither name has a record.
        NoRecord = "no-record",
        /// The move would be refused.
        #[default]
        Refused = "refused",
    }
}
