//! What a key of `tfad.toml` is, and the macro that declares the table of keys.

use super::problem::{Position, Problem};
use super::values::Value;

/// A TOML table of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// The file itself.
    File,
    /// `[policy]`.
    Policy,
    /// `[[policy.rule]]`.
    Rule,
    /// `[enrollment]`.
    Enrollment,
    /// `[authenticator]`.
    Authenticator,
    /// `[remember]`.
    Remember,
    /// `[recovery]`.
    Recovery,
    /// `[store]`.
    Store,
    /// `[fleet]`.
    Fleet,
}

impl Section {
    /// The sections that another section contains.
    pub(super) const INNER: [Self; 8] = [
        Self::Policy,
        Self::Rule,
        Self::Enrollment,
        Self::Authenticator,
        Self::Remember,
        Self::Recovery,
        Self::Store,
        Self::Fleet,
    ];

    /// The sections that belong to each host, whatever policy is published.
    pub(super) const OF_HOST: [Self; 3] = [Self::Recovery, Self::Store, Self::Fleet];

    /// The name of its key in the section around it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::File => "",
            Self::Policy => "policy",
            Self::Rule => "rule",
            Self::Enrollment => "enrollment",
            Self::Authenticator => "authenticator",
            Self::Remember => "remember",
            Self::Recovery => "recovery",
            Self::Store => "store",
            Self::Fleet => "fleet",
        }
    }

    /// The section around it.
    pub(super) fn parent(self) -> Option<Self> {
        match self {
            Self::File => None,
            Self::Policy
            | Self::Enrollment
            | Self::Authenticator
            | Self::Remember
            | Self::Recovery
            | Self::Store
            | Self::Fleet => Some(Self::File),
            Self::Rule => Some(Self::Policy),
        }
    }

    /// How messages name it: mostly its header.
    pub(super) fn header(self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Policy => "[policy]",
            Self::Rule => "[[policy.rule]]",
            Self::Enrollment => "[enrollment]",
            Self::Authenticator => "[authenticator]",
            Self::Remember => "[remember]",
            Self::Recovery => "[recovery]",
            Self::Store => "[store]",
            Self::Fleet => "[fleet]",
        }
    }
}

/// A row of the table of keys. `S` is the struct with the values of all keys.
pub(super) struct Key<S> {
    /// The name in the file.
    pub(super) name: &'static str,
    /// The sections in which it may stand.
    pub(super) sections: &'static [Section],
    /// The value where no section outside a rule sets it, in TOML.
    pub(super) default: Option<&'static str>,
    /// One sentence for the shipped file, `packaging/tfad.toml`.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test makes the shipped file"))]
    pub(super) summary: &'static str,
    /// Reads a value and stores it.
    pub(super) set: fn(&mut S, Value<'_, '_>, Position) -> Result<(), Problem>,
}

/// Declares the table of keys. From its rows it makes
/// - `KEYS`, a list of [`Key`], which tells what each key is;
/// - `Settings`, a struct with one field for each key, which holds the values of one section.
///
/// Two sections may have keys of the same name and another meaning: the second one is declared with its
/// name in the file, `field as "name"`.
macro_rules! keys {
    ($(
        $name:ident $(as $written:literal)?: $type:ty {
            sections: [$($section:ident),+],
            read: $read:expr,
            default: $default:expr,
            summary: $summary:expr,
        }
    )+) => {
        /// The values of keys, each with its position; `None` where the key is not set.
        #[derive(Debug, Default)]
        pub(super) struct Settings {
            $(pub(super) $name: Option<Located<$type>>,)+
        }

        /// Every key of `tfad.toml`.
        pub(super) const KEYS: &[Key<Settings>] = &[$(
            Key {
                name: keys!(@written $name $($written)?),
                sections: &[$(Section::$section),+],
                default: $default,
                summary: $summary,
                set: |settings, value, position| {
                    let read: fn(Value<'_, '_>) -> Result<$type, Problem> = $read;
                    let value = read(value)?;
                    settings.$name = Some(Located { value, position });
                    Ok(())
                },
            },
        )+];
    };
    (@written $name:ident) => { stringify!($name) };
    (@written $name:ident $written:literal) => { $written };
}

pub(super) use keys;
