//! What is known of a login when the rules are held against it. What could not be found out is
//! said to be unknown, and never taken for a no.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Group;

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// It could not be found out.
    Unknown,
}

impl From<bool> for Belongs {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

impl Belongs {
    /// Both: a plain no decides, whatever is unknown of the rest.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// Either: a plain yes decides.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }
}

/// To which of the groups that the policy names a person belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Groups(HashMap<Group, Belongs>);

impl Groups {
    /// Those of which it could not be found out.
    pub fn unknown(&self) -> impl Iterator<Item = &Group> {
        self.0
            .iter()
            .filter(|(_, belongs)| **belongs == Belongs::Unknown)
            .map(|(group, _)| group)
    }

    /// Whether the person is in that group. One that was never asked about is unknown.
    #[must_use]
    pub fn hold(&self, group: &Group) -> Belongs {
        self.0.get(group).copied().unwrap_or(Belongs::Unknown)
    }
}

impl FromIterator<(Group, Belongs)> for Groups {
    fn from_iter<I: IntoIterator<Item = (Group, Belongs)>>(groups: I) -> Self {
        Self(groups.into_iter().collect())
    }
}

/// Somebody who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The canonical name.
    pub name: String,
    /// The uid.
    pub uid: u32,
    /// The groups.
    pub groups: Groups,
}

/// Where a login comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origins {
    /// This machine: PAM names no remote host.
    Local,
    /// An address of the network.
    Address(IpAddr),
    /// A host by a name, whose address is not known.
    Name(String),
}

impl Origins {
    /// Reads PAM's remote host. An IPv4 address inside IPv6 is the IPv4 address; the zone of a
    /// link-local address is left out.
    #[must_use]
    pub fn from_rhost(rhost: &str) -> Self {
        if rhost.is_empty() {
            return Self::Local;
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
}

/// By which of ssh's methods somebody came in; no other service has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods {
    /// Those that are known: sshd's names, and `password` for whatever PAM asked.
    pub passed: Vec<String>,
    /// And one of sshd's own, nobody knows which.
    pub one_of_sshds_own: bool,
}

/// A login, as far as the rules are concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who.
    pub person: Person,
    /// PAM's service.
    pub service: String,
    /// From where.
    pub origin: Origins,
    /// By which methods of ssh.
    pub methods: Methods,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_host_is_an_address_or_a_name_and_none_is_this_machine() {
        let read = Origins::from_rhost;
        let address = |text: &str| Origins::Address(text.parse().unwrap());
        assert_eq!(read(""), Origins::Local);
        assert_eq!(read("192.0.2.7"), address("192.0.2.7"));
        assert_eq!(read("::ffff:192.0.2.7"), address("192.0.2.7"));
        assert_eq!(read("fe80::1%eth0"), address("fe80::1"));
        let zone_on_ipv4 = "10.7.0.2%eth0";
        assert_eq!(read(zone_on_ipv4), Origins::Name(zone_on_ipv4.to_owned()));
        assert_eq!(read("localhost"), Origins::Name("localhost".to_owned()));
    }

    #[test]
    fn what_is_unknown_is_neither_yes_nor_no() {
        use Belongs::{No, Unknown, Yes};
        assert_eq!(Unknown.and(No), No);
        assert_eq!(Unknown.and(Yes), Unknown);
        assert_eq!(Unknown.or(Yes), Yes);
        assert_eq!(Unknown.or(No), Unknown);
        let groups = Groups::default();
        assert_eq!(groups.hold(&Group::Number(4)), Unknown);
    }
}
