//! Dictionaries without the entries that say nothing: 0, false, an empty text or list, and none.
//!
//! A list has the status of each of many accounts, and most fields of a status say nothing. They would be
//! most of its length, and be written, checked and read for nothing.

use serde::de::DeserializeOwned;
use serde::{Deserializer, Serialize, Serializer};
use zbus::as_variant;
use zbus::wire::Type;

/// A value of an entry.
pub(crate) trait Entry: Default + PartialEq {
    /// Writes it as a variant.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
    /// Reads the variant.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Whether an entry is left out.
pub(crate) fn says_nothing<T: Entry>(value: &T) -> bool {
    *value == T::default()
}

/// Writes the value of an entry.
pub(crate) fn serialize<T: Entry, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// Reads the value of an entry.
pub(crate) fn deserialize<'de, T: Entry, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    T::read(deserializer)
}

impl<T: Type + Serialize + DeserializeOwned + PartialEq + 'static> Entry for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        as_variant::optional::serialize(self, serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_variant::deserialize(deserializer).map(Some)
    }
}

macro_rules! entry {
    ($( [$($of:ident)?] $type:ty, )+) => { $(
        impl $(<$of: Type + Serialize + DeserializeOwned + PartialEq + 'static>)? Entry for $type {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                as_variant::serialize(self, serializer)
            }

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                as_variant::deserialize(deserializer)
            }
        }
    )+ };
}

entry!([] bool, [] u32, [] String, [T] Vec<T>,);

/// Declares a dictionary in which an entry that says nothing is left out. A reader takes what is absent for
/// the default.
macro_rules! sparse_dict {
    (
        $(#[$of_struct:meta])*
        pub struct $name:ident {
            $( $(#[$of_field:meta])* pub $field:ident: $type:ty, )+
        }
    ) => {
        $(#[$of_struct])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[derive(serde::Serialize, serde::Deserialize, zbus::wire::Type)]
        #[serde(default)]
        #[zbus(signature = "a{sv}")]
        pub struct $name {
            $(
                $(#[$of_field])*
                #[serde(
                    with = "crate::sparse",
                    skip_serializing_if = "crate::sparse::says_nothing"
                )]
                pub $field: $type,
            )+
        }
    };
}

pub(crate) use sparse_dict;
