//! The values of a context's dictionary.

use zbus::wire::{OwnedVariant, Variant};

/// A value of the dictionary of a [`Context`](crate::Context).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextValue<'a> {
    /// A string.
    Text(&'a str),
    /// A boolean. Only true ones are sent.
    Flag(bool),
    /// A number, `u`.
    Number(u32),
}

impl<'a> ContextValue<'a> {
    /// Returns nothing for a value of another type.
    pub(crate) fn of(value: &'a OwnedVariant) -> Option<Self> {
        match &**value {
            Variant::Str(text) => Some(Self::Text(text)),
            Variant::Bool(flag) => Some(Self::Flag(*flag)),
            Variant::U32(number) => Some(Self::Number(*number)),
            _ => None,
        }
    }

    pub(crate) fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn flag(self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn to_variant(self) -> Variant<'a> {
        match self {
            Self::Text(text) => text.into(),
            Self::Flag(flag) => flag.into(),
            Self::Number(number) => number.into(),
        }
    }
}
