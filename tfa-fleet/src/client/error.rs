//! Why a verifier cannot be reached.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tfa_fleet_wire::LinkErrorKind;
use tonic::{Code, Status};

/// Why there is no connection to a verifier. The text is for the log.
#[derive(Debug)]
pub enum ConnectError {
    /// The name cannot be looked up.
    Lookup(io::Error),
    /// The name service does not answer in time.
    LookupTime,
    /// The name has no address.
    NoAddress,
    /// TCP cannot connect to the last of the addresses.
    Tcp(SocketAddr, io::Error),
    /// The last of the addresses does not answer in time.
    TcpTime(SocketAddr),
    /// The TLS handshake failed: one side refuses the certificate of the other, for example.
    Tls(io::Error),
    /// The TLS handshake took too long.
    TlsTime,
    /// The peer does not speak HTTP/2.
    NotHttp2,
    /// HTTP/2 cannot begin.
    Http2(hyper::Error),
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
    pub(super) const fn kind(&self) -> LinkErrorKind {
        match self {
            Self::Lookup(_)
            | Self::LookupTime
            | Self::NoAddress
            | Self::Tcp(..)
            | Self::TcpTime(_) => LinkErrorKind::Unreachable,
            // In TLS 1.3, a client learns after the handshake that its certificate is refused.
            Self::Tls(_) | Self::TlsTime | Self::Broken(_) | Self::Closed => LinkErrorKind::Refused,
            Self::NotHttp2
            | Self::Http2(_)
            | Self::HelloTime
            | Self::Hello(..)
            | Self::Version
            | Self::OtherName => LinkErrorKind::Protocol,
        }
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
            Self::Lookup(error) => write!(formatter, "the name cannot be looked up: {error}"),
            Self::LookupTime => formatter.write_str("the name service does not answer"),
            Self::NoAddress => formatter.write_str("the name has no address"),
            Self::Tcp(address, error) => write!(formatter, "{address}: {error}"),
            Self::TcpTime(address) => write!(formatter, "{address} does not answer"),
            Self::Tls(error) => write!(formatter, "the TLS handshake failed: {error}"),
            Self::TlsTime => formatter.write_str("the TLS handshake took too long"),
            Self::NotHttp2 => formatter.write_str("the peer does not speak HTTP/2"),
            Self::Http2(error) => write!(formatter, "HTTP/2 failed: {error}"),
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
