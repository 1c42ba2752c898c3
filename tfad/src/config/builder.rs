//! What the files have set so far. A key of a later file replaces that of an earlier one; rules are
//! appended.

use tfa_core::{Factors, Mode, Policy, RememberRules, RuleEffect, Terms};

use super::document::{Document, Table};
use super::keys::{self, Settings};
use super::messages::errors;
use super::model::Config;
use super::problem::Located;
use super::report::{BadConfig, Problems};
use super::rule::RuleBuilder;
use super::schema::Section;
use super::unreachable;
use super::{AuthenticatorRules, FleetRole, HostZone, RecoveryRules, StoreKind};

/// What the files have set so far.
pub(super) struct Builder {
    /// The keys outside rules.
    settings: Settings,
    rules: Vec<RuleBuilder>,
    /// Whether some file has a mode, right or wrong.
    has_mode: bool,
    /// Whether a file, or a key in it, is not understood. Then the mode may be in it.
    is_incomplete: bool,
}

/// A key that no file sets and that has no default.
struct NotSet(&'static str);

impl Builder {
    /// Starts with the defaults of all keys.
    pub(super) fn new(zone: &HostZone, problems: &Problems) -> Self {
        Self {
            settings: keys::defaults(zone, problems),
            rules: Vec::new(),
            has_mode: false,
            is_incomplete: false,
        }
    }

    /// Adds what a file sets.
    pub(super) fn add(&mut self, document: &Document<'_>) {
        match document.parse() {
            Some(entries) => self.add_table(document, document.table(&entries)),
            None => self.is_incomplete = true,
        }
    }

    /// Adds what a published policy sets. A section that belongs to each host is a problem.
    pub(super) fn add_published(&mut self, document: &Document<'_>) {
        let Some(entries) = document.parse() else {
            self.is_incomplete = true;
            return;
        };
        let file = document.table(&entries);
        for section in Section::OF_HOST {
            file.refuse(section, errors::section_of_host);
        }
        self.add_table(document, file);
    }

    fn add_table(&mut self, document: &Document<'_>, file: Table<'_, '_>) {
        let before = document.problems.count();
        file.has_known_names(Section::File);
        let policy = file.section(Section::Policy);
        if let Some(policy) = policy {
            policy.has_known_names(Section::Policy);
        }
        // An unknown key may have been meant as the one that is missing.
        let is_understood = document.problems.count() == before;
        self.is_incomplete |= !is_understood;
        if let Some(policy) = policy {
            self.add_policy(document, policy);
        }
        if let Some(enrollment) = file.section(Section::Enrollment) {
            enrollment.has_known_names(Section::Enrollment);
            enrollment.read_into(&mut self.settings, Section::Enrollment);
        }
        if let Some(authenticator) = file.section(Section::Authenticator) {
            authenticator.has_known_names(Section::Authenticator);
            authenticator.read_into(&mut self.settings, Section::Authenticator);
        }
        if let Some(remember) = file.section(Section::Remember) {
            remember.has_known_names(Section::Remember);
            remember.read_into(&mut self.settings, Section::Remember);
        }
        if let Some(recovery) = file.section(Section::Recovery) {
            recovery.has_known_names(Section::Recovery);
            recovery.read_into(&mut self.settings, Section::Recovery);
        }
        if let Some(store) = file.section(Section::Store) {
            store.has_known_names(Section::Store);
            store.read_into(&mut self.settings, Section::Store);
        }
        if let Some(fleet) = file.section(Section::Fleet) {
            fleet.has_known_names(Section::Fleet);
            fleet.read_into(&mut self.settings, Section::Fleet);
        }
        // What is missing from a truncated file may have been strict.
        if is_understood && file.is_empty() {
            document.report(errors::empty_file());
            self.is_incomplete = true;
        }
    }

    fn add_policy(&mut self, document: &Document<'_>, policy: Table<'_, '_>) {
        self.has_mode |= policy.has("mode");
        policy.read_into(&mut self.settings, Section::Policy);
        for (header, rule) in policy.sections(Section::Rule) {
            self.rules.extend(RuleBuilder::read(document, header, rule));
        }
    }

    /// Notes that a file could not be read.
    pub(super) fn skip_unreadable(&mut self) {
        self.is_incomplete = true;
    }

    /// The configuration, if there was no problem.
    pub(super) fn build(self, main: &str, problems: &Problems) -> Result<Config, BadConfig> {
        if !self.has_mode && !self.is_incomplete {
            problems.in_file(&errors::no_mode_in_policy(), 0, main);
        }
        unreachable::check(&self.rules, problems);
        if let Some(since) = self.since_without_effect() {
            problems.at(&errors::needs_required("since"), &since.position);
        }
        if let Some(kind) = self.store_of_member() {
            problems.at(&errors::member_without_store(), &kind.position);
        }
        problems.none()?;
        self.into_config().map_err(|NotSet(key)| {
            problems.in_file(&errors::not_set(key), 0, main);
            problems.all()
        })
    }

    /// The date, if the mode makes no use of it. A later file may change the mode alone, so that a
    /// drop-in can suspend a requirement without repeating the rest.
    fn since_without_effect(&self) -> Option<&Located<tfa_core::Time>> {
        let mode = self.settings.mode.as_ref()?;
        let since = self.settings.since.as_ref()?;
        let is_later = since.position.file_index >= mode.position.file_index;
        (mode.value != Mode::Required && is_later).then_some(since)
    }

    /// The kind of the store of a member, which has none. Whether the host has accounts must not be a guess.
    fn store_of_member(&self) -> Option<&Located<StoreKind>> {
        let role = self.settings.role.as_ref()?;
        let kind = self.settings.store_kind.as_ref()?;
        let is_set = kind.value != StoreKind::default();
        (role.value == FleetRole::Member && is_set).then_some(kind)
    }

    fn into_config(self) -> Result<Config, NotSet> {
        let settings = self.settings;
        let mode = settings.mode.ok_or(NotSet("mode"))?;
        let grace = set(settings.grace, "grace")?;
        let after_grace = set(settings.after_grace, "after_grace")?;
        let offline = set(settings.offline, "offline")?;
        let otherwise = RuleEffect {
            mode: mode.value,
            since: settings.since.map(|since| since.value),
            grace,
            after_grace,
            factors: Factors::ANY,
            offline,
            source: mode.position.source(),
            terms: Terms::default(),
        };
        let authenticator = AuthenticatorRules {
            kinds: set(settings.kinds, "kinds")?,
            algorithm: settings.algorithm.map(|set| set.value),
            digits: settings.digits.map(|set| set.value),
            period: settings.period.map(|set| set.value),
        };
        let rules = self.rules.into_iter();
        let policy = Policy {
            rules: rules
                .map(|rule| rule.build(grace, after_grace, offline))
                .collect(),
            otherwise,
            audit: set(settings.audit, "audit")?,
            guard: set(settings.guard, "guard")?,
            invitation: set(settings.invitation, "invitation")?,
            changes_on: set(settings.changes_on, "changes_on")?,
            sshd_methods: set(settings.sshd_methods, "sshd_methods")?,
            enrolled_in_login: authenticator.usual_kind(),
        };
        let issuer = set(settings.issuer, "issuer")?;
        let role = settings.role.map(|role| role.value);
        Ok(Config {
            policy,
            issuer: (!issuer.is_empty()).then_some(issuer),
            qr: set(settings.qr, "qr")?,
            authenticator,
            remember: RememberRules {
                days: set(settings.days, "days")?,
                minutes: set(settings.minutes, "minutes")?,
                session_minutes: set(settings.session_minutes, "session_minutes")?,
                by: set(settings.by, "by")?,
                services: set(settings.remembered_services, "services")?,
                of_verifier: role == Some(FleetRole::Verifier),
            },
            recovery: RecoveryRules {
                administrators: set(settings.administrators, "administrators")?,
            },
            store: set(settings.store_kind, "kind")?,
            role,
            ignored: Vec::new(),
            consoles: set(settings.consoles, "consoles")?,
        })
    }
}

fn set<T>(setting: Option<Located<T>>, key: &'static str) -> Result<T, NotSet> {
    setting.map(|setting| setting.value).ok_or(NotSet(key))
}
