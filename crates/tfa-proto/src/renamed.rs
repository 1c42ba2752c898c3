//! Records that go to other names and uids.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

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
    /// [`Self::MOVED`], [`Self::STANDS`], [`Self::NO_RECORD`] or [`Self::REFUSED`].
    pub outcome: String,
    /// Why it would be refused; else empty.
    pub why: String,
    /// The names of other records of the new name or its uid, which have to move first or at once.
    pub in_the_way: Vec<String>,
}

impl Renamed {
    /// It was moved.
    pub const MOVED: &'static str = "moved";
    /// There was nothing to do: the record stands under the new name, with its uid.
    pub const STANDS: &'static str = "stands";
    /// Neither name has a record.
    pub const NO_RECORD: &'static str = "no-record";
    /// It would be refused.
    pub const REFUSED: &'static str = "refused";
}
