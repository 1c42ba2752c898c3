//! Why there is no connection to a host.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tfa_fleet_wire::LinkErrorKind;

/// Why there is no connection to a host. The text is for the log.
#[derive(Debug)]
pub enum TransportError {
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
    /// This host has no certificate for the connection.
    NoCertificate,
    /// The peer does not speak HTTP/2.
    NotHttp2,
    /// HTTP/2 cannot begin.
    Http2(hyper::Error),
    /// HTTP/2 does not begin in time.
    Http2Time,
}

impl TransportError {
    /// What tfad can tell apart.
    pub(crate) const fn kind(&self) -> LinkErrorKind {
        match self {
            Self::Lookup(_)
            | Self::LookupTime
            | Self::NoAddress
            | Self::Tcp(..)
            | Self::TcpTime(_) => LinkErrorKind::Unreachable,
            Self::Tls(_) | Self::TlsTime | Self::NoCertificate => LinkErrorKind::Refused,
            Self::NotHttp2 | Self::Http2(_) | Self::Http2Time => LinkErrorKind::Protocol,
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => write!(formatter, "the name cannot be looked up: {error}"),
            Self::LookupTime => formatter.write_str("the name service does not answer"),
            Self::NoAddress => formatter.write_str("the name has no address"),
            Self::Tcp(address, error) => write!(formatter, "{address}: {error}"),
            Self::TcpTime(address) => write!(formatter, "{address} does not answer"),
            Self::Tls(error) => write!(formatter, "the TLS handshake failed: {error}"),
            Self::TlsTime => formatter.write_str("the TLS handshake took too long"),
            Self::NoCertificate => formatter.write_str("this host has no certificate for it"),
            Self::NotHttp2 => formatter.write_str("the peer does not speak HTTP/2"),
            Self::Http2(error) => write!(formatter, "HTTP/2 failed: {error}"),
            Self::Http2Time => formatter.write_str("HTTP/2 was not answered"),
        }
    }
}

impl std::error::Error for TransportError {}
