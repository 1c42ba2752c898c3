//! What is known of a host in a fleet.

use crate::host::OwnedFile;

/// What a host is in a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetRole {
    /// Verifiers answer its logins.
    Member,
    /// It answers the logins of members.
    Verifier,
}

/// What is known of a host that has a role in a fleet, had one, or has its accounts in etcd.
#[derive(Debug, Clone, Default)]
pub struct FleetFacts {
    /// What the configuration of the daemon on disk says; `None` if it has an error.
    pub on_disk: Option<FleetSettings>,
    /// The role that the daemon has since its start; `None` if it does not tell.
    pub in_force: Option<Option<FleetRole>>,
    /// The files in the state directory that show what the host was.
    pub marks: Marks,
    /// `/usr/sbin/tfa-fleet` is there.
    pub is_installed: bool,
    /// The unit of tfa-fleet; `None` without systemd.
    pub unit: Option<FleetUnit>,
    /// What tfa-fleet would start with; `None` if it does not tell.
    pub files: Option<FleetFiles>,
    /// What tfa-fleet that runs is connected to; `None` if it does not tell.
    pub connections: Option<Connections>,
    /// Whether the daemon has the socket for the calls of members; `None` where it does not run.
    pub has_member_socket: Option<bool>,
    /// How many verifiers are in the fleet, by the documents of a verifier, which the daemon has read for this; `None`
    /// if they are not known.
    pub verifiers: Option<usize>,
}

/// What the configuration of the daemon says of the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FleetSettings {
    /// The role.
    pub role: Option<FleetRole>,
    /// The accounts are in etcd.
    pub is_in_etcd: bool,
}

/// The files in the state directory that show what the host was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// `fleet.member`: verifiers have the accounts.
    pub member: bool,
    /// `etcd.id`: etcd has the accounts.
    pub etcd: bool,
    /// `etcd.next`, `sqlite.next` or `sqlite.here`: the accounts are being moved to the other store, or were.
    pub is_moving: bool,
    /// `accounts.db`, the database of a host alone, was changed after the host became a member.
    pub new_accounts: bool,
}

/// The unit of tfa-fleet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FleetUnit {
    /// It runs.
    pub is_active: bool,
    /// The boot starts it.
    pub is_enabled: bool,
    /// It is masked.
    pub is_masked: bool,
}

/// What tfa-fleet would start with.
#[derive(Debug, Clone, Default)]
pub struct FleetFiles {
    /// Why it could not start.
    pub faults: Vec<FleetFault>,
    /// The name of the host in its certificate.
    pub host: Option<String>,
    /// The files with certificates of the host, and when these end, in seconds since 1970.
    pub ends: Vec<(String, u64)>,
    /// The authority of the fleet makes the certificates, and tfa-fleet renews them.
    pub is_managed: bool,
    /// It accepts connections of hosts.
    pub listens: bool,
    /// It names verifiers.
    pub has_verifiers: bool,
    /// The verifiers that it names, each as `NAME:PORT`.
    pub verifiers: Vec<String>,
    /// The verifiers of the fleet by the list that one of them has told last, each as `NAME:PORT`. Empty if none is
    /// known.
    pub told_verifiers: Vec<String>,
    /// The URLs of etcd, and whether each has TLS.
    pub etcd: Vec<(String, bool)>,
    /// The files that it trusts, with the folders above them.
    pub owned: Vec<OwnedFile>,
    /// The uid of its user.
    pub uid: u32,
    /// The time at which this was known, in seconds since 1970.
    pub now: u64,
}

/// Why tfa-fleet could not start. Each has the file and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetFault {
    /// The configuration has an error.
    Configuration(String, String),
    /// A certificate or a key cannot be used.
    File(String, String),
    /// The certificate of the host has ended.
    Ended(String, String),
    /// The certificate of the host is not valid yet.
    NotYetValid(String, String),
}

/// What tfa-fleet is connected to.
#[derive(Debug, Clone, Default)]
pub struct Connections {
    /// The verifiers of its configuration.
    pub verifiers: Vec<VerifierLink>,
    /// The members of etcd of its configuration.
    pub etcd: Vec<EtcdLink>,
    /// The last change was refused because etcd has no space left.
    pub is_etcd_full: bool,
}

/// A verifier, as a member sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifierLink {
    /// The name.
    pub name: String,
    /// It is connected.
    pub is_connected: bool,
    /// How far its clock is ahead, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
    /// Why it is not connected.
    pub error: Option<String>,
    /// Why it refuses this host.
    pub refusal: Option<String>,
}

/// A member of etcd, as a verifier sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EtcdLink {
    /// The URL.
    pub url: String,
    /// It is connected, and its cluster has a leader.
    pub is_connected: bool,
    /// Why it is not connected.
    pub error: Option<String>,
}

impl FleetFacts {
    /// What the host is, by the daemon, else by its configuration, else by the marks.
    pub(super) fn role(&self) -> Option<FleetRole> {
        let on_disk = || self.on_disk.and_then(|settings| settings.role);
        let by_mark = || self.marks.member.then_some(FleetRole::Member);
        self.in_force.flatten().or_else(on_disk).or_else(by_mark)
    }

    /// Whether the accounts are in etcd.
    pub(super) fn is_in_etcd(&self) -> bool {
        match self.on_disk {
            Some(settings) => settings.is_in_etcd,
            None => self.marks.etcd,
        }
    }
}
