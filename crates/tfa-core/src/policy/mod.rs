//! The host's policy: which rule applies to a login, and what it requires.
//!
//! In the order of one login: the rules ([`rule`]) are matched against what is known of the login
//! ([`login`]). The first rule that matches gives its [`RuleEffect`], which decides over the
//! account ([`decision`]). For a user with several names each name is evaluated, and the strictest
//! decision applies ([`strictness`]). `phase.rs` has the consequences in each PAM phase.

mod beginning;
mod decision;
mod exemptions;
mod factors;
mod floor;
mod host_pattern;
mod login;
mod offline;
mod rule;
mod strictness;

use std::fmt;
use std::time::Duration;

use tfa_fleet_core::HostName;

use crate::{Account, AuthenticatorKind, Time};

pub use decision::{Exemption, PolicyDecision, Requirement};
pub use exemptions::PolicyExemption;
pub use factors::{FactorKind, Factors};
pub use host_pattern::HostPattern;
pub use login::{Groups, Identity, Login, LoginOrigin, Methods, OwnMethod, Subject, Ternary};
pub use offline::Offline;
use rule::Fit;
pub use rule::{Group, OriginMatcher, Rule};

/// Whether a second factor is required.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// No user is asked for a code. Keys are kept.
    Off,
    /// Enrolled users are asked for a code.
    #[default]
    Optional,
    /// All users are asked for a code, and must enroll first.
    Required,
}

/// What happens to a user who has not enrolled before the end of the grace period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AfterGrace {
    /// The user must enroll in the login.
    #[default]
    Enroll,
    /// The login is refused.
    Deny,
}

/// A place in the configuration, or the policy of another host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The file; empty for the built-in default.
    pub file: String,
    /// The line, from 1; 0 where it is not known.
    pub line: u32,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.file.is_empty() {
            formatter.write_str("the built-in default")
        } else if self.line == 0 {
            formatter.write_str(&self.file)
        } else {
            write!(formatter, "{} line {}", self.file, self.line)
        }
    }
}

/// What a rule requires of the logins that it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleEffect {
    /// Whether a second factor is required.
    pub mode: Mode,
    /// When `required` takes effect and its grace period begins. `None`: `required` takes effect at
    /// once, and the grace period begins at each user's first login under this rule.
    pub since: Option<Time>,
    /// The grace period.
    pub grace: Duration,
    /// What happens after the grace period.
    pub after_grace: AfterGrace,
    /// The second factors that are accepted where one is required.
    pub factors: Factors,
    /// What a member of a fleet permits while no verifier can be reached.
    pub offline: Offline,
    /// Where the rule stands.
    pub source: Source,
    /// The end and the reason of an exemption.
    pub terms: Terms,
}

/// The terms of a rule that exempts logins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// From this time on, the rule matches no login.
    pub until: Option<Time>,
    /// Why the rule exempts them.
    pub reason: Option<String>,
}

/// The default grace period, a week: long enough for most users to log in once.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The services that are guarded by default: those of Debian's packages in which some or all logins
/// do not run the auth phase of `pam_tfa`. Such logins use a key, a certificate, a fingerprint or a
/// smart card, or are automatic. A guard does not affect a login whose auth phase ran.
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

/// Whether a list of guarded services has a service, or the program whose login shell it is: on Debian, sudo(8)
/// asks PAM for `sudo -i` under the name `sudo-i`, and su(1) for `su -` under `su-l`.
#[must_use]
pub fn is_guarded(guard: &[String], service: &str) -> bool {
    let program = match service {
        "sudo-i" => "sudo",
        "su-l" => "su",
        service => service,
    };
    guard
        .iter()
        .any(|guarded| guarded == service || guarded == program)
}

impl Default for RuleEffect {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            since: None,
            grace: DEFAULT_GRACE,
            after_grace: AfterGrace::default(),
            factors: Factors::ANY,
            offline: Offline::Deny,
            source: Source::default(),
            terms: Terms::default(),
        }
    }
}

impl RuleEffect {
    /// Whether the rule matches no login any more.
    #[must_use]
    pub fn has_ended(&self, now: Time) -> bool {
        self.terms.until.is_some_and(|until| until <= now)
    }

    /// Whether a second factor is required at that time.
    #[must_use]
    pub fn require(&self, now: Time) -> bool {
        self.mode == Mode::Required && self.since.is_none_or(|since| since <= now)
    }

    /// The second factors that are accepted at that time.
    #[must_use]
    pub fn accepted_factors(&self, now: Time) -> Factors {
        match self.require(now) {
            true => self.factors,
            false => Factors::ANY,
        }
    }

    /// The end of the grace period of an account; `None` if it has no grace period.
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

