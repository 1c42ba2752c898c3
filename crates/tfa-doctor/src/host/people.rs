//! Groups, exemptions, and the administrators who must be able to help others.

use super::{Administrator, HostFacts};
use crate::finding::Finding;
use crate::messages;

pub(super) fn groups(host: &HostFacts) -> Option<Finding> {
    let names = host.unknown_groups.clone();
    (!names.is_empty())
        .then(|| Finding::beside_pam(&messages::GROUP_UNKNOWN, "", names, String::new()))
}

pub(super) fn weak_keys(host: &HostFacts) -> Option<Finding> {
    let names = host.users_with_weak_keys.clone();
    (!names.is_empty()).then(|| Finding::beside_pam(&messages::KEY_WEAK, "", names, String::new()))
}

pub(super) fn exemptions(host: &HostFacts) -> Vec<Finding> {
    let fault = |place: &String, detail: &str| {
        let kind = &messages::EXEMPTION_ENDLESS;
        Finding::beside_pam(kind, place, Vec::new(), detail.to_owned())
    };
    let unexplained = host.endless_exemptions.iter();
    let of_all = host.exemptions_of_all.iter();
    unexplained
        .map(|place| fault(place, ""))
        .chain(of_all.map(|place| fault(place, messages::OF_ALL_USERS)))
        .collect()
}

/// What an administrator who has lost the phone could not mend.
pub(super) fn administrators(host: &HostFacts, requires: bool) -> Vec<Finding> {
    let all = host.administrators.as_deref().unwrap_or_default();
    let enrolled: Vec<&Administrator> = all
        .iter()
        .filter(|one| one.backup_codes.is_some())
        .collect();
    let names = |list: &[&Administrator]| list.iter().map(|one| one.name.clone()).collect();
    let lacks_recovery = host.has_recovery_code == Some(false);
    let mut findings = Vec::new();
    if requires && enrolled.is_empty() && !all.is_empty() {
        let all: Vec<&Administrator> = all.iter().collect();
        let kind = &messages::ADMINISTRATORS_NONE;
        findings.push(Finding::beside_pam(kind, "", names(&all), String::new()));
    }
    match enrolled.as_slice() {
        [_] if lacks_recovery => {
            let kind = &messages::ADMINISTRATORS_ONE;
            findings.push(Finding::beside_pam(
                kind,
                "",
                names(&enrolled),
                String::new(),
            ));
        }
        _ if lacks_recovery && requires => {
            let kind = &messages::RECOVERY_MISSING;
            findings.push(Finding::beside_pam(kind, "", Vec::new(), String::new()));
        }
        _ => {}
    }
    let without: Vec<&Administrator> = enrolled
        .into_iter()
        .filter(|one| one.backup_codes == Some(0))
        .collect();
    if !without.is_empty() {
        let kind = &messages::BACKUP_CODES_NONE;
        findings.push(Finding::beside_pam(
            kind,
            "",
            names(&without),
            String::new(),
        ));
    }
    findings
}
