//! A rule, and the logins that it matches.

use std::fmt;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use tfa_fleet_core::HostName;

use super::{HostPattern, Identity, Login, LoginOrigin, OwnMethod, RuleEffect, Ternary};

/// The method that rules name for anything that PAM asked. It is none of sshd's own.
const PASSWORD: &str = "password";

/// Between a method and the kind of its key, as in `publickey:sk`.
const KIND: char = ':';

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

/// An origin that a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginMatcher {
    /// A console or a seat of this machine.
    Local,
    /// Inside a session: a program that is known for that, without a console and a remote host.
    Session,
    /// A network, or one address.
    Network(IpNet),
}

/// A rule. An empty list matches everything. Of every other list, one entry must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// User names: the name of the login, or the canonical one.
    pub users: Vec<String>,
    /// Groups, the primary one included.
    pub groups: Vec<Group>,
    /// Uids.
    pub uids: Vec<RangeInclusive<u32>>,
    /// Hosts on which the user logs in.
    pub hosts: Vec<HostPattern>,
    /// PAM's services.
    pub services: Vec<String>,
    /// Where the login comes from.
    pub origins: Vec<OriginMatcher>,
    /// SSH methods, and kinds of keys.
    pub methods: Vec<String>,
    /// What the rule requires.
    pub effect: RuleEffect,
}

/// Whether a rule matches a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It matches.
    Yes,
    /// It does not match.
    No,
    /// It could not be determined.
    Unknown,
    /// Everything but the origin matches, and the login comes from inside a session or from an
    /// unknown place, which may be the one that the rule names.
    InSession,
}

impl Rule {
    /// Whether the rule matches a login under one of the user's names.
    pub(super) fn fits(&self, who: &Identity, login: &Login, sshd_methods: &[String]) -> Fit {
        let but_origin = self
            .fits_name(who)
            .and(self.fits_program(login, sshd_methods));
        let origin = any(&self.origins, |place| place.matches(&login.origin));
        match (but_origin, but_origin.and(origin)) {
            (_, Ternary::No) => Fit::No,
            (_, Ternary::Yes) => Fit::Yes,
            (Ternary::Yes, Ternary::Unknown) if login.origin.is_indeterminate() => Fit::InSession,
            (_, Ternary::Unknown) => Fit::Unknown,
        }
    }

    /// Whether the conditions on the user match, under one name.
    pub(super) fn fits_subject(&self, who: &Identity, uid: u32) -> Ternary {
        self.fits_name(who).and(self.fits_uid(uid))
    }

    /// Whether the conditions other than names and groups match.
    pub(super) fn fits_but_name(&self, login: &Login, sshd_methods: &[String]) -> Ternary {
        let origin = any(&self.origins, |place| place.matches(&login.origin));
        self.fits_program(login, sshd_methods).and(origin)
    }

    /// Whether the rule has conditions on names or groups.
    pub(super) fn is_about_names(&self) -> bool {
        !self.users.is_empty() || !self.groups.is_empty()
    }

    fn fits_name(&self, who: &Identity) -> Ternary {
        any(&self.users, |name| (*name == who.name).into())
            .and(any(&self.groups, |group| who.groups.hold(group)))
    }

    fn fits_uid(&self, uid: u32) -> Ternary {
        any(&self.uids, |uids| uids.contains(&uid).into())
    }

    /// Whether uid, host, service and method match.
    fn fits_program(&self, login: &Login, sshd_methods: &[String]) -> Ternary {
        self.fits_service(login)
            .and(self.fits_methods(login, sshd_methods))
    }

    /// Whether uid, host and service match.
    fn fits_service(&self, login: &Login) -> Ternary {
        let service = |service: &String| (*service == login.service).into();
        self.fits_uid(login.subject.uid)
            .and(self.fits_host(login))
            .and(any(&self.services, service))
    }

    fn fits_host(&self, login: &Login) -> Ternary {
        any(&self.hosts, |pattern| match &login.host {
            Some(host) => pattern.matches(host).into(),
            None => Ternary::Unknown,
        })
    }

    /// Whether uid, names, groups and host match.
    pub(super) fn fits_user_on(
        &self,
        who: &Identity,
        uid: u32,
        host: Option<&HostName>,
    ) -> Ternary {
        let on_host = any(&self.hosts, |pattern| match host {
            Some(host) => pattern.matches(host).into(),
            None => Ternary::Unknown,
        });
        self.fits_name(who).and(self.fits_uid(uid)).and(on_host)
    }

