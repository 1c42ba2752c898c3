//! Grace periods that the logins on members of the fleet do not have.

use std::time::Duration;

use tfa_core::{Mode, Policy, Time};

use super::messages::findings as messages;
use super::model::FleetRole;

/// A warning for each grace period that begins with the first login of a user: a login on a member begins none.
pub(super) fn without_since(policy: &Policy, role: Option<FleetRole>, now: Time) -> Vec<String> {
    if role != Some(FleetRole::Verifier) || policy.is_off() {
        return Vec::new();
    }
    let effects = policy.rules_at(now).map(|rule| &rule.effect);
    effects
        .chain([&policy.otherwise])
        .filter(|effect| effect.mode == Mode::Required)
        .filter(|effect| effect.since.is_none() && effect.grace > Duration::ZERO)
        .map(|effect| messages::grace_without_since(&effect.source))
        .collect()
}

#[cfg(test)]
mod tests {
    use tfa_core::{Rule, RuleEffect};

    use super::*;

    fn warnings(effect: &RuleEffect, role: Option<FleetRole>) -> usize {
        let policy = Policy {
            rules: vec![Rule {
                effect: effect.clone(),
                ..Rule::default()
            }],
            otherwise: effect.clone(),
            ..Policy::default()
        };
        without_since(&policy, role, Time::from_secs(0)).len()
    }

    #[test]
    fn grace_that_begins_with_a_login_has_a_warning_on_verifiers() {
        let required = RuleEffect {
            mode: Mode::Required,
            ..RuleEffect::default()
        };
        let verifier = Some(FleetRole::Verifier);
        assert_eq!(warnings(&required, verifier), 2);
        assert_eq!(warnings(&required, Some(FleetRole::Member)), 0);
        assert_eq!(warnings(&required, None), 0);
        for harmless in [
            RuleEffect {
                since: Some(Time::from_secs(0)),
                ..required.clone()
            },
            RuleEffect {
                grace: Duration::ZERO,
                ..required
            },
            RuleEffect::default(),
        ] {
            assert_eq!(warnings(&harmless, verifier), 0);
        }
    }
}
