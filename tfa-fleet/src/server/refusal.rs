//! Connections that are closed at once.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tfa_fleet_core::HostName;

use crate::log::{Level, RareLog};
use crate::tls::UnnamedHost;

/// Why a connection is refused. The text is for the log.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Too many TLS handshakes are under way, with its address or together.
    Handshakes,
    /// The TLS handshake failed: the certificate is wrong, for example.
    Tls(io::Error),
    /// The TLS handshake took too long.
    TlsTime,
    /// The peer is no host that speaks HTTP/2.
    Unnamed(UnnamedHost),
    /// Too many clients without a certificate are connected, with its address or together.
    Guests,
    /// The host has too many connections, or all hosts together.
    Connections(HostName),
}

/// Writes refusals, rarely. Those of strangers do not hide those of hosts.
#[derive(Debug, Default)]
pub(super) struct RefusalLog {
    handshakes: RareLog,
    strangers: RareLog,
    connections: RareLog,
}

impl RefusalLog {
    pub(super) fn log(&self, from: SocketAddr, why: &Refusal) {
        let from = from.ip().to_canonical();
        let log = match why {
            Refusal::Handshakes | Refusal::Guests => &self.handshakes,
            Refusal::Tls(_) | Refusal::TlsTime | Refusal::Unnamed(_) => &self.strangers,
            Refusal::Connections(_) => &self.connections,
        };
        log.log(
            Level::Warning,
            &format_args!("refused a connection from {from}: {why}"),
        );
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handshakes => formatter.write_str("too many TLS handshakes are under way"),
            Self::Guests => {
                formatter.write_str("too many clients without a certificate are connected")
            }
            Self::Tls(error) => write!(formatter, "the TLS handshake failed: {error}"),
            Self::TlsTime => formatter.write_str("the TLS handshake took too long"),
            Self::Unnamed(why) => why.fmt(formatter),
            Self::Connections(host) => write!(formatter, "too many connections of {host}"),
        }
    }
}