    /// Whether the rule has conditions on the login, beside those on user and host.
    pub(super) fn is_about_logins(&self) -> bool {
        !(self.services.is_empty() && self.origins.is_empty() && self.methods.is_empty())
    }

    /// Whether the rule has conditions on the user only.
    pub(super) fn is_about_users_alone(&self) -> bool {
        // A new condition does not compile until it is named here.
        let Self {
            users: _,
            groups: _,
            uids: _,
            hosts,
            services,
            origins,
            methods,
            effect: _,
        } = self;
        hosts.is_empty() && services.is_empty() && origins.is_empty() && methods.is_empty()
    }

    /// Whether the rule names a method.
    #[must_use]
    pub fn names_method(&self) -> bool {
        !self.methods.is_empty()
    }

    /// Whether the rule names a method of sshd's own.
    pub(super) fn names_own_method(&self) -> bool {
        self.methods.iter().any(|method| method != PASSWORD)
    }

    /// Whether the rule may match, and the method of the login is needed to determine that.
    pub(super) fn depends_on_method(&self, who: &Identity, login: &Login) -> bool {
        self.may_fit_but_method(who, login) && self.fits_methods(login, &[]) == Ternary::Unknown
    }

    /// Whether the conditions other than methods may match.
    pub(super) fn may_fit_but_method(&self, who: &Identity, login: &Login) -> bool {
        let origin = any(&self.origins, |place| place.matches(&login.origin));
        let but_method = self
            .fits_name(who)
            .and(self.fits_service(login))
            .and(origin);
        but_method != Ternary::No
    }

    fn fits_methods(&self, login: &Login, sshd_methods: &[String]) -> Ternary {
        if self.methods.is_empty() {
            return Ternary::Yes;
        }
        let named = |method: &String| self.methods.contains(method);
        let known = Ternary::from(login.methods.passed.iter().any(named));
        let names_kind = self.methods.iter().any(|method| method.contains(KIND));
        let of_key = match login.methods.has_unknown_key && names_kind {
            true => Ternary::Unknown,
            false => Ternary::No,
        };
        let own = match login.methods.own {
            OwnMethod::Known => Ternary::No,
            OwnMethod::OneOfTheHost => {
                let names = |is: Ternary| {
                    let mut all = sshd_methods.iter();
                    all.all(|method| self.names_of_own_method(method) == is)
                };
                match (names(Ternary::Yes), names(Ternary::No)) {
                    (true, false) => Ternary::Yes,
                    (false, true) => Ternary::No,
                    // One of several, a key of which the kind was not told, or none that was told.
                    _ => Ternary::Unknown,
                }
            }
            OwnMethod::Unknown if self.names_own_method() => Ternary::Unknown,
            OwnMethod::Unknown => Ternary::No,
        };
        known.or(of_key).or(own)
    }

    /// Whether the rule names a method of sshd's own, of which no more than the name is known.
    fn names_of_own_method(&self, method: &str) -> Ternary {
        let is_kind = |named: &String| {
            let kind = named.strip_prefix(method);
            kind.is_some_and(|kind| kind.starts_with(KIND))
        };
        if self.methods.iter().any(|named| named == method) {
            Ternary::Yes
        } else if self.methods.iter().any(is_kind) {
            Ternary::Unknown
        } else {
            Ternary::No
        }
    }
}

impl OriginMatcher {
    fn matches(&self, origin: &LoginOrigin) -> Ternary {
        match (self, origin) {
            (Self::Local, LoginOrigin::Local) | (Self::Session, LoginOrigin::Session) => {
                Ternary::Yes
            }
            (Self::Network(network), LoginOrigin::Address(address)) => {
                network.contains(address).into()
            }
            // The session may have been opened from there.
            (Self::Local | Self::Network(_), LoginOrigin::Session)
            | (_, LoginOrigin::Unknown)
            | (Self::Network(_), LoginOrigin::Name(_)) => Ternary::Unknown,
            (Self::Local | Self::Session, _) | (Self::Network(_), LoginOrigin::Local) => {
                Ternary::No
            }
        }
    }
}

fn any<T>(list: &[T], fits: impl Fn(&T) -> Ternary) -> Ternary {
    if list.is_empty() {
        return Ternary::Yes;
    }
    list.iter().map(fits).fold(Ternary::No, Ternary::or)
}
