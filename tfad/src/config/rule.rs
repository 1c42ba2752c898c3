//! One `[[policy.rule]]`.

use std::time::Duration;

use jiff::tz::TimeZone;
use tfa_core::{AfterGrace, Mode, Rule, Terms};
use toml::de::DeTable;

use super::document::{Document, Said, Table};
use super::grace::duration;
use super::keys::RULE;
use super::mistake::{BadConfig, Place, Wrong};
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
    /// Reads a rule whose header stands at that byte.
    pub(super) fn read(
        document: &Document<'_>,
        header: usize,
        entries: &DeTable<'_>,
        zone: &TimeZone,
    ) -> Result<Self, BadConfig> {
        let table = document.table(entries, &RULE)?;
        let place = document.place(header);
        let Some(Said { value: mode, .. }) = table.get("mode", mode)? else {
            return Err(no_mode("the rule").in_place(&place));
        };
        let since = table.get("since", |value| moment(value, zone))?;
        let grace = table.get("grace", duration)?;
        let after_grace = table.get("after_grace", after_grace)?;
        if mode != Mode::Required {
            let idle = [
                ("since", since.as_ref().map(|said| &said.place)),
                ("grace", grace.as_ref().map(|said| &said.place)),
                ("after_grace", after_grace.as_ref().map(|said| &said.place)),
            ];
            for (key, place) in idle {
                if let Some(place) = place {
                    return Err(has_no_effect(key).in_place(place));
                }
            }
        }
        let terms = Terms {
            mode,
            since: since.map(|said| said.value),
            source: place.source(),
            ..Terms::default()
        };
        Ok(Self {
            rule: Rule {
                users: names(&table, "users", user)?,
                groups: names(&table, "groups", group)?,
                uids: whole(&table, "uids", uids)?,
                services: names(&table, "services", service)?,
                origins: names(&table, "origins", origin)?,
                methods: names(&table, "methods", method)?,
                terms,
            },
            place,
            grace,
            after_grace,
        })
    }

    /// The rule, once it is known what holds where it says nothing.
    pub(super) fn finish(self, grace: Duration, after_grace: AfterGrace) -> Rule {
        let mut rule = self.rule;
        rule.terms.grace = self.grace.map_or(grace, |said| said.value);
        rule.terms.after_grace = self.after_grace.map_or(after_grace, |said| said.value);
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
) -> Result<Vec<T>, BadConfig> {
    whole(table, key, |value| some(value, read))
}

fn whole<'d, 't, T>(
    table: &Table<'d, 't>,
    key: &str,
    read: impl FnOnce(&'d Value<'t>) -> Result<Vec<T>, Wrong>,
) -> Result<Vec<T>, BadConfig> {
    let said = table.get(key, read)?;
    Ok(said.map(|said| said.value).unwrap_or_default())
}
