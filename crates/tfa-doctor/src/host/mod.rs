//! Faults beside PAM and sshd: who may write the files, sudo, the unit, the clock, and the administrators.

mod people;
mod sudo;
mod system;

use std::collections::BTreeMap;

use crate::facts::Facts;
use crate::finding::Finding;

/// What is known of a host beside PAM and sshd. A part that is absent or empty is not examined.
#[derive(Debug, Clone, Default)]
pub struct HostFacts {
    /// The files of sudo, by their paths.
    pub sudoers: Vec<(String, String)>,
    /// The files that decide about logins.
    pub files: Vec<OwnedFile>,
    /// The properties of the daemon's unit, as systemctl(1) prints them.
    pub unit: BTreeMap<String, String>,
    /// Whether the clock is synchronised.
    pub is_clock_synchronised: Option<bool>,
    /// The version of the daemon that runs, and of the commands.
    pub versions: Option<(String, String)>,
    /// The groups that rules name and this host does not know.
    pub unknown_groups: Vec<String>,
    /// The lines of exemptions that have neither an end nor a reason.
    pub endless_exemptions: Vec<String>,
    /// The members of the groups of administrators.
    pub administrators: Vec<Administrator>,
    /// The users who have an authenticator with a weak key.
    pub users_with_weak_keys: Vec<String>,
    /// Whether the host has a recovery code that was not used.
    pub has_recovery_code: Option<bool>,
}

/// A file, or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFile {
    /// The path.
    pub path: String,
    /// The owner.
    pub uid: u32,
    /// The permission bits.
    pub mode: u32,
}

/// A member of a group of administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The login name.
    pub name: String,
    /// The number of unused backup codes; `None` for one who has not enrolled.
    pub backup_codes: Option<u32>,
}

/// The faults.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(host) = &facts.host else {
        return Vec::new();
    };
    let mut findings = system::writable(host);
    findings.extend(system::unit(host));
    findings.extend(system::clock(host));
    findings.extend(system::version(host));
    findings.extend(sudo::without_password(host, facts.policy.as_ref()));
    let requires = facts.policy.as_ref().is_some_and(|policy| policy.requires);
    findings.extend(people::groups(host));
    findings.extend(people::weak_keys(host));
    findings.extend(people::exemptions(host));
    findings.extend(people::administrators(host, requires));
    findings
}
