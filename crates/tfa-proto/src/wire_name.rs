//! Enums that cross the bus, and stand in JSON, by name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zbus::{Signature, wire::Type};

/// An enum whose values have names on the bus and in JSON. `wire_enum` implements it.
pub trait WireName: Copy {
    /// The name.
    #[must_use]
    fn name(self) -> &'static str;

    /// The value of that name; `None` for a name that this version does not know.
    #[must_use]
    fn from_name(name: &str) -> Option<Self>;
}

/// Declares an enum, each variant with its name.
macro_rules! wire_enum {
    (
        $(#[$of_enum:meta])*
        pub enum $enum:ident {
            $( $(#[$of_variant:meta])* $variant:ident = $name:literal, )+
        }
    ) => {
        $(#[$of_enum])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $enum {
            $( $(#[$of_variant])* $variant, )+
        }

        impl $enum {
            /// All values, in their order.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The name on the bus and in JSON.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            /// The value of that name; `None` for a name that this version does not know.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl $crate::WireName for $enum {
            fn name(self) -> &'static str {
                self.name()
            }

            fn from_name(name: &str) -> Option<Self> {
                Self::from_name(name)
            }
        }
    };
}

pub(crate) use wire_enum;

/// A value of an enum as it was received: a later version of the daemon may send a name that this
/// version does not know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenEnum<T> {
    /// A name of this version.
    Known(T),
    /// A name of a later version.
    Unknown(String),
}

impl<T: WireName> OpenEnum<T> {
    /// The value of that name, or the name where this version does not know it.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        T::from_name(name).map_or_else(|| Self::Unknown(name.to_owned()), Self::Known)
    }

    /// The value, if this version knows its name.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        match self {
            Self::Known(value) => Some(*value),
            Self::Unknown(_) => None,
        }
    }

    /// The name, as it was received.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(value) => value.name(),
            Self::Unknown(name) => name,
        }
    }
}

impl<T> From<T> for OpenEnum<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Default> Default for OpenEnum<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T: PartialEq> PartialEq<T> for OpenEnum<T> {
    fn eq(&self, other: &T) -> bool {
        matches!(self, Self::Known(value) if value == other)
    }
}

impl<T: WireName> fmt::Display for OpenEnum<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl<T> Type for OpenEnum<T> {
    const SIGNATURE: &'static Signature = <&str>::SIGNATURE;
}

impl<T: WireName> Serialize for OpenEnum<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de, T: WireName> Deserialize<'de> for OpenEnum<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|name| Self::from_name(&name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Debug;

    use zbus::wire::serialized::Context;
    use zbus::wire::{LE, to_bytes};

    use super::*;
    use crate::{
        Algorithm, AuthenticatorKind, Explanation, Factor, Outcome, Reason, RenameOutcome, State,
        Verdict,
    };

    fn has_names_of_its_own<T: WireName + Debug + PartialEq>(all: &[T]) {
        has_names(all, |letter| letter.is_ascii_lowercase() || letter == '-');
    }

    fn has_names<T: WireName + Debug + PartialEq>(all: &[T], is_plain: fn(char) -> bool) {
        let names: HashSet<_> = all.iter().map(|value| value.name()).collect();
        assert_eq!(names.len(), all.len(), "{all:?}");
        for value in all {
            assert_eq!(T::from_name(value.name()), Some(*value));
            assert!(value.name().chars().all(is_plain), "{value:?}");
        }
    }

    #[test]
    fn every_value_has_a_name_of_its_own() {
        has_names_of_its_own(Outcome::ALL);
        has_names_of_its_own(Reason::ALL);
        has_names_of_its_own(State::ALL);
        has_names_of_its_own(Factor::ALL);
        has_names_of_its_own(AuthenticatorKind::ALL);
        has_names_of_its_own(RenameOutcome::ALL);
        has_names_of_its_own(Verdict::ALL);
        has_names(Algorithm::ALL, |letter| {
            letter.is_ascii_uppercase() || letter.is_ascii_digit()
        });
    }

    fn crosses(explanation: &Explanation) -> Explanation {
        let context = Context::new(LE, 0);
        let bytes = to_bytes(context, explanation).unwrap();
        bytes.deserialize().unwrap().0
    }

    #[test]
    fn a_name_of_a_later_version_crosses_the_bus() {
        let explanation = Explanation {
            outcome: OpenEnum::Unknown("queued".to_owned()),
            reason: Some(OpenEnum::Unknown("night-shift".to_owned())),
            audited: Some(Outcome::Refused.into()),
            state: State::Paused.into(),
            ..Explanation::default()
        };
        let received = crosses(&explanation);
        assert_eq!(received, explanation);
        assert_eq!(
            (received.outcome.known(), received.outcome.name()),
            (None, "queued")
        );
        assert_eq!(received.audited_reason, None);
        assert_eq!(received.state.known(), Some(State::Paused));
    }
}
