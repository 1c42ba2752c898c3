//! The configuration file, `/etc/tfa/tfa-fleet.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use tfa_fleet_core::HostName;

/// The configuration of this host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The certificates that sign those of the hosts, in PEM.
    pub ca: PathBuf,
    /// The certificate of this host and those between it and a `ca`, in PEM.
    pub certificate: PathBuf,
    /// The private key of the certificate, in PEM.
    pub key: PathBuf,
    /// On a verifier: where it accepts connections of hosts.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// The verifiers to which this host connects.
    #[serde(default)]
    pub verifiers: Vec<Verifier>,
    /// The addresses of verifiers whose names this host does not look up.
    #[serde(default)]
    addresses: BTreeMap<String, IpAddr>,
    /// What peers may use.
    #[serde(default)]
    pub limits: Limits,
}

/// A verifier, written `NAME:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    /// The name that its certificate must have.
    pub name: HostName,
    /// The TCP port.
    pub port: u16,
    /// Its address, if it is configured.
    pub address: Option<IpAddr>,
}

/// What peers may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections of all hosts together.
    pub connections: usize,
    /// Connections of one host.
    pub connections_per_host: usize,
    /// TLS handshakes under way.
    pub handshakes: usize,
    /// TLS handshakes under way with one address; of IPv6, with one network of 64 bits.
    pub handshakes_per_address: usize,
    /// The time for a TLS handshake, in seconds.
    pub handshake_seconds: u64,
    /// The longest time of a connection, in seconds. The peer then shows its certificate again.
    pub connection_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            connections_per_host: 4,
            handshakes: 256,
            handshakes_per_address: 16,
            handshake_seconds: 3,
            connection_seconds: 3600,
        }
    }
}

impl Limits {
    /// The time for a TLS handshake.
    #[must_use]
    pub const fn handshake_time(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    /// The longest time of a connection.
    #[must_use]
    pub const fn connection_time(&self) -> Duration {
        Duration::from_secs(self.connection_seconds)
    }

    /// The key of a limit that is 0.
    fn zero(&self) -> Option<&'static str> {
        let keys = [
            ("connections", self.connections == 0),
            ("connections_per_host", self.connections_per_host == 0),
            ("handshakes", self.handshakes == 0),
            ("handshakes_per_address", self.handshakes_per_address == 0),
            ("handshake_seconds", self.handshake_seconds == 0),
            ("connection_seconds", self.connection_seconds == 0),
        ];
        let (key, _) = keys.into_iter().find(|(_, is_zero)| *is_zero)?;
        Some(key)
    }
}

/// Why a file is no configuration. The text names the file, and says what to do.
#[derive(Debug)]
pub struct BadConfig(String);

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`BadConfig`].
    pub fn read(path: &Path) -> Result<Self, BadConfig> {
        let bad = |why: &dyn fmt::Display| BadConfig(format!("{}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| bad(&error))?;
        Self::parse(&text).map_err(|why| bad(&why))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut config: Self = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        if config.listen.is_empty() && config.verifiers.is_empty() {
            return Err("add \"listen\" on a verifier, or \"verifiers\" on a member".to_owned());
        }
        if let Some(key) = config.limits.zero() {
            return Err(format!("\"limits\" has {key} = 0: nobody could connect"));
        }
        let mut names = BTreeSet::new();
        let again = config.verifiers.iter().find(|one| !names.insert(&one.name));
        if let Some(Verifier { name, .. }) = again {
            return Err(format!("\"verifiers\" has {name} twice"));
        }
        let mut addresses = std::mem::take(&mut config.addresses);
        for verifier in &mut config.verifiers {
            verifier.address = addresses.remove(verifier.name.as_str());
        }
        if let Some(name) = addresses.keys().next() {
            return Err(format!("\"addresses\" has {name:?}, which is no verifier"));
        }
        Ok(config)
    }
}

/// An error of TOML with its position, in one line.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let start = error.span().unwrap_or_default().start;
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let in_line = before.rsplit('\n').next().unwrap_or_default();
    let column = in_line.chars().count().saturating_add(1);
    format!("line {line}, column {column}: {message}")
}

impl<'de> Deserialize<'de> for Verifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, port) = text
            .rsplit_once(':')
            .ok_or_else(|| de::Error::custom("a verifier is NAME:PORT"))?;
        let port = port.parse().ok().filter(|port| *port != 0);
        Ok(Self {
            name: HostName::new(name).map_err(de::Error::custom)?,
            port: port.ok_or_else(|| de::Error::custom("a port is 1 to 65535"))?,
            address: None,
        })
    }
}

