//! What `tfactl doctor` asks the daemon.

use zbus::wire::{DeserializeDict, SerializeDict, Type};

/// What the daemon knows of its policy and itself. Absent values are false or empty, except for
/// [`Self::requires`]: a reader must take it for true.
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
    /// A second factor is required for some logins, audit mode aside.
    pub requires: Option<bool>,
    /// A rule names methods of sshd.
    pub names_methods: Option<bool>,
    /// A rule accepts security keys only.
    pub demands_security_keys: Option<bool>,
    /// The services that the policy guards.
    pub guard: Option<Vec<String>>,
    /// The groups that rules name, by name or number.
    pub groups: Option<Vec<String>>,
    /// The groups of administrators, by name or number.
    pub administrators: Option<Vec<String>>,
}
