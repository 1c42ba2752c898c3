//! The files of the former local authority of polkit (`.pkla`). Only a host with the package polkitd-pkla reads them: its
//! rule calls a program that evaluates them.

use super::{ALL, found};
use crate::finding::Finding;
use crate::messages;
use crate::sshd::matching::pattern::matches;

/// What the rule calls.
const PROGRAM: &str = "pkla-check-authorization";
/// The keys with the answers, as in pkla-check-authorization(8).
const ANSWERS: [&str; 3] = ["ResultAny", "ResultInactive", "ResultActive"];

/// Whether polkit has the rule that reads the files. The rules are paths with their texts.
pub(super) fn is_read(rules: &[(String, String)]) -> bool {
    rules.iter().any(|(_, text)| text.contains(PROGRAM))
}

/// A file that allows some of the actions without a question.
pub(super) fn examine(path: &str, text: &str, is_read: bool) -> Option<Finding> {
    let (mut actions, mut lines) = (Vec::new(), Vec::new());
    for group in groups(text) {
        if !group.yes.is_empty() && !group.actions.is_empty() {
            actions.extend(group.actions);
            lines.extend(group.yes);
        }
    }
    actions.sort_unstable();
    actions.dedup();
    let kind = match is_read {
        true => &messages::POLKIT_YES,
        false => &messages::POLKIT_NOT_READ,
    };
    (!actions.is_empty()).then(|| found(kind, path, &actions, &lines))
}

/// A group of a file.
#[derive(Default)]
struct Group {
    /// Those of the actions that its patterns match.
    actions: Vec<&'static str>,
    /// The lines with the answer that asks for nothing.
    yes: Vec<usize>,
}

/// The groups of a file, in the form of the key files of GLib.
fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.starts_with('[') {
            groups.push(Group::default());
        }
        let (Some(group), Some((key, value))) = (groups.last_mut(), line.split_once('=')) else {
            continue;
        };
        match (key.trim(), value.trim()) {
            ("Action", patterns) => {
                let patterns: Vec<&str> = patterns.split(';').map(str::trim).collect();
                let is_meant =
                    |action: &&str| patterns.iter().any(|pattern| matches(pattern, action));
                group.actions = ALL.into_iter().filter(is_meant).collect();
            }
            (key, "yes") if ANSWERS.contains(&key) => group.yes.push(number),
            _ => {}
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_its_own_actions_and_answers() {
        let text = "# site\n[mounts]\nIdentity=unix-group:disk\nAction=org.freedesktop.udisks2.*\n\
                    ResultAny=yes\n\n[phones]\nIdentity=unix-user:*\n\
                    Action=org.example.a;org.tfad.tfa1.*;\nResultAny=auth_admin\nResultActive = yes\n";
        let finding = examine("/x.pkla", text, true).unwrap();
        assert_eq!(finding.subject.names, super::super::OWN);
        assert_eq!(finding.subject.detail, "11");
        assert_eq!(finding.kind.id, messages::POLKIT_YES.id);
        assert!(examine("/x.pkla", &text.replace("= yes", "= no"), true).is_none());
        let all = text.replace("org.freedesktop.udisks2.*", "*");
        let finding = examine("/x.pkla", &all, false).unwrap();
        assert_eq!(finding.subject.names.len(), ALL.len());
        assert_eq!(finding.subject.detail, "5 11");
    }
}
