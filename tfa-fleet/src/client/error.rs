//! Why a verifier cannot be reached.

use std::fmt;

use tfa_fleet_wire::LinkErrorKind;
use tonic::{Code, Status};

use crate::transport::TransportError;

/// Why there is no connection to a verifier. The text is for the log.
#[derive(Debug)]
pub(crate) enum ConnectError {
    /// No connection could be opened.
    Transport(TransportError),
    /// The name is no host name of TLS.
    Name,
    /// The connection ended before `Hello` was answered. The text is the deepest cause.
    Broken(String),
    /// The verifier closed the connection before it answered `Hello`.
    Closed,
    /// `Hello` was not answered in time.
    HelloTime,
    /// The verifier answered `Hello` with an error.
    Hello(Code, String),
    /// No version of the protocol is known to both sides.
    Version,
    /// The verifier reads another name in the certificate of this host.
    OtherName,
}

impl ConnectError {
    /// What tfad can tell apart.
    pub(super) fn kind(&self) -> LinkErrorKind {
        match self {
            Self::Transport(error) => error.kind(),
            // In TLS 1.3, a client learns after the handshake that its certificate is refused.
            Self::Broken(_) | Self::Closed => LinkErrorKind::Refused,
            Self::Name | Self::HelloTime | Self::Hello(..) | Self::Version | Self::OtherName => {
                LinkErrorKind::Protocol
            }
        }
    }
}

impl From<TransportError> for ConnectError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<Status> for ConnectError {
    fn from(status: Status) -> Self {
        Self::Hello(status.code(), status.message().to_owned())
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(error) => error.fmt(formatter),
            Self::Name => formatter.write_str("the name is not one of TLS"),
            Self::Broken(cause) => write!(formatter, "the connection broke: {cause}"),
            Self::Closed => formatter.write_str("the verifier closed the connection"),
            Self::HelloTime => formatter.write_str("Hello was not answered"),
            Self::Hello(code, message) => write!(formatter, "Hello failed: {code:?}: {message}"),
            Self::Version => formatter.write_str("the verifier has no version of the protocol"),
            Self::OtherName => formatter
                .write_str("the verifier reads another name in the certificate of this host"),
        }
    }
}

impl std::error::Error for ConnectError {}