impl fmt::Display for BadConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for BadConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = "ca = \"ca\"\ncertificate = \"host\"\nkey = \"key\"\n";

    fn parse(rest: &str) -> Result<Config, String> {
        Config::parse(&format!("{FILES}{rest}"))
    }

    #[test]
    fn member_names_verifiers_with_and_without_addresses() {
        let config = parse(
            "verifiers = [\"v1.example:7443\", \"v2.example:443\"]
             addresses = { \"v2.example\" = \"192.0.2.7\" }",
        );
        let verifiers = config.unwrap().verifiers;
        let verifier = |name, port, address: Option<&str>| Verifier {
            name: HostName::new(name).unwrap(),
            port,
            address: address.map(|address| address.parse().unwrap()),
        };
        assert_eq!(verifiers.first(), Some(&verifier("v1.example", 7443, None)));
        let second = verifier("v2.example", 443, Some("192.0.2.7"));
        assert_eq!(verifiers.get(1), Some(&second));
    }

    #[test]
    fn limits_that_are_not_set_keep_their_defaults() {
        let config = parse("listen = [\"[::]:7443\"]\nlimits = { handshakes = 7 }").unwrap();
        let expected = Limits {
            handshakes: 7,
            ..Limits::default()
        };
        assert_eq!(config.limits, expected);
    }

    #[test]
    fn manual_tells_each_limit_with_its_default() {
        const MANUAL: &str = include_str!("../../man/tfa-fleet.8");
        let limits = Limits::default();
        let rows = [
            format!(".It Cm connections Ta {}", limits.connections),
            format!(
                ".It Cm connections_per_host Ta {}",
                limits.connections_per_host
            ),
            format!(".It Cm handshakes Ta {}", limits.handshakes),
            format!(
                ".It Cm handshakes_per_address Ta {}",
                limits.handshakes_per_address
            ),
            format!(".It Cm handshake_seconds Ta {}", limits.handshake_seconds),
            format!(".It Cm connection_seconds Ta {}", limits.connection_seconds),
        ];
        let table: Vec<&str> = MANUAL
            .lines()
            .filter(|line| line.contains(" Ta "))
            .collect();
        // The first row is the heading.
        assert_eq!(table.get(1..), Some(&rows.each_ref().map(|row| &**row)[..]));
    }

    #[test]
    fn examples_of_the_manual_are_configurations() {
        const MANUAL: &str = include_str!("../../man/tfa-fleet.8");
        let examples = MANUAL.split("\n.Bd ").skip(1).filter_map(|block| {
            let (_, block) = block.split_once('\n')?;
            block.split("\n.Ed").next()
        });
        let configurations: Vec<_> = examples
            .filter(|example| example.starts_with("ca = "))
            .map(|example| Config::parse(example).unwrap())
            .collect();
        assert_eq!(configurations.len(), 2);
    }

    #[test]
    fn mistakes_are_errors_that_name_the_key_or_the_rule() {
        let cases = [
            ("", "add \"listen\""),
            ("listen = [\"7443\"]", "line 4, column 11: "),
            ("listen = [\"[::]:7443\"]\nverifier = []", "verifier"),
            ("verifiers = [\"v1.example\"]", "NAME:PORT"),
            ("verifiers = [\"v1.example:0\"]", "1 to 65535"),
            (
                "verifiers = [\"192.0.2.7:7443\"]",
                "an address is not a host name",
            ),
            ("verifiers = [\"*.example:7443\"]", "letters"),
            (
                "verifiers = [\"v1.example:7443\"]\naddresses = { v1 = \"192.0.2.7\" }",
                "is no verifier",
            ),
            (
                "verifiers = [\"v1.example:7443\", \"v1.example:443\"]",
                "v1.example twice",
            ),
            // After the three lines of the files.
            ("listen = [\"[::]:7443\"]\n\u{e9} = 1", "line 5, column 1: "),
        ];
        for (text, expected) in cases {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
            assert!(!error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn limit_of_zero_is_an_error_that_names_the_key() {
        for key in [
            "connections",
            "connections_per_host",
            "handshakes",
            "handshakes_per_address",
            "handshake_seconds",
            "connection_seconds",
        ] {
            let text = format!("listen = [\"[::]:7443\"]\nlimits = {{ {key} = 0 }}");
            let error = parse(&text).unwrap_err();
            assert!(error.contains(&format!("{key} = 0")), "{error}");
        }
    }
}
