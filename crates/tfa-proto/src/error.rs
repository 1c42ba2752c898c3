//! The errors of the contract. The name tells a program what happened, the text a person.

use std::fmt;

/// Defines the errors. The last part of the name on the bus is that of the variant.
macro_rules! errors {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// The daemon's answer instead of a result: `org.tfad.Tfa1.Error.*`, with a text for people.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Error {
            $($(#[$doc])* $variant(String),)*
        }

        impl Error {
            /// The name on the bus.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => concat!("org.tfad.Tfa1.Error.", stringify!($variant)),)*
                }
            }

            /// The error of a name on the bus; `None` for a name that is not in the contract.
            #[must_use]
            pub fn from_name(name: &str, text: String) -> Option<Self> {
                match name.strip_prefix("org.tfad.Tfa1.Error.")? {
                    $(stringify!($variant) => Some(Self::$variant(text)),)*
                    _ => None,
                }
            }

            /// The text for people.
            #[must_use]
            pub fn text(&self) -> &str {
                match self {
                    $(Self::$variant(text) => text,)*
                }
            }
        }
    };
}

errors! {
    /// The caller is not allowed to make the call.
    NotAuthorized,
    /// polkit asked for a password, and the right one was not given.
    AuthenticationFailed,
    /// polkit would ask for a password, and no authentication agent serves the caller.
    NoAuthenticationAgent,
    /// The system knows no such user.
    UnknownUser,
    /// The system knows no such group.
    UnknownGroup,
    /// No dialog of that number belongs to the caller: it is over, or another connection's.
    NoSuchDialog,
    /// The caller has too many calls or dialogs under way, or the daemon has.
    Busy,
    /// An argument is not valid.
    InvalidArgument,
    /// The change requires a code, and the call has none. Nothing was verified or counted.
    CodeNeeded,
    /// The code was wrong, or was used before.
    WrongCode,
    /// Too many wrong codes. The text says until when.
    Locked,
    /// Two-factor login is not set up for the user.
    NotSetUp,
    /// Two-factor login is set up already.
    AlreadySetUp,
    /// The user has no authenticator of this id.
    NoSuchAuthenticator,
    /// The user has another authenticator of this name.
    NameTaken,
    /// One of the user's authenticators is this security key.
    KeyTaken,
    /// The user has as many authenticators as one may have.
    TooManyAuthenticators,
    /// No device of this number is remembered for the user.
    NoSuchDevice,
    /// The device is the one of the caller's own login session.
    CurrentDevice,
    /// No authenticator waits for its confirmation.
    NothingPending,
    /// The account is in a state that does not allow the change (paused, not paused).
    WrongState,
    /// A first setup requires an invitation, and none was given, or none is valid now.
    InvitationNeeded,
    /// The policy requires two-factor login of the user: it cannot be switched off.
    Required,
    /// The record cannot be read: it is damaged, or sealed with another key.
    Damaged,
    /// The sealing key is missing.
    KeyLost,
    /// The user name belongs to another uid than at the setup.
    UidChanged,
    /// The daemon runs and serves no login: it cannot use its configuration or its store.
    NotServing,
    /// This host is a member of a fleet, no verifier can be reached, and its policy lets no login in then.
    CutOff,
    /// As `CutOff`, where the policy lets root in at a console of the host.
    ConsoleOnly,
    /// The daemon could not do what was asked: the store, the name service or the kernel fails.
    Storage,
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name(), self.text())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_known_by_its_name() {
        let busy = Error::Busy("try again".to_owned());
        assert_eq!(busy.name(), "org.tfad.Tfa1.Error.Busy");
        let read = Error::from_name(busy.name(), busy.text().to_owned());
        assert_eq!(read, Some(busy));
        for name in [
            "org.tfad.Tfa1.Error.",
            "org.tfad.Tfa1.Error.busy",
            "org.tfad.Tfa2.Error.Busy",
            "org.freedesktop.DBus.Error.NoReply",
        ] {
            assert_eq!(Error::from_name(name, String::new()), None, "{name}");
        }
    }
}
