//! What the policy of a login's own host requires at least, where another host decides the login.
//!
//! A member of a fleet knows its own policy and no account. It tells the verifier what that policy requires, and
//! the stricter of the two decisions applies.

use std::time::Duration;

use super::{AfterGrace, Login, Mode, Policy, RuleEffect};
use crate::Time;

impl Policy {
    /// The strictest that a rule requires which may apply to the login; `None` where none requires a second
    /// factor now. What is not known of the login may be so, as in [`Policy::decide`].
    #[must_use]
    pub fn floor(&self, login: &Login, now: Time) -> Option<RuleEffect> {
        if self.audit {
            return None;
        }
        let possible = login
            .subject
            .identities()
            .map(|who| self.effects_for(who, login, now));
        let effects =
            possible.flat_map(|possible| possible.effect.into_iter().chain(possible.in_session));
        let requiring = effects.filter(|effect| effect.require(now));
        requiring.cloned().reduce(RuleEffect::and)
    }
}

impl RuleEffect {
    /// A requirement as strict as both, in each field.
    fn and(self, other: Self) -> Self {
        Self {
            mode: Mode::Required,
            since: self.since.or(other.since).min(other.since.or(self.since)),
            // Which of two periods ends first is not known here if one begins with a login.
            grace: match self.since.is_some() == other.since.is_some() {
                true => self.grace.min(other.grace),
                false => Duration::ZERO,
            },
            after_grace: match (self.after_grace, other.after_grace) {
                (AfterGrace::Enroll, AfterGrace::Enroll) => AfterGrace::Enroll,
                (AfterGrace::Deny, _) | (_, AfterGrace::Deny) => AfterGrace::Deny,
            },
            factors: self.factors.and(other.factors),
            offline: self.offline.and(other.offline),
            ..self
        }
    }
}
