//! The configuration file, `/etc/tfa/tfa-fleet.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use tfa_fleet_core::HostName;

use crate::credentials::Folder;
use crate::etcd::EndpointUrl;

/// The configuration of this host.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The certificates that sign those of the hosts, in PEM.
    #[serde(default)]
    pub ca: PathBuf,
    /// The certificate of this host and those between it and a `ca`, in PEM.
    #[serde(default)]
    pub certificate: PathBuf,
    /// The private key of the certificate, in PEM.
    #[serde(default)]
    pub key: PathBuf,
    /// The configuration names none of these three: the authority of the fleet makes them, and this program renews
    /// its certificate.
    #[serde(skip)]
    pub is_managed: bool,
    /// On a verifier: where it accepts connections of hosts.
    #[serde(default)]
    pub listen: Vec<SocketAddr>,
    /// The verifiers to which this host connects.
    #[serde(default)]
    pub verifiers: Vec<Verifier>,
    /// On a verifier whose accounts are in etcd: where that is.
    pub etcd: Option<EtcdConfig>,
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

/// The etcd that has the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EtcdConfig {
    /// Its members.
    pub endpoints: Vec<EndpointUrl>,
    /// What the names of all keys begin with.
    #[serde(default = "EtcdConfig::default_prefix")]
    pub prefix: String,
    /// The certificates that sign those of the members, in PEM. Default: those of the hosts.
    pub ca: Option<PathBuf>,
    /// The certificate of this host at etcd, in PEM. Default: the one at hosts.
    pub certificate: Option<PathBuf>,
    /// The private key of the certificate, in PEM.
    pub key: Option<PathBuf>,
}

/// The longest prefix, in bytes.
const MAX_PREFIX: usize = 64;

impl EtcdConfig {
    fn default_prefix() -> String {
        "/tfa/".to_owned()
    }

    /// Whether a connection has TLS, and a file for it is not named.
    fn needs_files(&self) -> bool {
        let has_files = self.ca.is_some() && self.certificate.is_some() && self.key.is_some();
        self.endpoints.iter().any(EndpointUrl::has_tls) && !has_files
    }

    /// What is wrong with the values together.
    fn mistake(&self) -> Option<ConfigMistake> {
        let is_graphic = self.prefix.bytes().all(|byte| byte.is_ascii_graphic());
        let has_slashes = self.prefix.starts_with('/') && self.prefix.ends_with('/');
        if self.endpoints.is_empty() {
            return Some(ConfigMistake::NoEndpoint);
        }
        if !is_graphic || !has_slashes || !(2..=MAX_PREFIX).contains(&self.prefix.len()) {
            return Some(ConfigMistake::Prefix);
        }
        if self.certificate.is_some() != self.key.is_some() {
            return Some(ConfigMistake::KeyAlone);
        }
        let mut urls = Vec::new();
        self.endpoints.iter().find_map(|url| {
            let is_again = urls.contains(&url);
            urls.push(url);
            is_again.then(|| ConfigMistake::EndpointTwice(Box::new(url.clone())))
        })
    }
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

/// The longest time of a connection that can be set, in seconds. Verifiers answer calls with the former key of a host for
/// so long after the first use of the next one.
const MAX_CONNECTION_SECONDS: u64 = 3600;

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
pub struct BadConfig {
    file: PathBuf,
    /// What is wrong in it.
    pub(crate) mistake: ConfigMistake,
}

/// What is wrong in a configuration.
#[derive(Debug)]
pub enum ConfigMistake {
    /// The file cannot be read.
    Read(io::Error),
    /// It is not TOML, or a key or value is wrong. The line, the column, and the text of the parser.
    Syntax(usize, usize, String),
    /// It names some of the files, and not all three.
    SomeFiles,
    /// It makes the host neither a verifier nor a member.
    NoPeer,
    /// A limit is 0.
    Zero(&'static str),
    /// `connection_seconds` is more than an hour.
    LongConnection,
    /// A verifier is named twice.
    VerifierTwice(HostName),
    /// An address is that of no verifier.
    NoVerifier(String),
    /// etcd has no endpoint.
    NoEndpoint,
    /// An endpoint is named twice.
    EndpointTwice(Box<EndpointUrl>),
    /// The prefix of the keys in etcd has another form.
    Prefix,
    /// Of the certificate for etcd and its key, one is missing.
    KeyAlone,
    /// The certificates of the fleet would be used at etcd.
    FleetAtEtcd,
}

impl Config {
    /// Reads a file. Where it names no certificate, this host has those in the folder.
    ///
    /// # Errors
    /// [`BadConfig`].
    pub fn read(path: &Path, folder: &Folder) -> Result<Self, BadConfig> {
        let read = std::fs::read_to_string(path).map_err(ConfigMistake::Read);
        let config = read.and_then(|text| Self::parse(&text, folder));
        config.map_err(|mistake| BadConfig {
            file: path.to_owned(),
            mistake,
        })
    }

