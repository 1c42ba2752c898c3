//! Values of the key `offline` that change nothing on this host.

use tfa_core::{FactorKind, Offline, Policy, Rule};

use super::messages::findings as messages;
use super::model::FleetRole;

/// A warning for each of them. A rule with the value of the policy may not set it itself.
pub(super) fn without_effect(policy: &Policy, role: Option<FleetRole>) -> Vec<String> {
    let differs = |rule: &&Rule| rule.effect.offline != policy.otherwise.offline;
    let of_rules = policy.rules.iter().filter(differs);
    let of_rules = of_rules.map(|rule| (&rule.effect, Some(rule)));
    let all = of_rules.chain([(&policy.otherwise, None)]);
    let warnings = all.filter_map(|(effect, rule)| {
        let source = &effect.source;
        match (effect.offline, role) {
            (Offline::Deny, _) => None,
            (_, None) => Some(messages::offline_without_fleet(source)),
            (Offline::Console, Some(FleetRole::Verifier)) => {
                Some(messages::offline_console_on_verifier(source))
            }
            (Offline::Console, Some(FleetRole::Member)) => rule
                .filter(|rule| excludes_root(rule))
                .map(|_| messages::offline_console_without_root(source)),
            (Offline::BoundCodes, Some(_)) => (!effect.factors.contains(FactorKind::BackupCode))
                .then(|| messages::offline_codes_without_factor(source)),
        }
    });
    let mut warnings: Vec<String> = warnings.collect();
    if role.is_none() {
        warnings.drain(1.min(warnings.len())..);
    }
    warnings
}

/// Whether a rule certainly does not apply to root.
fn excludes_root(rule: &Rule) -> bool {
    let by_name = !rule.users.is_empty() && !rule.users.iter().any(|user| user == "root");
    let by_uid = !rule.uids.is_empty() && !rule.uids.iter().any(|range| range.contains(&0));
    rule.groups.is_empty() && (by_name || (rule.users.is_empty() && by_uid))
}

#[cfg(test)]
mod tests {
    use tfa_core::RuleEffect;

    use super::*;

    fn policy(offline: Offline, rule: Rule) -> Policy {
        let rule = Rule {
            effect: RuleEffect {
                offline,
                ..rule.effect
            },
            ..rule
        };
        Policy {
            rules: vec![rule],
            ..Policy::default()
        }
    }

    fn of_users(users: &[&str]) -> Rule {
        Rule {
            users: users.iter().map(|name| (*name).to_owned()).collect(),
            ..Rule::default()
        }
    }

    #[test]
    fn offline_without_effect_has_a_warning_by_the_role_of_the_host() {
        use FleetRole::{Member, Verifier};
        use Offline::{BoundCodes, Console, Deny};
        let keys_only = Rule {
            effect: RuleEffect {
                factors: [FactorKind::SecurityKey].into_iter().collect(),
                ..RuleEffect::default()
            },
            ..Rule::default()
        };
        let range = Rule {
            uids: vec![1000..=2000],
            ..Rule::default()
        };
        let cases = [
            (Console, of_users(&[]), None, true),
            (BoundCodes, of_users(&[]), None, true),
            (Deny, of_users(&[]), None, false),
            (Console, of_users(&[]), Some(Verifier), true),
            (BoundCodes, of_users(&[]), Some(Verifier), false),
            (Console, of_users(&[]), Some(Member), false),
            (Console, of_users(&["alice"]), Some(Member), true),
            (Console, of_users(&["alice", "root"]), Some(Member), false),
            (Console, range, Some(Member), true),
            (BoundCodes, of_users(&["alice"]), Some(Member), false),
            (BoundCodes, keys_only, Some(Member), true),
        ];
        for (offline, rule, role, expected) in cases {
            let text = format!("{offline:?} {rule:?} {role:?}");
            let found = without_effect(&policy(offline, rule), role);
            assert_eq!(!found.is_empty(), expected, "{text}");
        }
    }

    #[test]
    fn rule_that_takes_the_value_of_the_policy_has_no_warning() {
        let mut policy = policy(Offline::Console, of_users(&["alice"]));
        policy.otherwise.offline = Offline::Console;
        assert!(without_effect(&policy, Some(FleetRole::Member)).is_empty());
    }

    #[test]
    fn host_in_no_fleet_has_one_warning() {
        let mut policy = policy(Offline::Console, of_users(&[]));
        policy.otherwise.offline = Offline::BoundCodes;
        assert_eq!(without_effect(&policy, None).len(), 1);
    }
}
