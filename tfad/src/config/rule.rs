//! One `[[policy.rule]]`.

use std::time::Duration;

use tfa_core::{AfterGrace, Mode, Offline, Rule, RuleEffect, Terms};

use super::document::{Document, Table};
use super::keys::Settings;
use super::messages::errors;
use super::problem::{Located, Position};
use super::schema::Section;

/// A rule, some of whose values may still come from `[policy]`.
pub(super) struct RuleBuilder {
    /// The position of its header.
    pub(super) position: Position,
    /// Which logins it matches. Its effect has no grace period yet.
    pub(super) rule: Rule,
    grace: Option<Located<Duration>>,
    after_grace: Option<Located<AfterGrace>>,
    offline: Option<Located<Offline>>,
}

impl RuleBuilder {
    /// Reads a rule whose header begins at that byte; `None` if there is a problem in it.
    pub(super) fn read(
        document: &Document<'_>,
        header: usize,
        table: Table<'_, '_>,
    ) -> Option<Self> {
        let before = document.problems.count();
        let position = document.position(header);
        let mut settings = Settings::default();
        table.has_known_names(Section::Rule);
        table.read_into(&mut settings, Section::Rule);
        if !table.has("mode") {
            let problem = errors::no_mode_in_rule();
            document.problems.at(&problem, &position);
        }
        let mode = value(settings.mode);
        if mode.is_some_and(|mode| mode != Mode::Required) {
            let needing_required = [
                ("since", settings.since.as_ref().map(|it| &it.position)),
                ("grace", settings.grace.as_ref().map(|it| &it.position)),
                (
                    "after_grace",
                    settings.after_grace.as_ref().map(|it| &it.position),
                ),
                ("factors", settings.factors.as_ref().map(|it| &it.position)),
            ];
            for (key, position) in needing_required {
                if let Some(position) = position {
                    let problem = errors::needs_required(key);
                    document.problems.at(&problem, position);
                }
            }
        }
        if mode == Some(Mode::Required) {
            let of_an_exemption = [
                ("until", settings.until.as_ref().map(|it| &it.position)),
                ("reason", settings.reason.as_ref().map(|it| &it.position)),
            ];
            for (key, position) in of_an_exemption {
                if let Some(position) = position {
                    let problem = errors::needs_exemption(key);
                    document.problems.at(&problem, position);
                }
            }
        }
        if document.problems.count() > before {
            return None;
        }
        let rule = Rule {
            users: value(settings.users).unwrap_or_default(),
            groups: value(settings.groups).unwrap_or_default(),
            uids: value(settings.uids).unwrap_or_default(),
            hosts: value(settings.hosts).unwrap_or_default(),
            services: value(settings.services).unwrap_or_default(),
            origins: value(settings.origins).unwrap_or_default(),
            methods: value(settings.methods).unwrap_or_default(),
            effect: RuleEffect {
                mode: mode?,
                since: value(settings.since),
                factors: value(settings.factors).unwrap_or_default(),
                source: position.source(),
                terms: Terms {
                    until: value(settings.until),
                    reason: value(settings.reason),
                },
                ..RuleEffect::default()
            },
        };
        Some(Self {
            position,
            rule,
            grace: settings.grace,
            after_grace: settings.after_grace,
            offline: settings.offline,
        })
    }

    /// The rule, with the values of `[policy]` where it sets none.
    pub(super) fn build(self, grace: Duration, after_grace: AfterGrace, offline: Offline) -> Rule {
        let mut rule = self.rule;
        rule.effect.grace = value(self.grace).unwrap_or(grace);
        rule.effect.after_grace = value(self.after_grace).unwrap_or(after_grace);
        rule.effect.offline = value(self.offline).unwrap_or(offline);
        rule
    }
}

fn value<T>(setting: Option<Located<T>>) -> Option<T> {
    setting.map(|setting| setting.value)
}
