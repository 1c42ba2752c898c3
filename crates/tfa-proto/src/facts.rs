//! What `tfactl doctor` asks the daemon.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// The time of what never happens.
pub const NEVER: u64 = u64::MAX;

/// What the daemon knows of its policy and itself. Absent values are false or empty, except for
/// [`Self::requires`], which a reader must take for true, and for times, which are then in the past.
#[derive(Debug, Clone, Default, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "a{sv}")]
pub struct DaemonFacts {
    /// The version of the daemon.
    pub version: Option<String>,
    /// Two-factor login is off for the whole host.
    pub off: Option<bool>,
    /// Why the records cannot be opened, if the sealing key is missing or wrong.
    pub key_lost: Option<String>,
    /// The errors of the configuration on disk, which a reload would refuse, and a start of the daemon.
    pub config_error: Option<String>,
    /// The configuration on disk is not the one in force.
    pub config_changed: Option<bool>,
    /// The policy has terms that require a second factor, audit mode aside.
    pub requires: Option<bool>,
    /// The earliest time at which one is required of a user who has enrolled, in seconds since the epoch, audit mode
    /// aside; [`NEVER`] if no login can meet such terms.
    pub required_from: Option<u64>,
    /// As before, for a user who has never logged in: after the grace period.
    pub required_of_new_users_from: Option<u64>,
    /// A rule in force names methods of sshd.
    pub names_methods: Option<bool>,
    /// A rule in force accepts security keys only.
    pub demands_security_keys: Option<bool>,
    /// The services that the policy guards.
    pub guard: Option<Vec<String>>,
    /// The groups that rules in force name, by name or number.
    pub groups: Option<Vec<String>>,
    /// The groups of administrators, by name or number.
    pub administrators: Option<Vec<String>>,
    /// What the host is in a fleet, by the configuration that is in force since the start: "member" or "verifier".
    pub fleet_role: Option<String>,
}
