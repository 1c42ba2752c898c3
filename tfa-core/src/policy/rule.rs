//! A rule: for which logins its terms hold.

use std::fmt;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use super::{Belongs, Login, Origins, Person, Terms};

/// A group as a rule names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Group {
    /// By its name.
    Name(String),
    /// By its number.
    Number(u32),
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Number(gid) => write!(formatter, "{gid}"),
        }
    }
}

/// A place that logins come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// This machine.
    Local,
    /// A network, or one address.
    Network(IpNet),
}

/// A rule. An empty list matches everything; of one that is not, one entry must match, and every
/// list must.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Canonical user names.
    pub users: Vec<String>,
    /// Groups, the primary one included.
    pub groups: Vec<Group>,
    /// Numbers of users.
    pub uids: Vec<RangeInclusive<u32>>,
    /// PAM's services.
    pub services: Vec<String>,
    /// Where the login comes from.
    pub origins: Vec<Place>,
    /// ssh's methods.
    pub methods: Vec<String>,
    /// What then holds.
    pub terms: Terms,
}

impl Rule {
    /// Whether the terms hold for a login.
    pub(super) fn fits(&self, login: &Login, sshd_methods: &[String]) -> Belongs {
        self.fits_person(&login.person)
            .and(any(&self.services, |service| {
                (*service == login.service).into()
            }))
            .and(any(&self.origins, |place| place.holds(&login.origin)))
            .and(self.fits_methods(login, sshd_methods))
    }

    /// Whether the terms may hold for a person, as far as that goes by who it is.
    pub(super) fn fits_person(&self, person: &Person) -> Belongs {
        any(&self.users, |name| (*name == person.name).into())
            .and(any(&self.uids, |uids| uids.contains(&person.uid).into()))
            .and(any(&self.groups, |group| person.groups.hold(group)))
    }

    /// Whether nothing but the person counts.
    pub(super) fn is_about_people_alone(&self) -> bool {
        self.services.is_empty() && self.origins.is_empty() && self.methods.is_empty()
    }

    fn fits_methods(&self, login: &Login, sshd_methods: &[String]) -> Belongs {
        if self.methods.is_empty() {
            return Belongs::Yes;
        }
        let named = |method: &String| self.methods.contains(method);
        let known = Belongs::from(login.methods.passed.iter().any(named));
        if !login.methods.one_of_sshds_own {
            return known;
        }
        let some_are = sshd_methods.iter().any(named);
        let some_are_not = sshd_methods.iter().any(|method| !named(method));
        let own = match (some_are, some_are_not) {
            (true, false) => Belongs::Yes,
            (false, true) => Belongs::No,
            // One of several, or none that was told.
            _ => Belongs::Unknown,
        };
        known.or(own)
    }
}

impl Place {
    fn holds(&self, origin: &Origins) -> Belongs {
        match (self, origin) {
            (Self::Local, Origins::Local) => Belongs::Yes,
            (Self::Network(network), Origins::Address(address)) => network.contains(address).into(),
            (Self::Network(_), Origins::Name(_)) => Belongs::Unknown,
            (Self::Local, _) | (Self::Network(_), Origins::Local) => Belongs::No,
        }
    }
}

fn any<T>(list: &[T], fits: impl Fn(&T) -> Belongs) -> Belongs {
    if list.is_empty() {
        return Belongs::Yes;
    }
    list.iter().map(fits).fold(Belongs::No, Belongs::or)
}
