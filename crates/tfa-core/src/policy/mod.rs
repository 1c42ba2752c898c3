//! The host's policy: which terms hold for a login, and what they ask of it.
//!
//! In the order of one login: the rules are gone through ([`rule`]) with what is known of the
//! login ([`login`]), the first that fits gives its [`RuleEffect`], and these decide over the account
//! ([`decision`]). Of a user with several names each name is decided over, and the strictest
//! decision holds ([`strictness`]). What that means in each of PAM's phases is `phase.rs`.

mod decision;
mod login;
mod rule;
mod strictness;

use std::fmt;
use std::time::Duration;

use crate::{Account, Time};

pub use decision::{Exemption, PolicyDecision, Requirement};
pub use login::{Groups, Identity, Login, LoginOrigin, Methods, Subject, Ternary};
use rule::Fit;
pub use rule::{Group, OriginMatcher, Rule};

/// How binding a second factor is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nobody is asked; every key is kept.
    Off,
    /// Who has set it up is asked.
    #[default]
    Optional,
    /// Everybody is asked, and sets it up first.
    Required,
}

/// What becomes of somebody who has not set it up in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterGrace {
    /// It is set up inside the login, or there is no login.
    #[default]
    Enroll,
    /// There is no login.
    Deny,
}

/// Where in the configuration something stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The file; empty for what holds without one.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            formatter.write_str("the built-in default")
        } else {
            write!(formatter, "{} line {}", self.file, self.line)
        }
    }
}

/// What is asked of those for whom it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleEffect {
    /// How binding it is.
    pub mode: Mode,
    /// From when on `required` holds, and when its grace begins. Without it: at once, and at each
    /// user's first login under these terms.
    pub since: Option<Time>,
    /// How long somebody may go on without.
    pub grace: Duration,
    /// What comes then.
    pub after_grace: AfterGrace,
    /// Where it stands.
    pub source: Source,
}

/// A week: long enough for everybody to log in once, short enough to be remembered.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The services that are guarded by default: those of Debian's packages in which some logins, or all,
/// never run the auth phase of `pam_tfa`. They come by a key, a certificate, a fingerprint or a
/// smart card, or are automatic. A login whose auth phase ran goes on there as elsewhere.
pub const DEFAULT_GUARD: [&str; 10] = [
    "sshd",
    "cockpit",
    "gdm-autologin",
    "gdm-fingerprint",
    "gdm-smartcard",
    "lightdm-autologin",
    "nodm",
    "sddm-autologin",
    "vsftpd",
    "xrdp-sesman",
];

impl Default for RuleEffect {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            since: None,
            grace: DEFAULT_GRACE,
            after_grace: AfterGrace::default(),
            source: Source::default(),
        }
    }
}

impl RuleEffect {
    /// Whether a second factor is required under these terms at that moment.
    #[must_use]
    pub fn require(&self, now: Time) -> bool {
        self.mode == Mode::Required && self.since.is_none_or(|since| since <= now)
    }

    /// When the grace of an account ends; `None` where it has none left to begin with.
    #[must_use]
    pub fn grace_until(&self, account: Option<&Account>, now: Time) -> Option<Time> {
        if account.is_some_and(Account::has_no_grace) {
            return None;
        }
        // A first login in the future was noted by a clock that was ahead: it must not stretch.
        let first = account.and_then(Account::first_required).unwrap_or(now);
        let start = self.since.unwrap_or(first).min(now);
        Some(start.plus(self.grace))
    }

    /// Whether the grace begins with a first login that has to be noted.
    #[must_use]
    pub fn note_first_login(&self, now: Time) -> bool {
        self.require(now) && self.since.is_none()
    }
}

/// The host's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The first that matches holds.
    pub rules: Vec<Rule>,
    /// What holds where none does.
    pub otherwise: RuleEffect,
    /// Nothing is refused for what `required` asks: it is noted what would have been.
    pub audit: bool,
    /// The services whose logins must have met the second factor by the account phase.
    pub guard: Vec<String>,
    /// A first set-up takes an invitation.
    pub invitation: bool,
    /// The methods by which sshd lets people in without asking PAM. It does not say which of them
    /// it was.
    pub sshd_methods: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            otherwise: RuleEffect::default(),
            audit: false,
            guard: DEFAULT_GUARD.map(str::to_owned).to_vec(),
            invitation: false,
            sshd_methods: vec!["publickey".to_owned()],
        }
    }
}

