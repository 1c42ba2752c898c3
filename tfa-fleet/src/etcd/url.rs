//! Where a member of etcd serves.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use serde::{Deserialize, Deserializer, de};

/// The URL of a member of etcd: `https://NAME:PORT`, or `http://ADDRESS:PORT` of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    /// As it is written.
    pub(super) uri: Uri,
    /// The name or address, without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// The address, where the host is one.
    pub(super) address: Option<IpAddr>,
    pub(super) has_tls: bool,
}

/// Why a text is no URL of a member of etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidUrl {
    /// It has another form.
    Form,
    /// Without TLS, everybody on the way reads and changes the accounts.
    Plain,
}

impl EndpointUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`InvalidUrl`].
    pub fn new(text: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidUrl::Form)?;
        let (host, port) = uri.host().zip(uri.port_u16()).ok_or(InvalidUrl::Form)?;
        let has_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(InvalidUrl::Form),
        };
        let is_plain = uri.path_and_query().is_none_or(|path| path == "/");
        let has_user = uri.authority().is_some_and(|it| it.as_str().contains('@'));
        if host.is_empty() || port == 0 || !is_plain || has_user {
            return Err(InvalidUrl::Form);
        }
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let address: Option<IpAddr> = host.parse().ok();
        if !has_tls && !address.is_some_and(|address| address.is_loopback()) {
            return Err(InvalidUrl::Plain);
        }
        Ok(Self {
            uri,
            host,
            port,
            address,
            has_tls,
        })
    }

    /// Whether the member is reached over TLS.
    #[must_use]
    pub const fn has_tls(&self) -> bool {
        self.has_tls
    }
}

impl<'de> Deserialize<'de> for EndpointUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(de::Error::custom)
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.has_tls { "https" } else { "http" };
        match self.address {
            Some(IpAddr::V6(address)) => write!(formatter, "{scheme}://[{address}]:{}", self.port),
            _ => write!(formatter, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Form => "an endpoint is https://NAME:PORT",
            Self::Plain => "without TLS, an endpoint is http://127.0.0.1:PORT or http://[::1]:PORT",
        })
    }
}

impl std::error::Error for InvalidUrl {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_one_of_tls_or_of_this_host() {
        for text in [
            "https://etcd1.example:2379",
            "https://192.0.2.7:2379",
            "https://[2001:db8::7]:2379",
            "http://127.0.0.1:2379",
            "http://[::1]:2379",
        ] {
            assert_eq!(EndpointUrl::new(text).unwrap().to_string(), text);
        }
        for text in ["http://192.0.2.7:1", "http://localhost:1", "http://[::2]:1"] {
            assert_eq!(EndpointUrl::new(text), Err(InvalidUrl::Plain), "{text}");
        }
        for text in [
            "",
            "etcd1:2379",
            "https://etcd1",
            "https://:2379",
            "https://etcd1:0",
            "https://etcd1:2379/v3",
            "https://me@etcd1:2379",
            "unix://etcd1:2379",
        ] {
            assert_eq!(EndpointUrl::new(text), Err(InvalidUrl::Form), "{text}");
        }
    }
}
