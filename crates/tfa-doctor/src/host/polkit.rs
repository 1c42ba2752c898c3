//! The actions of polkit with which users manage second factors.

use roxmltree::{Document, Node, ParsingOptions};

use super::HostFacts;
use crate::finding::{Finding, Kind};
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
    let mut unknown = ACTIONS.to_vec();
    let mut findings = Vec::new();
    for (path, text) in files {
        let (mut open, mut lines) = (Vec::new(), Vec::new());
        for (action, lines_with_yes) in actions(text) {
            unknown.retain(|one| *one != action);
            open.extend((!lines_with_yes.is_empty()).then_some(action));
            lines.extend(lines_with_yes);
        }
        if !open.is_empty() {
            findings.push(found(&messages::POLKIT_OPEN, path, &open, &lines));
        }
    }
    if !unknown.is_empty() {
        findings.push(found(&messages::POLKIT_MISSING, "", &unknown, &[]));
    }
    findings
}

/// A finding about actions. `lines` are those of the file that have the wrong answer.
pub(super) fn found(kind: &'static Kind, file: &str, actions: &[&str], lines: &[usize]) -> Finding {
    let names = actions.iter().map(|action| (*action).to_owned()).collect();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    Finding::beside_pam(kind, file, names, lines.join(" "))
}

/// The actions that a file describes, and the lines that let users have one without a password.
fn actions(text: &str) -> Vec<(&'static str, Vec<usize>)> {
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
        let answers = node.descendants().filter(|answer| {
            let is_default = DEFAULTS.contains(&answer.tag_name().name());
            is_default && answer.text().map(str::trim) == Some("yes")
        });
        Some((
            action,
            answers.map(|answer| line_of_text(&answer)).collect(),
        ))
    });
    known.collect()
}

/// The line in which the text of an element begins.
fn line_of_text(node: &Node<'_, '_>) -> usize {
    let start = node.first_child().map_or(0, |text| text.range().start);
    let text = node.text().unwrap_or_default();
    let blank = text.len() - text.trim_start().len();
    let row = node.document().text_pos_at(start + blank).row;
    usize::try_from(row).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_of_the_package_ask_and_a_broken_file_describes_none() {
        let text = include_str!("../../../../packaging/polkit/org.tfad.tfa1.policy");
        assert_eq!(actions(text), ACTIONS.map(|action| (action, Vec::new())));
        let line = |found: &str| text.lines().zip(1..).find(|(line, _)| line.contains(found));
        let (_, first) = line("auth_admin_keep</allow_any>").unwrap();
        let open = text
            .replace("auth_admin_keep</allow_any>", " yes </allow_any>")
            .replace("auth_admin_keep</allow_active>", "\n yes</allow_active>");
        let expected = [
            (ACTIONS[0], Vec::new()),
            (ACTIONS[1], vec![first, first + 3]),
        ];
        assert_eq!(actions(&open), expected);
        assert_eq!(actions("<policyconfig>"), []);
        assert_eq!(actions(""), []);
    }
}
