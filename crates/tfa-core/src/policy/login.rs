//! What is known of a login when the rules are evaluated. What could not be determined is unknown,
//! and never counts as a no.

use std::collections::{BTreeSet, HashMap};
use std::iter;
use std::net::IpAddr;

use tfa_fleet_core::HostName;

use super::{Group, RuleEffect};
use crate::SshKey;

/// A truth value that may be unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ternary {
    /// True.
    Yes,
    /// False.
    No,
    /// It could not be determined.
    Unknown,
}

impl From<bool> for Ternary {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

impl Ternary {
    /// Conjunction: one no decides, also if the other value is unknown.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Disjunction: one yes decides, also if the other value is unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

/// Membership in the groups that the policy names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(HashMap<Group, Ternary>);

impl Groups {
    /// The groups whose membership could not be determined.
    pub fn unknown(&self) -> impl Iterator<Item = &Group> {
        self.0
            .iter()
            .filter(|(_, belongs)| **belongs == Ternary::Unknown)
            .map(|(group, _)| group)
    }

    /// The memory of the groups, in bytes. A table has up to twice as many places as entries.
    fn memory(&self) -> usize {
        let place = 2 * size_of::<(Group, Ternary)>() + 2 * size_of::<usize>();
        let names = self.0.keys().map(|group| match group {
            Group::Name(name) => name.len(),
            Group::Number(_) => 0,
        });
        let names: usize = names.sum();
        names.saturating_add(place.saturating_mul(self.0.len()))
    }

    /// Whether the user is in a group. Membership in a group that was not looked up is unknown.
    #[must_use]
    pub fn hold(&self, group: &Group) -> Ternary {
        self.0.get(group).copied().unwrap_or(Ternary::Unknown)
    }
}

impl FromIterator<(Group, Ternary)> for Groups {
    fn from_iter<I: IntoIterator<Item = (Group, Ternary)>>(groups: I) -> Self {
        Self(groups.into_iter().collect())
    }
}

/// A name of a user, and the groups that the name service gives to this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The groups.
    pub groups: Groups,
}

/// The user who logs in: one uid, which may have several names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The uid.
    pub uid: u32,
    /// The canonical name: the one that the uid resolves to.
    pub canonical: Identity,
    /// The other names that are in use.
    pub aliases: Vec<Identity>,
}

impl Subject {
    /// All names, the canonical one first.
    pub fn identities(&self) -> impl Iterator<Item = &Identity> {
        iter::once(&self.canonical).chain(&self.aliases)
    }

    /// The memory of the names and their groups, in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        let of = |one: &Identity| {
            let own = size_of::<Identity>().saturating_add(one.name.len());
            own.saturating_add(one.groups.memory())
        };
        self.identities().map(of).sum()
    }

    /// The names of the groups whose membership could not be determined, sorted.
    #[must_use]
    pub fn unknown_groups(&self) -> Vec<String> {
        let unknown = self.identities().flat_map(|one| one.groups.unknown());
        let names: BTreeSet<String> = unknown.map(Group::to_string).collect();
        names.into_iter().collect()
    }
}

/// Where a login comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginOrigin {
    /// A console or a seat of this machine.
    Local,
    /// Inside a session: PAM names neither a console nor a remote host. Where the session was
    /// opened from is not known.
    Session,
    /// Unknown: PAM names neither a console nor a remote host, and the program may serve a network.
    Unknown,
    /// An address of the network.
    Address(IpAddr),
    /// The name of a host whose address is not known.
    Name(String),
}