impl Policy {
    /// Whether nobody on this host is asked for anything, whatever the rules say.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.otherwise.mode == Mode::Off
    }

    /// Whether a login is asked for nothing, whatever its account. Where it is not known which rule
    /// holds, all of them must be off, and so under every name of the user.
    #[must_use]
    pub fn is_off_for(&self, login: &Login) -> bool {
        login.subject.identities().all(|who| {
            let Possible { effect, in_session } = self.effects_for(who, login);
            let mut all = effect.iter().chain(&in_session);
            all.all(|effect| effect.mode == Mode::Off)
        })
    }

    /// The policy as it is once nothing is let off for the audit.
    #[must_use]
    pub fn without_audit(&self) -> Self {
        Self {
            audit: false,
            ..self.clone()
        }
    }

    /// Whether what is known of a login is enough to say which terms hold. The groups cost the name
    /// service a search, and need not be asked for then.
    #[must_use]
    pub fn is_settled(&self, login: &Login) -> bool {
        let mut identities = login.subject.identities();
        identities.all(|who| self.effects_for(who, login).effect.len() == 1)
    }

    /// Whether a further name of the user could make a difference to a login.
    #[must_use]
    pub fn depends_on_names(&self, login: &Login) -> bool {
        if self.is_off() {
            return false;
        }
        for rule in &self.rules {
            let fits = rule.fits_but_name(login, &self.sshd_methods);
            match (fits, rule.is_about_names()) {
                (Ternary::Yes | Ternary::Unknown, true) => return true,
                (Ternary::Yes, false) => return false,
                (Ternary::No, _) | (Ternary::Unknown, false) => {}
            }
        }
        false
    }

    /// The groups that the rules name: what has to be known of a person.
    #[must_use]
    pub fn groups(&self) -> Vec<&Group> {
        self.rules.iter().flat_map(|rule| &rule.groups).collect()
    }

    /// The names of users that the rules give.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        let users = self.rules.iter().flat_map(|rule| &rule.users);
        users.map(String::as_str)
    }

    /// Whether the second factor must have been met by the account phase of this service.
    #[must_use]
    pub fn guards(&self, service: &str) -> bool {
        self.guard.iter().any(|guarded| guarded == service)
    }

    /// Every set of terms that may hold for a login under one of the user's names.
    fn effects_for<'policy>(&'policy self, who: &Identity, login: &Login) -> Possible<'policy> {
        let mut possible = Possible::default();
        // Off is off for the whole host: the way out of a policy that went wrong.
        let rules = if self.is_off() {
            &[]
        } else {
            self.rules.as_slice()
        };
        for rule in rules {
            match rule.fits(who, login, &self.sshd_methods) {
                Fit::No => {}
                Fit::InSession => possible.in_session.push(&rule.effect),
                Fit::Unknown => possible.effect.push(&rule.effect),
                Fit::Yes => {
                    possible.effect.push(&rule.effect);
                    return possible;
                }
            }
        }
        possible.effect.push(&self.otherwise);
        possible
    }

    /// Whether a second factor is, or will be, or in audit mode would be, required of a person for
    /// some login or other.
    #[must_use]
    pub fn may_require_of(&self, subject: &Subject) -> bool {
        let end_of_time = Time::from_secs(u64::MAX);
        let policy = self.without_audit();
        policy.requires_of(subject, end_of_time).is_some()
    }

    /// The terms under which a person is required to have a second factor for some login or other,
    /// whatever its service, origin or method, and under whichever name. `None` where there is no
    /// such login.
    #[must_use]
    pub fn requires_of(&self, subject: &Subject, now: Time) -> Option<&RuleEffect> {
        if self.audit || self.is_off() {
            return None;
        }
        let mut identities = subject.identities();
        identities.find_map(|who| self.requires_under(who, subject.uid, now))
    }

    fn requires_under(&self, who: &Identity, uid: u32, now: Time) -> Option<&RuleEffect> {
        for rule in &self.rules {
            let fits = rule.fits_subject(who, uid);
            if fits != Ternary::No && rule.effect.require(now) {
                return Some(&rule.effect);
            }
            if fits == Ternary::Yes && rule.is_about_people_alone() {
                return None;
            }
        }
        self.otherwise.require(now).then_some(&self.otherwise)
    }
}

/// The terms that may hold for a login under one name.
#[derive(Debug, Default)]
struct Possible<'policy> {
    /// One, unless something could not be found out.
    effect: Vec<&'policy RuleEffect>,
    /// For a login of which it cannot be told: those of rules about where logins come from.
    in_session: Vec<&'policy RuleEffect>,
}
