//! Why the daemon gave no turn. What is whose word matters: on the daemon's absence an
//! administrator may have made an exception.

use std::{fmt, io};

use crate::Garbled;
use tfa_proto::GarbledTurn;

/// Why there is no turn.
#[derive(Debug)]
pub enum LoginError {
    /// Neither the daemon nor the bus can be connected to.
    Connect(io::Error),
    /// The time was up before the answer came.
    TimedOut,
    /// The connection broke.
    Connection(io::Error),
    /// The daemon or the bus does not let the login program on.
    Handshake,
    /// The bus itself answered, and not the daemon.
    Bus(ErrorReply),
    /// The daemon: there is no such user.
    UnknownUser(String),
    /// The daemon: it serves no login, and why.
    NotServing(String),
    /// The daemon answered with another error.
    Daemon(ErrorReply),
    /// What came is not in the contract, or not from whom it should be. The text says what it was.
    Garbled(&'static str),
}

/// An error as it crosses the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// Its name, which carries the meaning.
    pub name: String,
    /// Its text, for people.
    pub text: String,
}

// As `tfa_proto::Error` has them, which needs a connection of zbus; a test compares.
const UNKNOWN_USER: &str = "org.tfad.Tfa1.Error.UnknownUser";
const NOT_SERVING: &str = "org.tfad.Tfa1.Error.NotServing";

impl LoginError {
    /// Connecting failed.
    pub(super) fn of_connecting(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Connect(error),
        }
    }

    /// The daemon's word.
    pub(super) fn of_daemon(error: ErrorReply) -> Self {
        match error.name.as_str() {
            UNKNOWN_USER => Self::UnknownUser(error.text),
            NOT_SERVING => Self::NotServing(error.text),
            _ => Self::Daemon(error),
        }
    }
}

impl From<io::Error> for LoginError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Connection(error),
        }
    }
}

impl From<Garbled> for LoginError {
    fn from(Garbled(what): Garbled) -> Self {
        Self::Garbled(what)
    }
}

impl From<GarbledTurn> for LoginError {
    fn from(_: GarbledTurn) -> Self {
        Self::Garbled("a turn with a tag or a verdict that is not known here")
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(formatter, "no connection: {error}"),
            Self::TimedOut => formatter.write_str("no answer in time"),
            Self::Connection(error) => write!(formatter, "the connection broke: {error}"),
            Self::Handshake => formatter.write_str("the login program is not let on"),
            Self::Bus(error) | Self::Daemon(error) => error.fmt(formatter),
            Self::UnknownUser(text) | Self::NotServing(text) => formatter.write_str(text),
            Self::Garbled(what) => write!(formatter, "not understood: {what}"),
        }
    }
}

impl std::error::Error for LoginError {}

impl fmt::Display for ErrorReply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.text)
    }
}

#[cfg(test)]
mod tests {
    use zbus::DBusError;

    use super::*;
    use tfa_proto::Error;

    #[test]
    fn the_names_are_those_that_the_daemon_sends() {
        let text = String::new;
        assert_eq!(Error::UnknownUser(text()).name(), UNKNOWN_USER);
        assert_eq!(Error::NotServing(text()).name(), NOT_SERVING);
    }
}
