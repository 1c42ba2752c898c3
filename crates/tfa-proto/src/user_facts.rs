//! What is known of a user beside the name.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// The uid of a user, and where it is from. Every key may be absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct UserFacts {
    /// The uid. In a call: the uid that the user has on members of the fleet, as the administrator tells it. Absent:
    /// the daemon looks the user up.
    pub uid: Option<u32>,
    /// In an answer: whether the host of the daemon knows the user, too. Absent if that was not compared: the call
    /// told no uid, or the record of the user has it.
    pub known: Option<bool>,
}
