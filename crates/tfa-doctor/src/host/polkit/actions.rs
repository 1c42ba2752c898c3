//! The files of actions of polkit, and what they answer where no rule does.

use roxmltree::{Document, Node, ParsingOptions};

use super::{OWN, found};
use crate::finding::Finding;
use crate::host::sudo;
use crate::messages;

/// What a file of actions answers for users in any session, without a session at the machine, and with one.
const DEFAULTS: [&str; 3] = ["allow_any", "allow_inactive", "allow_active"];
/// The annotation with the program that pkexec(1) starts under an action.
const PROGRAM: &str = "org.freedesktop.policykit.exec.path";
/// More elements than any file has.
const MAX_NODES: u32 = 100_000;

/// Actions of the package that polkit does not know, or that need no password.
pub(super) fn examine(files: &[(String, String)]) -> Vec<Finding> {
    let mut unknown = OWN.to_vec();
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

/// The actions with which pkexec(1) starts a program that runs every command.
pub(super) fn of_shells(text: &str) -> Vec<String> {
    let Some(document) = parsed(text) else {
        return Vec::new();
    };
    let is_shell = |node: &Node<'_, '_>| {
        let mut annotations = node.children().filter(|child| {
            child.has_tag_name("annotate") && child.attribute("key") == Some(PROGRAM)
        });
        annotations.any(|program| sudo::runs_all(program.text().unwrap_or_default().trim()))
    };
    let actions = document.root_element().children().filter(is_shell);
    let names = actions.filter_map(|node| node.attribute("id"));
    names.map(str::to_owned).collect()
}

/// The actions of the package that a file describes, and the lines that let users have one without a password.
fn actions(text: &str) -> Vec<(&'static str, Vec<usize>)> {
    let Some(document) = parsed(text) else {
        return Vec::new();
    };
    let nodes = document.root_element().children();
    let known = nodes.filter_map(|node| {
        let id = node.attribute("id")?;
        let action = *OWN.iter().find(|action| **action == id)?;
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

/// polkit ignores a file with an error, too.
fn parsed(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions {
        allow_dtd: true,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).ok()
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
        let text = include_str!("../../../../../packaging/polkit/org.tfad.tfa1.policy");
        assert_eq!(actions(text), OWN.map(|action| (action, Vec::new())));
        let line = |found: &str| text.lines().zip(1..).find(|(line, _)| line.contains(found));
        let (_, first) = line("auth_admin_keep</allow_any>").unwrap();
        let open = text
            .replace("auth_admin_keep</allow_any>", " yes </allow_any>")
            .replace("auth_admin_keep</allow_active>", "\n yes</allow_active>");
        let expected = [(OWN[0], Vec::new()), (OWN[1], vec![first, first + 3])];
        assert_eq!(actions(&open), expected);
        assert_eq!(actions("<policyconfig>"), []);
        assert_eq!(actions(""), []);
    }

    #[test]
    fn programs_that_run_every_command_are_asked_about() {
        let action = |id: &str, program: &str| {
            format!(
                "<action id='{id}'><defaults><allow_any>yes</allow_any></defaults>\
                 <annotate key='{PROGRAM}'> {program} </annotate></action>"
            )
        };
        let actions = [
            action("org.example.shell", "/usr/bin/bash"),
            action("org.example.light", "/usr/sbin/backlight"),
        ];
        let text = format!("<policyconfig>{}</policyconfig>", actions.concat());
        assert_eq!(of_shells(&text), ["org.example.shell"]);
        let asked = super::super::polkit_questions(&[("/x".to_owned(), text)]);
        assert_eq!(asked.len(), super::super::ALL.len() + 1);
    }
}
