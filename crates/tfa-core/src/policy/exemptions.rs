//! Which parts of a policy let logins proceed without a second factor.

use super::{Mode, Policy, RuleEffect};
use crate::Time;

/// A rule, or the policy for all other logins, that lets some logins proceed without a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyExemption<'policy> {
    /// Its effect.
    pub effect: &'policy RuleEffect,
    /// Whether it is a rule.
    pub is_rule: bool,
    /// When it ends: by its own end, or because a second factor is required from then on.
    pub until: Option<Time>,
}

impl Policy {
    /// The rules in force that do not require a second factor at that time, in their order, and then
    /// the policy for all other logins, if it does not either. Audit mode is left out.
    #[must_use]
    pub fn exemptions(&self, now: Time) -> Vec<PolicyExemption<'_>> {
        let rules = (!self.is_off()).then(|| self.rules_at(now));
        let rules = rules.into_iter().flatten().map(|rule| (&rule.effect, true));
        let all = rules.chain([(&self.otherwise, false)]);
        all.filter(|(effect, _)| !effect.require(now))
            .map(|(effect, is_rule)| PolicyExemption {
                effect,
                is_rule,
                until: effect.end_of_exemption(),
            })
            .collect()
    }

    /// Whether a pause has an effect on some login at that time.
    #[must_use]
    pub fn permits_pauses(&self, now: Time) -> bool {
        let exemptions = self.exemptions(now);
        let mut effects = exemptions.iter().map(|exemption| exemption.effect);
        self.audit || effects.any(|effect| effect.mode != Mode::Off)
    }
}

impl RuleEffect {
    fn end_of_exemption(&self) -> Option<Time> {
        match self.mode {
            Mode::Off | Mode::Optional => self.terms.until,
            // It is not required yet.
            Mode::Required => self.since,
        }
    }
}
