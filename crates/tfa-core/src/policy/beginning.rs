//! From when on a policy requires a second factor of some login.

use std::collections::BTreeSet;

use super::{Mode, Policy, Rule, RuleEffect};
use crate::{Account, Time, UserExemption};

impl Policy {
    /// The earliest time, now or later, at which a second factor is required of a user who has enrolled, in some
    /// login. Audit mode is left out. `None` if it is required of no login: no rule requires it, or an exemption
    /// without an end comes before each that does.
    #[must_use]
    pub fn required_from(&self, now: Time) -> Option<Time> {
        let all = self.that_require(now).into_iter();
        all.map(|(_, from)| from).min()
    }

    /// As [`Self::required_from`], for a user who has never logged in: after the grace period.
    #[must_use]
    pub fn required_of_new_users_from(&self, now: Time) -> Option<Time> {
        let all = self.that_require(now).into_iter();
        let ends = all.map(|(effect, from)| {
            let start = effect.since.unwrap_or(from);
            from.max(start.plus(effect.grace))
        });
        ends.min()
    }

    /// The times after now, in their order, at which a decision over an account may change: the beginnings and ends
    /// of all rules, the ends of the grace periods, and that of an exemption.
    #[must_use]
    pub fn times_of_change(&self, account: Option<&Account>, now: Time) -> Vec<Time> {
        let effects = self.rules.iter().map(|rule| &rule.effect);
        let of_effect = |effect: &RuleEffect| {
            let (since, until) = (effect.since, effect.terms.until);
            let start = since.map_or(now, |since| since.max(now));
            let grace = effect.grace_until(account, start);
            match effect.mode {
                Mode::Required => [since, until, grace],
                Mode::Optional | Mode::Off => [None, until, None],
            }
        };
        let times = effects.chain([&self.otherwise]).flat_map(of_effect);
        let exemption = account.and_then(|account| account.exemption(now));
        let times = times.chain([exemption.map(UserExemption::until)]);
        let later: BTreeSet<Time> = times.flatten().filter(|time| *time > now).collect();
        later.into_iter().collect()
    }

    /// The effects that require a second factor and that apply to some login, now or later, each with the time from
    /// which on it does.
    fn that_require(&self, now: Time) -> Vec<(&RuleEffect, Time)> {
        let mut found = Vec::new();
        let rules = (!self.is_off()).then(|| self.rules_at(now));
        let rules = rules.into_iter().flatten();
        let rules = rules.map(|rule| (&rule.effect, rule.matches_each_login()));
        let mut from = now;
        for (effect, matches_each) in rules.chain([(&self.otherwise, true)]) {
            if effect.mode == Mode::Required {
                found.push((effect, effect.since.map_or(from, |since| since.max(from))));
            }
            // What comes behind it applies to no login before its end.
            match effect.terms.until {
                _ if !matches_each => {}
                Some(until) => from = from.max(until),
                None => break,
            }
        }
        found
    }
}

impl Rule {
    /// Whether the rule matches each login before its end.
    fn matches_each_login(&self) -> bool {
        let is_about_names = self.is_about_names();
        self.is_about_users_alone() && !is_about_names && self.has_each_uid()
    }

    fn has_each_uid(&self) -> bool {
        // The number after it stands for no user: chown(2).
        const LAST: u64 = u32::MAX as u64 - 1;
        let mut ranges = self.uids.clone();
        ranges.sort_unstable_by_key(|range| *range.start());
        // The first uid that none of the ranges has so far.
        let mut next = 0;
        for range in &ranges {
            if u64::from(*range.start()) > next {
                break;
            }
            next = next.max(u64::from(*range.end()) + 1);
        }
        ranges.is_empty() || next > LAST
    }
}
