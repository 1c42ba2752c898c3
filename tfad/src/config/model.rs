//! The configuration as the daemon uses it.

use std::path::PathBuf;

use tfa_core::{Policy, RememberRules};
use tfa_proto::Consoles;

use super::{AuthenticatorRules, RecoveryRules};

/// The configuration of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The policy.
    pub policy: Policy,
    /// The name of this host in authenticator apps; `None` for the host name.
    pub issuer: Option<String>,
    /// How QR codes are drawn during a login.
    pub qr: QrStyle,
    /// What users may enroll.
    pub authenticator: AuthenticatorRules,
    /// What is remembered of logins.
    pub remember: RememberRules,
    /// Who may use the recovery code of this host.
    pub recovery: RecoveryRules,
    /// Where the accounts are.
    pub store: StoreKind,
    /// What this host is in a fleet; `None` without one.
    pub role: Option<FleetRole>,
    /// Files beside the drop-ins that are not read, and may have been meant as drop-ins.
    pub ignored: Vec<PathBuf>,
    /// The consoles of this machine.
    pub consoles: Consoles,
}

impl Config {
    /// Whether the daemon does the same under another configuration. Files that are not read do not count.
    #[must_use]
    pub fn acts_as(&self, other: &Self) -> bool {
        let read = |config: &Self| Self {
            ignored: Vec::new(),
            ..config.clone()
        };
        read(self) == read(other)
    }
}

/// Where the accounts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StoreKind {
    /// In a database in the state directory.
    #[default]
    Sqlite,
    /// In etcd, which tfa-fleet reaches.
    Etcd,
}

/// What a host is in a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetRole {
    /// The verifiers keep its accounts, and answer its logins.
    Member,
    /// It answers the logins of members beside its own.
    Verifier,
}

/// How QR codes are drawn during a login.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QrStyle {
    /// In half blocks, two rows of modules a line.
    #[default]
    Utf8,
    /// In ASCII characters.
    Ascii,
    /// Not at all: the key is shown as text.
    None,
}
