//! What the files have set so far. A later file's key takes the place of an earlier one's; rules
//! are added.

use std::time::Duration;

use jiff::tz::TimeZone;
use tfa_core::{AfterGrace, Mode, Policy, RuleEffect, Time};
use tfa_proto::is_misleading;
use toml::de::DeValue;

use super::document::{Document, Said, Table};
use super::grace::duration;
use super::keys::{ENROLLMENT, FILE, POLICY};
use super::mistake::{BadConfig, Mistakes, Wrong};
use super::moment::moment;
use super::names::{console, consoles, method, service};
use super::rule::{DraftRule, after_grace, has_no_effect, mode, no_mode};
use super::values::{Value, flag, list, not_a, text, word};
use super::{Config, QrStyle, order};

/// What `qr` may be.
const QR: [(&str, QrStyle); 3] = [
    ("utf8", QrStyle::Utf8),
    ("ascii", QrStyle::Ascii),
    ("none", QrStyle::None),
];

/// What the files have set so far.
#[derive(Default)]
pub(super) struct Draft {
    /// A file could not be read: what it sets is not known.
    is_cut: bool,
    /// Some file has a mode, be it a wrong one.
    has_mode: bool,
    mode: Option<Said<Mode>>,
    since: Option<Said<Time>>,
    grace: Option<Said<Duration>>,
    after_grace: Option<Said<AfterGrace>>,
    audit: Option<Said<bool>>,
    guard: Option<Said<Vec<String>>>,
    invitation: Option<Said<bool>>,
    sshd_methods: Option<Said<Vec<String>>>,
    consoles: Option<Said<Vec<String>>>,
    rules: Vec<DraftRule>,
    issuer: Option<Said<String>>,
    qr: Option<Said<QrStyle>>,
}

impl Draft {
    /// Takes over what a file sets.
    pub(super) fn take_over(&mut self, document: &Document<'_>, zone: &TimeZone) {
        let Some(entries) = document.entries() else {
            self.is_cut = true;
            return;
        };
        let before = document.mistakes.count();
        let file = document.table(&entries, &FILE);
        let policy = file.table("policy", &POLICY);
        // An unknown key may have been meant as the one that is missing.
        let is_clear = document.mistakes.count() == before;
        self.is_cut |= !is_clear;
        if let Some(table) = policy {
            self.policy(document, &table, zone);
        }
        if let Some(table) = file.table("enrollment", &ENROLLMENT) {
            later(&mut self.issuer, table.get("issuer", issuer));
            later(&mut self.qr, table.get("qr", |value| word(value, &QR)));
        }
        // Whoever wrote it may have been cut off, and what is missing may have been strict.
        if is_clear && file.sets_nothing() {
            document.mistake(Wrong::new(
                "the file sets nothing, as if it had been cut off",
            ));
            self.is_cut = true;
        }
    }

    /// A file is missing whose text could not be had.
    pub(super) fn leave_out(&mut self) {
        self.is_cut = true;
    }

    fn policy(&mut self, document: &Document<'_>, table: &Table<'_, '_>, zone: &TimeZone) {
        let methods = |value| list(value, method);
        self.has_mode |= table.has("mode");
        later(&mut self.mode, table.get("mode", mode));
        later(
            &mut self.since,
            table.get("since", |value| moment(value, zone)),
        );
        later(&mut self.grace, table.get("grace", duration));
        later(&mut self.after_grace, table.get("after_grace", after_grace));
        later(&mut self.audit, table.get("audit", flag));
        later(
            &mut self.guard,
            table.get("guard", |value| list(value, service)),
        );
        later(&mut self.invitation, table.get("invitation", flag));
        later(&mut self.sshd_methods, table.get("sshd_methods", methods));
        let named = |value| list(value, console);
        later(&mut self.consoles, table.get("consoles", named));
        let Some(Said { value: rules, .. }) = table.get("rule", rules) else {
            return;
        };
        for value in rules {
            let start = value.span().start;
            let DeValue::Table(entries) = value.get_ref() else {
                let wrong = not_a("a table", value.get_ref()).of("rule");
                document.mistake(wrong.at(start));
                continue;
            };
            self.rules
                .extend(DraftRule::read(document, start, entries, zone));
        }
    }

    /// The configuration, if it is whole. What is missing is a mistake only where everything else
    /// could be read.
    pub(super) fn finish(self, main: &str, mistakes: Mistakes) -> Result<Config, BadConfig> {
        if !self.has_mode && !self.is_cut {
            mistakes.in_file(no_mode("[policy]"), 0, main);
        }
        order::check(&self.rules, &mistakes);
        let Some(mode) = self.mode else {
            return Err(mistakes.all());
        };
        let idle = self
            .since
            .as_ref()
            .filter(|_| mode.value != Mode::Required)
            // A drop-in that softens the mode for a while need not repeat the rest.
            .filter(|since| since.place.number >= mode.place.number);
        if let Some(since) = idle {
            mistakes.in_place(has_no_effect("since"), &since.place);
        }
        mistakes.none()?;

        let default = Policy::default();
        let grace = said(self.grace, default.otherwise.grace);
        let after_grace = said(self.after_grace, default.otherwise.after_grace);
        let otherwise = RuleEffect {
            mode: mode.value,
            since: self.since.map(|since| since.value),
            grace,
            after_grace,
            source: mode.place.source(),
        };
        let rules = self.rules.into_iter();
        let policy = Policy {
            rules: rules.map(|rule| rule.finish(grace, after_grace)).collect(),
            otherwise,
            audit: said(self.audit, default.audit),
            guard: said(self.guard, default.guard),
            invitation: said(self.invitation, default.invitation),
            sshd_methods: said(self.sshd_methods, default.sshd_methods),
        };
        let issuer = said(self.issuer, String::new());
        Ok(Config {
            policy,
            issuer: (!issuer.is_empty()).then_some(issuer),
            qr: said(self.qr, QrStyle::default()),
            ignored: Vec::new(),
            consoles: self
                .consoles
                .map(|said| consoles(said.value))
                .unwrap_or_default(),
        })
    }
}

/// A key of a later file takes the place of an earlier one's.
fn later<T>(slot: &mut Option<Said<T>>, said: Option<Said<T>>) {
    if said.is_some() {
        *slot = said;
    }
}

fn said<T>(said: Option<Said<T>>, default: T) -> T {
    said.map_or(default, |said| said.value)
}

fn rules<'d, 't>(value: &'d Value<'t>) -> Result<&'d [Value<'t>], Wrong> {
    match value.get_ref() {
        DeValue::Array(rules) if rules.is_empty() => {
            Err(Wrong::new("the list is empty").help("leave the key out"))
        }
        DeValue::Array(rules) => Ok(rules),
        other => {
            let wrong = not_a("a list of tables", other);
            Err(wrong.help("write [[policy.rule]], with two brackets"))
        }
    }
}

fn issuer(value: &Value<'_>) -> Result<String, Wrong> {
    let name = text(value)?;
    if name.contains(|c: char| c == ':' || is_misleading(c)) {
        return Err(
            Wrong::new("must not have a colon or a character that does not show")
                .help("authenticators split the name at a colon"),
        );
    }
    Ok(name.to_owned())
}
