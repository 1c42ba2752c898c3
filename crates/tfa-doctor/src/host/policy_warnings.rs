//! The warnings of `tfactl policy check`.

use super::HostFacts;
use crate::finding::Finding;
use crate::messages;

/// Each warning is a finding, except those of groups, which are one of their own.
pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let names_group = |warning: &&String| {
        let mut groups = host.unknown_groups.iter();
        groups.any(|group| warning.contains(&format!("does not know the group {group}")))
    };
    let warnings = host.policy_warnings.iter();
    let finding = |warning: &String| {
        let kind = &messages::POLICY_WARNING;
        Finding::beside_pam(kind, "", Vec::new(), warning.clone())
    };
    warnings
        .filter(|warning| !names_group(warning))
        .map(finding)
        .collect()
}
