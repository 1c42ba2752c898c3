//! Faults beside PAM and sshd: who may write the files, sudo, the unit, the clock, and the administrators.

mod accounts;
mod bus;
mod bus_policy;
mod disk;
mod group_cache;
mod module;
mod people;
mod policy_warnings;
mod polkit;
mod selinux;
mod socket;
mod state;
mod sudo;
mod system;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use tfa_pam_host::ModuleFile;

use crate::facts::Facts;
use crate::finding::Finding;
use crate::fleet::FleetFacts;

pub use accounts::AccountFacts;
pub use bus::BusFacts;
pub use disk::BlockDevice;
pub use group_cache::{GroupCacheFacts, NSCD_FILE};
pub use polkit::{PolkitFacts, polkit_questions};
pub use socket::SocketFacts;
pub use state::{Process, Room, StateFacts};
pub use sudo::{sudo_programs, sudo_services};
pub use ways::{DOAS_FILE, OtherWays};

/// The state directory.
pub const STATE_DIR: &str = "/var/lib/tfa";

/// What is known of a host beside PAM and sshd. A part that is absent or empty is not examined.
#[derive(Debug, Clone, Default)]
pub struct HostFacts {
    /// The files of sudo, by their paths, to find the line of a rule.
    pub sudoers: Vec<(String, String)>,
    /// polkit; `None` where it is not installed.
    pub polkit: Option<PolkitFacts>,
    /// Ways in beside PAM.
    pub other_ways: OtherWays,
    /// What was not examined, and why.
    pub not_examined: Vec<String>,
    /// The name of the host.
    pub name: Option<String>,
    /// The rules of sudo in the JSON of cvtsudoers(1), or why they are not known.
    pub sudo_rules: Option<Result<String, String>>,
    /// The files that decide about logins.
    pub files: Vec<OwnedFile>,
    /// The files with secrets, and their folder. Only root may read them.
    pub secret_files: Vec<OwnedFile>,
    /// The properties of the daemon's unit, as systemctl(1) prints them.
    pub unit: BTreeMap<String, String>,
    /// Why systemd cannot start the daemon, if it could not.
    pub not_startable: Option<NotStartable>,
    /// The version of the commands.
    pub installed_version: Option<String>,
    /// The files of the PAM module, in the order in which libpam looks for one.
    pub modules: Vec<ModuleFile>,
    /// Those that a line of PAM names by their paths.
    pub named_modules: Vec<ModuleFile>,
    /// The state directory.
    pub state: Option<StateFacts>,
    /// The system bus.
    pub bus: Option<BusFacts>,
    /// The login socket.
    pub socket: Option<SocketFacts>,
    /// The caches of groups.
    pub group_cache: Option<GroupCacheFacts>,
    /// What the log has about denials of SELinux since the boot, if SELinux is enforcing.
    pub selinux_log: Option<String>,
    /// The clock.
    pub clock: Clock,
    /// The version of the daemon that runs, and of the commands.
    pub versions: Option<(String, String)>,
    /// The users whom only a module that was used before asks for a code: they have its file, and have not enrolled.
    pub only_old_module: Option<BTreeSet<String>>,
    /// Whether these are all: each user is listed, and the home of each was looked at.
    pub old_module_is_whole: bool,
    /// The same for pam_oath: the users in its files who have not enrolled.
    pub only_oath: Option<BTreeSet<String>>,
    /// The groups that rules name and this host does not know.
    pub unknown_groups: Vec<String>,
    /// The lines of exemptions that have neither an end nor a reason.
    pub endless_exemptions: Vec<String>,
    /// The lines of exemptions without an end and with a reason, if over SSH the policy requires a second factor of
    /// no user with a login shell, now or later.
    pub exemptions_of_all: Vec<String>,
    /// The members of the groups of administrators; `None` if they are not all known.
    pub administrators: Option<Vec<Administrator>>,
    /// Why the records of users cannot be opened, if the sealing key is missing or wrong.
    pub key_lost: Option<String>,
    /// The warnings of the check of the policy.
    pub policy_warnings: Vec<String>,
    /// The errors that it found, as far as it lists them.
    pub policy_errors: Vec<PolicyError>,
    /// The accounts of users.
    pub accounts: AccountFacts,
    /// The users who have an authenticator with a weak key.
    pub users_with_weak_keys: Vec<String>,
    /// Whether the host has a recovery code that was not used.
    pub has_recovery_code: Option<bool>,
    /// Its place in a fleet; `None` without one.
    pub fleet: Option<FleetFacts>,
}

/// An error in the configuration of the daemon on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyError {
    /// The file.
    pub file: String,
    /// The line, from 1; `None` if it is about the file as a whole.
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    pub column: Option<u32>,
    /// What is wrong.
    pub text: String,
}

/// Why systemd cannot start the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStartable {
    /// The unit is masked.
    Masked,
    /// This condition of the unit does not hold.
    Condition(String),
    /// The unit starts another program, at this path.
    OtherProgram(String),
}

/// What keeps the clock of a host right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// It is synchronised.
    Synchronised,
    /// It is not.
    Free,
    /// In a container: the host of it.
    OfItsHost,
    /// Not known.
    #[default]
    Unknown,
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
    /// What leads to it.
    pub reached: Reached,
}

/// What leads to a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reached {
    /// Its place is fixed.
    #[default]
    Place,
    /// The symbolic link at this path, which stands in a place that is fixed.
    Link(String),
    /// Another file, such as that of PAM or sshd, names this path: that of the file, or of one below it.
    Name(String),
}

/// A member of a group of administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The login name.
    pub name: String,
    /// The number of unused backup codes; `None` for one who has not enrolled.
    pub backup_codes: Option<u32>,
}

/// Whether the files of the bus tell why root cannot call the daemon.
pub(crate) fn explains_denial(facts: &Facts) -> bool {
    let bus = facts.host.as_ref().and_then(|host| host.bus.as_ref());
    bus.is_some_and(|bus| bus::closed(&bus_policy::rules(&bus.files)).is_some())
}

/// The faults.
pub(crate) fn examine(facts: &Facts) -> Vec<Finding> {
    let Some(host) = &facts.host else {
        return Vec::new();
    };
    let mut findings = system::writable(host);
    findings.extend(system::readable(host));
    findings.extend(system::unit(host));
    findings.extend(state::key_lost(host));
    findings.extend(state::examine(host));
    findings.extend(bus::examine(host));
    findings.extend(socket::examine(host));
    findings.extend(module::examine(host));
    findings.extend(group_cache::examine(host));
    findings.extend(selinux::denials(host));
    findings.extend(system::clock(host));
    findings.extend(system::version(host));
    findings.extend(system::not_examined(host));
    findings.extend(polkit::examine(host));
    findings.extend(ways::examine(host));
    findings.extend(sudo::examine(host, facts.policy.as_ref()));
    let requires = facts.policy.as_ref().is_some_and(|policy| policy.requires);
    findings.extend(accounts::examine(&host.accounts, host.key_lost.is_some()));
    findings.extend(people::groups(host));
    findings.extend(policy_warnings::examine(host));
    findings.extend(people::weak_keys(host));
    findings.extend(people::exemptions(host, facts.policy.as_ref()));
    findings.extend(people::administrators(host, requires));
    findings
}