    /// Whether the grace period begins with a first login that must be recorded.
    #[must_use]
    pub fn records_first_login(&self, now: Time) -> bool {
        self.require(now) && self.since.is_none()
    }
}

/// The host's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The rules. The first one that matches applies.
    pub rules: Vec<Rule>,
    /// What applies if no rule matches.
    pub otherwise: RuleEffect,
    /// Audit mode: `required` refuses no login, and the outcome without audit mode is recorded.
    pub audit: bool,
    /// The services whose logins must have verified the second factor by the account phase.
    pub guard: Vec<String>,
    /// A first enrollment requires an invitation.
    pub invitation: bool,
    /// The members of a fleet on which users may change an enrollment.
    pub changes_on: Vec<HostPattern>,
    /// The methods by which sshd authenticates users without PAM. In the account phase it does not
    /// tell which of them it used.
    pub sshd_methods: Vec<String>,
    /// The kind of the authenticator that a user enrolls in a login: one that computes codes. `None`
    /// if users can enroll security keys only.
    pub enrolled_in_login: Option<AuthenticatorKind>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Vec::new(),
            otherwise: RuleEffect::default(),
            audit: false,
            guard: DEFAULT_GUARD.map(str::to_owned).to_vec(),
            invitation: false,
            changes_on: Vec::new(),
            sshd_methods: vec!["publickey".to_owned()],
            enrolled_in_login: Some(AuthenticatorKind::Totp),
        }
    }
}