    fn parse(text: &str, folder: &Folder) -> Result<Self, ConfigMistake> {
        let mut config: Self = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        let files = [&mut config.ca, &mut config.certificate, &mut config.key];
        match files
            .iter()
            .filter(|path| path.as_os_str().is_empty())
            .count()
        {
            0 => {}
            3 => {
                config.is_managed = true;
                config.ca = folder.ca();
                config.certificate = folder.host();
                config.key = folder.host();
            }
            _ => return Err(ConfigMistake::SomeFiles),
        }
        if config.listen.is_empty() && config.verifiers.is_empty() && config.etcd.is_none() {
            return Err(ConfigMistake::NoPeer);
        }
        if let Some(key) = config.limits.zero() {
            return Err(ConfigMistake::Zero(key));
        }
        if config.limits.connection_seconds > MAX_CONNECTION_SECONDS {
            return Err(ConfigMistake::LongConnection);
        }
        if let Some(mistake) = config.etcd.as_ref().and_then(EtcdConfig::mistake) {
            return Err(mistake);
        }
        if config.is_managed && config.etcd.as_ref().is_some_and(EtcdConfig::needs_files) {
            return Err(ConfigMistake::FleetAtEtcd);
        }
        let mut names = BTreeSet::new();
        let again = config.verifiers.iter().find(|one| !names.insert(&one.name));
        if let Some(Verifier { name, .. }) = again {
            return Err(ConfigMistake::VerifierTwice(name.clone()));
        }
        let mut addresses = std::mem::take(&mut config.addresses);
        for verifier in &mut config.verifiers {
            verifier.address = addresses.remove(verifier.name.as_str());
        }
        if let Some((name, _)) = addresses.pop_first() {
            return Err(ConfigMistake::NoVerifier(name));
        }
        Ok(config)
    }
}

/// An error of TOML with its position.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigMistake {
    let start = error.span().unwrap_or_default().start;
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let in_line = before.rsplit('\n').next().unwrap_or_default();
    let column = in_line.chars().count().saturating_add(1);
    ConfigMistake::Syntax(line, column, error.message().to_owned())
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
        write!(formatter, "{}: {}", self.file.display(), self.mistake)
    }
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => error.fmt(formatter),
            Self::Syntax(line, column, why) => {
                write!(formatter, "line {line}, column {column}: {why}")
            }
            Self::SomeFiles => formatter.write_str(
                "add all of \"ca\", \"certificate\" and \"key\", or none of them if tfactl fleet init or \
                 tfactl join has made them",
            ),
            Self::NoPeer => formatter.write_str(
                "add \"listen\" or \"[etcd]\" on a verifier, or \"verifiers\" on a member",
            ),
            Self::LongConnection => write!(
                formatter,
                "\"limits\" has connection_seconds above {MAX_CONNECTION_SECONDS}: a host that renews its \
                 certificate is refused that long after it on connections from before"
            ),
            Self::Zero(key) => write!(formatter, "\"limits\" has {key} = 0: nobody could connect"),
            Self::VerifierTwice(name) => write!(formatter, "\"verifiers\" has {name} twice"),
            Self::NoVerifier(name) => {
                write!(
                    formatter,
                    "\"addresses\" has {name:?}, which is no verifier"
                )
            }
            Self::NoEndpoint => {
                formatter.write_str("\"[etcd]\" has no endpoint: add \"https://NAME:2379\"")
            }
            Self::EndpointTwice(url) => write!(formatter, "\"endpoints\" has {url} twice"),
            Self::Prefix => write!(
                formatter,
                "the prefix of the keys in etcd is \"/NAME/\", of at most {MAX_PREFIX} characters \
                 of ASCII without blanks"
            ),
            Self::KeyAlone => formatter
                .write_str("\"[etcd]\" has one of \"certificate\" and \"key\": add the other one"),
            Self::FleetAtEtcd => formatter.write_str(
                "add \"ca\", \"certificate\" and \"key\" to \"[etcd]\": with certificates of the fleet, each \
                 member of it could change the accounts in etcd",
            ),
        }
    }
}