impl LoginOrigin {
    /// Parses PAM's remote host. Without one, the login comes from a console, or from inside a
    /// session if its program is known for that. An IPv4-mapped IPv6 address is the IPv4 address.
    /// The zone of a link-local address is removed.
    #[must_use]
    pub fn new(rhost: &str, at_console: bool, inside_session: bool) -> Self {
        if rhost.is_empty() {
            return match (at_console, inside_session) {
                (true, _) => Self::Local,
                (false, true) => Self::Session,
                (false, false) => Self::Unknown,
            };
        }
        let bare = match rhost.split_once('%') {
            Some((bare, _zone)) if bare.contains(':') => bare,
            _ => rhost,
        };
        match bare.parse::<IpAddr>() {
            Ok(address) => Self::Address(address.to_canonical()),
            Err(_) => Self::Name(rhost.to_owned()),
        }
    }

    /// Whether no look-up can determine where the login comes from.
    pub(super) fn is_indeterminate(&self) -> bool {
        matches!(self, Self::Session | Self::Unknown)
    }
}

/// The SSH methods of a login. Other services have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    /// The known methods: sshd's names, `password` for all that PAM asked, and the kinds of the keys
    /// that sshd has accepted (`publickey:sk`, `publickey:cert`).
    pub passed: Vec<String>,
    /// Whether sshd has accepted a key whose kind is not known here.
    pub has_unknown_key: bool,
    /// What is known beside them of a method of sshd's own.
    pub own: OwnMethod,
}

/// What is known of a method by which sshd authenticated the user without PAM.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OwnMethod {
    /// There is none, or it is one of the known methods.
    #[default]
    Known,
    /// It is one that [`sshd_methods`](super::Policy::sshd_methods) names.
    OneOfTheHost,
    /// It may be any.
    Unknown,
}

/// The properties of a login that rules can match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub subject: Subject,
    /// The host on which the user logs in; `None` where its name is not known.
    pub host: Option<HostName>,
    /// PAM's service.
    pub service: String,
    /// Where the login comes from.
    pub origin: LoginOrigin,
    /// The SSH methods.
    pub methods: Methods,
    /// The keys that sshd has accepted in this login, in their order. Only sshd can name them.
    pub keys: Vec<SshKey>,
    /// What the policy of the host itself requires, where the rules are those of another host.
    pub host_requires: Option<RuleEffect>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_host_is_an_address_or_a_name() {
        let read = |rhost| LoginOrigin::new(rhost, false, false);
        let address = |text: &str| LoginOrigin::Address(text.parse().unwrap());
        assert_eq!(read("192.0.2.7"), address("192.0.2.7"));
        assert_eq!(read("::ffff:192.0.2.7"), address("192.0.2.7"));
        assert_eq!(read("fe80::1%eth0"), address("fe80::1"));
        let zone_on_ipv4 = "10.7.0.2%eth0";
        assert_eq!(
            read(zone_on_ipv4),
            LoginOrigin::Name(zone_on_ipv4.to_owned())
        );
        assert_eq!(read("localhost"), LoginOrigin::Name("localhost".to_owned()));
    }

    #[test]
    fn only_a_console_without_a_remote_host_is_local() {
        let remote = LoginOrigin::Address("192.0.2.7".parse().unwrap());
        for inside_session in [false, true] {
            assert_eq!(
                LoginOrigin::new("", true, inside_session),
                LoginOrigin::Local
            );
            assert_eq!(LoginOrigin::new("192.0.2.7", true, inside_session), remote);
        }
    }

    #[test]
    fn only_a_program_that_is_known_for_it_is_inside_a_session() {
        assert_eq!(LoginOrigin::new("", false, true), LoginOrigin::Session);
        assert_eq!(LoginOrigin::new("", false, false), LoginOrigin::Unknown);
    }

    #[test]
    fn what_is_unknown_is_neither_yes_nor_no() {
        use Ternary::{No, Unknown, Yes};
        assert_eq!(Unknown.and(No), No);
        assert_eq!(Unknown.and(Yes), Unknown);
        assert_eq!(Unknown.or(Yes), Yes);
        assert_eq!(Unknown.or(No), Unknown);
        let groups = Groups::default();
        assert_eq!(groups.hold(&Group::Number(4)), Unknown);
    }
}
