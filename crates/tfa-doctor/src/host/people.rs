//! Groups, exemptions, and the administrators who must be able to help others.

use super::{Administrator, HostFacts};
use crate::facts::PolicyFacts;
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

pub(super) fn exemptions(host: &HostFacts, policy: Option<&PolicyFacts>) -> Vec<Finding> {
    let fault = |place: &String, detail: &str| {
        let kind = &messages::EXEMPTION_ENDLESS;
        Finding::beside_pam(kind, place, Vec::new(), detail.to_owned())
    };
    let unexplained = host.endless_exemptions.iter();
    let of_all = host.exemptions_of_all.iter();
    unexplained
        .map(|place| match begins_table(policy, place) {
            true => fault(place, ""),
            false => fault(place, messages::IN_LINE),
        })
        .chain(of_all.map(|place| fault(place, messages::OF_ALL_USERS)))
        .collect()
}

/// Whether a line can be added behind a line of a rule: its head or its key `mode`, and not a table in braces.
fn begins_table(policy: Option<&PolicyFacts>, place: &str) -> bool {
    let line = || {
        let (path, number) = place.rsplit_once(':')?;
        let mut files = policy?.files.iter();
        let (_, text) = files.find(|(file, _)| file == path)?;
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        text.lines().nth(index)
    };
    line().is_some_and(|line| {
        let line = line.trim_start();
        !line.contains('{') && (line.starts_with("[[") || line.starts_with("mode"))
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_added_to_a_rule_only_where_the_rule_is_no_table_in_braces() {
        let text = "[policy]\nrule = [ { users = [\"u2\"], mode = \"off\" } ]\n  { mode = \"off\" },\n\
                    [[policy.rule]] # exempt\nmode = \"off\"\n";
        let policy = PolicyFacts {
            files: vec![("/etc/tfa/a:b.toml".to_owned(), text.to_owned())],
            ..PolicyFacts::default()
        };
        let is_added = |line: &str| {
            let host = HostFacts {
                endless_exemptions: vec![line.to_owned()],
                ..HostFacts::default()
            };
            let findings = exemptions(&host, Some(&policy));
            let command = findings[0].remedy().commands[0].clone();
            command.contains("a reason = ")
        };
        for (line, expected) in [
            ("/etc/tfa/a:b.toml:2", false),
            ("/etc/tfa/a:b.toml:3", false),
            ("/etc/tfa/a:b.toml:4", true),
            ("/etc/tfa/a:b.toml:5", true),
            ("/etc/tfa/a:b.toml:6", false),
            ("/etc/tfa/a:b.toml:0", false),
            ("/etc/tfa/other.toml:4", false),
        ] {
            assert_eq!(is_added(line), expected, "{line}");
        }
    }
}
