//! Why there is no connection to a host.

use std::fmt;
use std::io::{self, ErrorKind};
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
    pub(crate) fn kind(&self) -> LinkErrorKind {
        match self {
            Self::Tcp(_, error) if is_of_network(error) => LinkErrorKind::Unreachable,
            Self::TcpTime(_) => LinkErrorKind::Unreachable,
            // A user of this host can take all its ports, so that no name can be looked up and nothing be connected to.
            Self::Lookup(_) | Self::LookupTime | Self::NoAddress | Self::Tcp(..) => {
                LinkErrorKind::Local
            }
            Self::Tls(_) | Self::TlsTime | Self::NoCertificate => LinkErrorKind::Refused,
            Self::NotHttp2 | Self::Http2(_) | Self::Http2Time => LinkErrorKind::Protocol,
        }
    }
}

/// Whether the peer or the network has caused an error of `connect`, and not this host.
fn is_of_network(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::NetworkUnreachable
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::TimedOut
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    const ENFILE: i32 = 23;
    const EACCES: i32 = 13;
    const EPERM: i32 = 1;
    const EAGAIN: i32 = 11;
    const ENOMEM: i32 = 12;
    const EMFILE: i32 = 24;
    const EADDRINUSE: i32 = 98;
    const EADDRNOTAVAIL: i32 = 99;
    const ENETDOWN: i32 = 100;
    const ENETUNREACH: i32 = 101;
    const ENOBUFS: i32 = 105;
    const ETIMEDOUT: i32 = 110;
    const ECONNREFUSED: i32 = 111;
    const EHOSTUNREACH: i32 = 113;

    #[test]
    fn what_a_local_user_can_cause_does_not_tell_of_the_verifier() {
        let address = "192.0.2.7:7443".parse().unwrap();
        let kind = |number| {
            let error = io::Error::from_raw_os_error(number);
            TransportError::Tcp(address, error).kind()
        };
        for number in [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, ENETDOWN] {
            assert_eq!(kind(number), LinkErrorKind::Unreachable, "{number}");
        }
        let local = [
            EADDRNOTAVAIL,
            EADDRINUSE,
            EMFILE,
            ENFILE,
            ENOBUFS,
            ENOMEM,
            EAGAIN,
            EPERM,
            EACCES,
        ];
        for number in local {
            assert_eq!(kind(number), LinkErrorKind::Local, "{number}");
        }
        for error in [
            TransportError::Lookup(io::Error::other("try again")),
            TransportError::LookupTime,
            TransportError::NoAddress,
        ] {
            assert_eq!(error.kind(), LinkErrorKind::Local, "{error}");
        }
    }
}