impl Policy {
    /// Whether two-factor login is off for the whole host, whatever the rules say.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.otherwise.mode == Mode::Off
    }

    /// Whether nothing is required of a login, whatever its account. If several rules may apply,
    /// all of them must be off, under every name of the user.
    #[must_use]
    pub fn is_off_for(&self, login: &Login, now: Time) -> bool {
        let required = login.host_requires.is_some();
        !required
            && login.subject.identities().all(|who| {
                let Possible { effect, in_session } = self.effects_for(who, login, now);
                let mut all = effect.iter().chain(&in_session);
                all.all(|effect| effect.mode == Mode::Off)
            })
    }

    /// The same policy without audit mode.
    #[must_use]
    pub fn without_audit(&self) -> Self {
        Self {
            audit: false,
            ..self.clone()
        }
    }

    /// Whether the rule that applies is already determined. The groups then need not be looked up.
    #[must_use]
    pub fn is_settled(&self, login: &Login, now: Time) -> bool {
        let mut identities = login.subject.identities();
        identities.all(|who| self.effects_for(who, login, now).effect.len() == 1)
    }

    /// Whether a further name of the user could make a difference to a login.
    #[must_use]
    pub fn depends_on_names(&self, login: &Login, now: Time) -> bool {
        if self.is_off() {
            return false;
        }
        for rule in self.rules_at(now) {
            let fits = rule.fits_but_name(login, &self.sshd_methods);
            match (fits, rule.is_about_names()) {
                (Ternary::Yes | Ternary::Unknown, true) => return true,
                (Ternary::Yes, false) => return false,
                (Ternary::No, _) | (Ternary::Unknown, false) => {}
            }
        }
        false
    }

    /// Whether a rule names a method of sshd's own, so that the session phase may be needed.
    #[must_use]
    pub fn names_own_methods(&self) -> bool {
        !self.is_off() && self.rules.iter().any(Rule::names_own_method)
    }

    /// Whether a rule names a method of sshd's own and the factors that it accepts. A factor that was
    /// verified before the methods were known may then be none of them.
    #[must_use]
    pub fn names_factors_by_method(&self) -> bool {
        let names_factors = |rule: &Rule| !rule.effect.factors.is_any();
        let mut by_method = self.rules.iter().filter(|rule| rule.names_own_method());
        !self.is_off() && by_method.any(names_factors)
    }

    /// Whether the rule that applies to a login depends on a method of sshd's own that is not known
    /// yet. The session phase, which knows it, then decides.
    #[must_use]
    pub fn depends_on_method(&self, login: &Login, now: Time) -> bool {
        self.any_before_a_match(login, now, Rule::depends_on_method)
    }

    /// Whether a rule names the second factors that it accepts.
    #[must_use]
    pub fn names_factors(&self) -> bool {
        !self.is_off() && self.rules.iter().any(|rule| !rule.effect.factors.is_any())
    }

    /// Whether a rule names hosts.
    #[must_use]
    pub fn names_hosts(&self) -> bool {
        !self.is_off() && self.rules.iter().any(|rule| !rule.hosts.is_empty())
    }

    /// Whether a rule names a method.
    #[must_use]
    pub fn names_methods(&self) -> bool {
        !self.is_off() && self.rules.iter().any(Rule::names_method)
    }

    /// Whether the rule that applies to a login may depend on its methods, whatever is known of them.
    #[must_use]
    pub fn may_depend_on_methods(&self, login: &Login, now: Time) -> bool {
        let login = Login {
            methods: Methods {
                passed: Vec::new(),
                own: OwnMethod::Unknown,
                has_unknown_key: false,
            },
            ..login.clone()
        };
        self.any_before_a_match(&login, now, |rule, who, login| {
            rule.names_method() && rule.may_fit_but_method(who, login)
        })
    }

    /// Whether `depends` is true of a rule that a login under one of the user's names comes to: of the
    /// rules up to the first one that matches.
    fn any_before_a_match(
        &self,
        login: &Login,
        now: Time,
        depends: impl Fn(&Rule, &Identity, &Login) -> bool,
    ) -> bool {
        let depends_under = |who: &Identity| {
            let mut up_to_a_match = self
                .rules_at(now)
                .take_while(|rule| rule.fits(who, login, &self.sshd_methods) != Fit::Yes);
            up_to_a_match.any(|rule| depends(rule, who, login))
        };
        !self.is_off() && login.subject.identities().any(depends_under)
    }

    /// The groups that the rules name.
    #[must_use]
    pub fn groups(&self) -> Vec<&Group> {
        self.rules.iter().flat_map(|rule| &rule.groups).collect()
    }

    /// The user names in the rules.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        let users = self.rules.iter().flat_map(|rule| &rule.users);
        users.map(String::as_str)
    }

    /// Whether a user may confirm the pending first authenticator. An invitation makes an earlier one void.
    /// So without an invitation, it was begun before the policy required one, and is not accepted now.
    #[must_use]
    pub fn may_confirm_first(&self, account: &Account) -> bool {
        !self.invitation || account.invitation().is_some()
    }

    /// Whether the users of this member may change an enrollment there.
    #[must_use]
    pub fn allows_changes_on(&self, member: &HostName) -> bool {
        let mut patterns = self.changes_on.iter();
        patterns.any(|pattern| pattern.matches(member))
    }

    /// Whether the policy guards a service.
    #[must_use]
    pub fn guards(&self, service: &str) -> bool {
        is_guarded(&self.guard, service)
    }

    /// The rules that have not ended.
    pub fn rules_at(&self, now: Time) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(move |rule| !rule.effect.has_ended(now))
    }

    /// The effects of all rules that may apply to a login under one of the user's names.
    fn effects_for<'policy>(
        &'policy self,
        who: &Identity,
        login: &Login,
        now: Time,
    ) -> Possible<'policy> {
        let mut possible = Possible::default();
        // Off is off for the whole host: the way out of a policy that went wrong.
        let rules = (!self.is_off()).then(|| self.rules_at(now));
        for rule in rules.into_iter().flatten() {
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

    /// Whether a second factor is or will be required of a user for any login, audit mode aside.
    #[must_use]
    pub fn may_require_of(&self, subject: &Subject) -> bool {
        let end_of_time = Time::from_secs(u64::MAX);
        let policy = self.without_audit();
        policy.requires_of(subject, end_of_time).is_some()
    }

    /// The effect that requires a second factor of a user for any login: for any service, origin,
    /// method and name. `None` if there is none. A rule with an end exempts logins until then; it
    /// does not lift the requirement, which comes back.
    #[must_use]
    pub fn requires_of(&self, subject: &Subject, now: Time) -> Option<&RuleEffect> {
        self.all_that_require_of(subject, now).into_iter().next()
    }

    /// As [`Self::requires_of`], with every such effect.
    #[must_use]
    pub fn all_that_require_of(&self, subject: &Subject, now: Time) -> Vec<&RuleEffect> {
        if self.audit || self.is_off() {
            return Vec::new();
        }
        let identities = subject.identities();
        let effects = identities.flat_map(|who| self.require_under(who, subject.uid, now));
        effects.collect()
    }

    fn require_under(&self, who: &Identity, uid: u32, now: Time) -> Vec<&RuleEffect> {
        let mut effects = Vec::new();
        for rule in &self.rules {
            let fits = rule.fits_subject(who, uid);
            if fits != Ternary::No && rule.effect.require(now) {
                effects.push(&rule.effect);
            }
            let has_end = rule.effect.terms.until.is_some();
            if fits == Ternary::Yes && rule.is_about_users_alone() && !has_end {
                return effects;
            }
        }
        effects.extend(self.otherwise.require(now).then_some(&self.otherwise));
        effects
    }
}

/// The effects that may apply to a login under one name.
#[derive(Debug, Default)]
struct Possible<'policy> {
    /// One, unless something could not be determined.
    effect: Vec<&'policy RuleEffect>,
    /// For a login of unknown origin: the effects of rules that match origins.
    in_session: Vec<&'policy RuleEffect>,
}
