//! Records that go to other names and uids.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

use crate::OpenEnum;
use crate::wire_name::wire_enum;

/// What became, or would become, of a record that is to go to another name.
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
    /// Why it would be refused; else empty.
    pub why: String,
    /// The names of other records of the new name or its uid, which have to move first or at once.
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