impl std::error::Error for BadConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &str = "ca = \"ca\"\ncertificate = \"host\"\nkey = \"key\"\n";

    fn parse(rest: &str) -> Result<Config, String> {
        Config::parse(&format!("{FILES}{rest}"), &folder()).map_err(|mistake| mistake.to_string())
    }

    fn folder() -> Folder {
        Folder::new(PathBuf::from("/state"))
    }

    #[test]
    fn host_without_files_has_those_of_its_folder() {
        let config = Config::parse("listen = [\"[::]:7443\"]", &folder()).unwrap();
        assert!(config.is_managed);
        assert_eq!(config.ca, folder().ca());
        assert_eq!(
            (&config.certificate, &config.key),
            (&folder().host(), &folder().host())
        );
        assert!(!parse("listen = [\"[::]:7443\"]").unwrap().is_managed);
        let some = Config::parse("ca = 'ca'\nlisten = [\"[::]:7443\"]", &folder());
        let error = some.map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("add all of"), "{error}");
    }

    #[test]
    fn certificates_of_the_fleet_are_not_used_at_etcd() {
        let with = |etcd: &str| {
            let text = format!("listen = ['[::]:7443']\n[etcd]\nendpoints = [{etcd}");
            let parsed = Config::parse(&text, &folder()).map(|_| ());
            parsed.map_err(|mistake| mistake.to_string())
        };
        let error = with("'https://a:1']\nca = 'ca'").unwrap_err();
        assert!(error.contains("each member of it could"), "{error}");
        with("'https://a:1']\nca = 'ca'\ncertificate = 'c'\nkey = 'k'").unwrap();
        with("'http://127.0.0.1:1']").unwrap();
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
            .map(|example| Config::parse(example, &folder()).unwrap())
            .collect();
        assert_eq!(configurations.len(), 3);
        let etcd = configurations.into_iter().find_map(|config| config.etcd);
        assert_eq!(etcd.unwrap().prefix, EtcdConfig::default_prefix());
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
            ("[etcd]\nendpoints = []", "no endpoint"),
            (
                "[etcd]\nendpoints = ['http://192.0.2.7:2379']",
                "without TLS",
            ),
            (
                "[etcd]\nendpoints = ['https://a:1', 'https://a:1']",
                "https://a:1 twice",
            ),
            (
                "[etcd]\nendpoints = ['https://a:1']\nprefix = 'tfa'",
                "the prefix",
            ),
            (
                "[etcd]\nendpoints = ['https://a:1']\nkey = 'k'",
                "add the other one",
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

    #[test]
    fn connection_that_outlives_the_former_key_of_its_host_is_an_error() {
        let limits = |seconds| {
            let text =
                format!("listen = [\"[::]:7443\"]\nlimits = {{ connection_seconds = {seconds} }}");
            parse(&text)
        };
        assert!(limits(3600).is_ok());
        let error = limits(3601).unwrap_err();
        assert!(error.contains("connection_seconds above 3600"), "{error}");
    }
}
