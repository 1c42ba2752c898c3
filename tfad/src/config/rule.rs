//! One `[[policy.rule]]`.

use std::time::Duration;

use jiff::tz::TimeZone;
use tfa_core::{AfterGrace, Mode, Rule, RuleEffect};
use toml::de::DeTable;

use super::document::{Document, Said, Table};
use super::grace::duration;
use super::keys::RULE;
use super::mistake::{Place, Wrong};
use super::moment::moment;
use super::names::{group, method, service, user};
use super::origins::origin;
use super::uids::uids;
use super::values::{Value, some, word};

/// What `mode` may be.
const MODES: [(&str, Mode); 3] = [
    ("off", Mode::Off),
    ("optional", Mode::Optional),
    ("required", Mode::Required),
];

/// What `after_grace` may be.
const AFTER: [(&str, AfterGrace); 2] = [("enroll", AfterGrace::Enroll), ("deny", AfterGrace::Deny)];

/// A rule, for which the policy's grace may yet be needed.
pub(super) struct DraftRule {
    /// Where its header stands.
    pub(super) place: Place,
    rule: Rule,
    grace: Option<Said<Duration>>,
    after_grace: Option<Said<AfterGrace>>,
}

/// The mode.
pub(super) fn mode(value: &Value<'_>) -> Result<Mode, Wrong> {
    word(value, &MODES)
}

/// What comes after the grace.
pub(super) fn after_grace(value: &Value<'_>) -> Result<AfterGrace, Wrong> {
    word(value, &AFTER)
}

/// What is wrong where no mode is given.
pub(super) fn no_mode(whose: &str) -> Wrong {
    Wrong::new(format!("{whose} has no mode"))
        .help("write mode = \"off\", \"optional\" or \"required\"")
}

/// What is wrong where a key needs another mode.
pub(super) fn has_no_effect(key: &str) -> Wrong {
    Wrong::new(format!(
        "{key} has no effect where the mode is not \"required\""
    ))
    .help("leave it out")
}

impl DraftRule {
    /// Reads a rule whose header stands at that byte; `None` where there is a mistake in it.
    pub(super) fn read(
        document: &Document<'_>,
        header: usize,
        entries: &DeTable<'_>,
        zone: &TimeZone,
    ) -> Option<Self> {
        let before = document.mistakes.count();
        let table = document.table(entries, &RULE);
        let place = document.place(header);
        let mode = table.get("mode", mode).map(|said| said.value);
        if !table.has("mode") {
            document.mistakes.in_place(no_mode("the rule"), &place);
        }
        let since = table.get("since", |value| moment(value, zone));
        let grace = table.get("grace", duration);
        let after_grace = table.get("after_grace", after_grace);
        if mode.is_some_and(|mode| mode != Mode::Required) {
            let idle = [
                ("since", since.as_ref().map(|said| &said.place)),
                ("grace", grace.as_ref().map(|said| &said.place)),
                ("after_grace", after_grace.as_ref().map(|said| &said.place)),
            ];
            for (key, place) in idle {
                if let Some(place) = place {
                    document.mistakes.in_place(has_no_effect(key), place);
                }
            }
        }
        let rule = Rule {
            users: names(&table, "users", user),
            groups: names(&table, "groups", group),
            uids: whole(&table, "uids", uids),
            services: names(&table, "services", service),
            origins: names(&table, "origins", origin),
            methods: names(&table, "methods", method),
            effect: RuleEffect {
                mode: mode?,
                since: since.map(|said| said.value),
                source: place.source(),
                ..RuleEffect::default()
            },
        };
        (document.mistakes.count() == before).then_some(Self {
            place,
            rule,
            grace,
            after_grace,
        })
    }

    /// The rule, once it is known what holds where it says nothing.
    pub(super) fn finish(self, grace: Duration, after_grace: AfterGrace) -> Rule {
        let mut rule = self.rule;
        rule.effect.grace = self.grace.map_or(grace, |said| said.value);
        rule.effect.after_grace = self.after_grace.map_or(after_grace, |said| said.value);
        rule
    }

    /// For which logins it holds.
    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }
}

fn names<'d, 't, T>(
    table: &Table<'d, 't>,
    key: &str,
    read: impl Fn(&'d Value<'t>) -> Result<T, Wrong>,
) -> Vec<T> {
    whole(table, key, |value| some(value, read))
}

fn whole<'d, 't, T>(
    table: &Table<'d, 't>,
    key: &str,
    read: impl FnOnce(&'d Value<'t>) -> Result<Vec<T>, Wrong>,
) -> Vec<T> {
    let said = table.get(key, read);
    said.map(|said| said.value).unwrap_or_default()
}
