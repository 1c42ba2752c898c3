//! Why the client has no turn. The variants tell who reported the error: an administrator may have
//! allowed logins while the daemon is absent, and only the bus and the daemon itself can say that.

use std::{fmt, io};

use tfa_proto::Error;

use crate::error::{DecodeError, EncodeError};

/// Why there is no turn.
#[derive(Debug)]
pub enum LoginError {
    /// Neither the daemon nor the bus accepts a connection.
    Connect(io::Error),
    /// The time budget is used up.
    TimedOut,
    /// The connection broke.
    Connection(io::Error),
    /// The daemon or the bus rejected the handshake.
    Handshake,
    /// The bus itself replied with this error, and not the daemon.
    Bus(ErrorReply),
    /// The daemon: there is no such user. The text is the daemon's.
    UnknownUser(String),
    /// The daemon: it serves no logins. The text says why.
    NotServing(String),
    /// The daemon: the verifiers that answer its logins cannot be reached. The text says why.
    CutOff(String),
    /// As [`Self::CutOff`], and root may log in at a console of this host.
    ConsoleOnly(String),
    /// The daemon replied with another error.
    Daemon(ErrorReply),
    /// A message is not valid, or came from an unexpected sender. The text says what is wrong.
    Protocol(&'static str),
}

/// An error reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorReply {
    /// The error name, such as `org.tfad.Tfa1.Error.Busy`.
    pub name: String,
    /// The text for people.
    pub text: String,
}

impl LoginError {
    /// The error of a failed connect(2).
    pub(super) fn from_connect(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Connect(error),
        }
    }

    /// The error of an error reply of the daemon.
    pub(super) fn from_daemon(error: ErrorReply) -> Self {
        match Error::from_name(&error.name, String::new()) {
            Some(Error::UnknownUser(_)) => Self::UnknownUser(error.text),
            Some(Error::NotServing(_)) => Self::NotServing(error.text),
            Some(Error::CutOff(_)) => Self::CutOff(error.text),
            Some(Error::ConsoleOnly(_)) => Self::ConsoleOnly(error.text),
            Some(_) | None => Self::Daemon(error),
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

impl From<DecodeError> for LoginError {
    fn from(DecodeError(what): DecodeError) -> Self {
        Self::Protocol(what)
    }
}

impl From<EncodeError> for LoginError {
    fn from(EncodeError(what): EncodeError) -> Self {
        Self::Protocol(what)
    }
}

impl fmt::Display for LoginError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(formatter, "cannot connect: {error}"),
            Self::TimedOut => formatter.write_str("timed out"),
            Self::Connection(error) => write!(formatter, "the connection broke: {error}"),
            Self::Handshake => formatter.write_str("the handshake was rejected"),
            Self::Bus(error) | Self::Daemon(error) => error.fmt(formatter),
            Self::UnknownUser(text)
            | Self::NotServing(text)
            | Self::CutOff(text)
            | Self::ConsoleOnly(text) => formatter.write_str(text),
            Self::Protocol(what) => write!(formatter, "protocol error: {what}"),
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
    use super::*;

    fn reply(name: &str) -> LoginError {
        LoginError::from_daemon(ErrorReply {
            name: name.to_owned(),
            text: "why".to_owned(),
        })
    }

    #[test]
    fn the_daemons_errors_are_told_apart_by_the_names_of_the_contract() {
        let unknown = reply("org.tfad.Tfa1.Error.UnknownUser");
        assert!(matches!(unknown, LoginError::UnknownUser(text) if text == "why"));
        let refused = reply("org.tfad.Tfa1.Error.NotServing");
        assert!(matches!(refused, LoginError::NotServing(text) if text == "why"));
        let cut_off = reply("org.tfad.Tfa1.Error.CutOff");
        assert!(matches!(cut_off, LoginError::CutOff(text) if text == "why"));
        let console_only = reply("org.tfad.Tfa1.Error.ConsoleOnly");
        assert!(matches!(console_only, LoginError::ConsoleOnly(text) if text == "why"));
        for name in ["org.tfad.Tfa1.Error.Busy", "org.example.UnknownUser"] {
            assert!(matches!(reply(name), LoginError::Daemon(error) if error.name == name));
        }
    }
}
