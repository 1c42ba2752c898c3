//! What polkit allows without a question. polkit itself has answered for each user; the text of its files tells
//! where an answer comes from, and what other users, sessions or details may get.

mod actions;
mod pkla;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use super::HostFacts;
use crate::finding::{Finding, Kind};
use crate::messages;

/// The actions with which users manage second factors: to set up or change one's own, and to manage those of others.
const OWN: [&str; 2] = ["org.tfad.tfa1.enroll", "org.tfad.tfa1.manage"];

/// All that a user should be asked before: these, and the actions with which a user becomes root by units and run0,
/// pkexec, or a shell.
const ALL: [&str; 8] = [
    "org.freedesktop.machine1.host-login",
    "org.freedesktop.machine1.host-shell",
    "org.freedesktop.policykit.exec",
    "org.freedesktop.systemd1.manage-unit-files",
    "org.freedesktop.systemd1.manage-units",
    "org.freedesktop.systemd1.reload-daemon",
    OWN[0],
    OWN[1],
];

/// What is known of polkit.
#[derive(Debug, Clone, Default)]
pub struct PolkitFacts {
    /// The files of actions, by their paths.
    pub actions: Vec<(String, String)>,
    /// The files of rules, by their paths.
    pub rules: Vec<(String, String)>,
    /// The files of the former local authority, by their paths.
    pub pkla: Vec<(String, String)>,
    /// What polkit allows without a question to a user outside any session: the user, and one of
    /// [`polkit_questions`].
    pub allowed: Vec<(String, String)>,
}

/// The actions that polkit is to be asked about: those of the list, and those with which pkexec(1) starts a program
/// that runs every command. The files are those of actions.
#[must_use]
pub fn polkit_questions(files: &[(String, String)]) -> Vec<String> {
    let mut all: BTreeSet<String> = ALL.map(str::to_owned).into();
    all.extend(files.iter().flat_map(|(_, text)| actions::of_shells(text)));
    all.into_iter().collect()
}

/// Without polkit nothing is allowed.
pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(polkit) = &host.polkit else {
        return Vec::new();
    };
    let mut allowed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (user, action) in &polkit.allowed {
        allowed.entry(action).or_default().insert(user);
    }
    let mut findings = actions::examine(&polkit.actions);
    let is_read = pkla::is_read(&polkit.rules);
    let in_pkla = polkit.pkla.iter();
    let in_pkla = in_pkla.filter_map(|(path, text)| pkla::examine(path, text, is_read));
    let (mut others, not_read): (Vec<_>, Vec<_>) = in_pkla.partition(|_| is_read);
    let in_rules = polkit.rules.iter();
    others.extend(in_rules.filter_map(|(path, text)| rules::examine(path, text)));
    for mut finding in others {
        let mut actions = finding.subject.names.iter();
        if actions.any(|action| allowed.contains_key(action.as_str())) {
            finding.kind = &messages::POLKIT_ALLOWS;
        }
        findings.push(finding);
    }
    for action in findings.iter().flat_map(|found| &found.subject.names) {
        allowed.remove(action.as_str());
    }
    findings.extend(not_explained(&allowed));
    findings.extend(not_read);
    findings
}

/// Actions that polkit allows, and in no file it was found why.
fn not_explained(allowed: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Finding> {
    let users: BTreeSet<&str> = allowed.values().flatten().copied().collect();
    let actions = allowed.keys().map(|action| (*action).to_owned()).collect();
    let users = Vec::from_iter(users).join(" ");
    let found = || Finding::beside_pam(&messages::POLKIT_ALLOWS, "", actions, users);
    (!allowed.is_empty()).then(found)
}

/// A finding about actions. `lines` are those of the file that have the wrong answer.
fn found(kind: &'static Kind, file: &str, actions: &[&str], lines: &[usize]) -> Finding {
    let names = actions.iter().map(|action| (*action).to_owned()).collect();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    Finding::beside_pam(kind, file, names, lines.join(" "))
}
