//! The actions of polkit with which users manage second factors.

use roxmltree::{Document, ParsingOptions};

use super::HostFacts;
use crate::finding::Finding;
use crate::messages;

/// To set up or change one's own, and to manage those of others.
pub(super) const ACTIONS: [&str; 2] = ["org.tfad.tfa1.enroll", "org.tfad.tfa1.manage"];
/// What a file of actions answers for users in any session, without a session at the machine, and with one.
const DEFAULTS: [&str; 3] = ["allow_any", "allow_inactive", "allow_active"];
/// More elements than any file has.
const MAX_NODES: u32 = 100_000;

/// Actions that polkit does not know, or that need no password. Without polkit there are none.
pub(super) fn examine(host: &HostFacts) -> Vec<Finding> {
    let Some(files) = &host.polkit_actions else {
        return Vec::new();
    };
    let found = |kind, place: &str, actions: &[&str]| {
        let names = actions.iter().map(|action| (*action).to_owned()).collect();
        Finding::beside_pam(kind, place, names, String::new())
    };
    let mut unknown = ACTIONS.to_vec();
    let mut findings = Vec::new();
    for (path, text) in files {
        let mut open = Vec::new();
        for (action, is_open) in actions(text) {
            unknown.retain(|one| *one != action);
            open.extend(is_open.then_some(action));
        }
        if !open.is_empty() {
            findings.push(found(&messages::POLKIT_OPEN, path, &open));
        }
    }
    if !unknown.is_empty() {
        findings.push(found(&messages::POLKIT_MISSING, "", &unknown));
    }
    findings
}

/// The actions that a file describes, and whether a user needs no password for one.
fn actions(text: &str) -> Vec<(&'static str, bool)> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    // polkit ignores a file with an error, too.
    let Ok(document) = Document::parse_with_options(text, options) else {
        return Vec::new();
    };
    let nodes = document.root_element().children();
    let known = nodes.filter_map(|node| {
        let id = node.attribute("id")?;
        let action = *ACTIONS.iter().find(|action| **action == id)?;
        let mut answers = node.descendants().filter(|answer| {
            let is_default = DEFAULTS.contains(&answer.tag_name().name());
            is_default && answer.text().map(str::trim) == Some("yes")
        });
        Some((action, answers.next().is_some()))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_the_package_ask_and_a_broken_file_describes_none() {
        let text = include_str!("../../../../packaging/polkit/org.tfad.tfa1.policy");
        assert_eq!(actions(text), ACTIONS.map(|action| (action, false)));
        let open = text.replace("auth_admin_keep</allow_any>", " yes </allow_any>");
        assert_eq!(actions(&open), [(ACTIONS[0], false), (ACTIONS[1], true)]);
        assert_eq!(actions("<policyconfig>"), []);
        assert_eq!(actions(""), []);
    }
}
