//! The text of the rules of polkit. It is searched, and not evaluated: a rule may allow an action to some users, or in
//! some sessions.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::messages;

/// A file with a rule that allows something: one of the actions, all that begin as one, or no certain ones.
pub(super) fn examine(path: &str, text: &str) -> Option<Finding> {
    let code = text.lines().map(|line| match line.trim_start() {
        comment if comment.starts_with("//") => "",
        _ => line,
    });
    let code: Vec<&str> = code.collect();
    let code = code.join("\n");
    let mut actions = BTreeSet::new();
    let mut lines = Vec::new();
    let mut first = 1;
    for rule in code.split("addRule") {
        let allowed = allowed(rule);
        if !allowed.is_empty() {
            let numbered = rule.split('\n').zip(first..);
            lines.extend(numbered.filter_map(|(line, number)| says_yes(line).then_some(number)));
        }
        actions.extend(allowed);
        first += rule.matches('\n').count();
    }
    let names: Vec<&str> = actions.into_iter().collect();
    let found = || super::found(&messages::POLKIT_YES, path, &names, &lines);
    (!names.is_empty()).then(found)
}

/// Whether a text has the answer that asks for nothing.
fn says_yes(text: &str) -> bool {
    let mut answers = ["Result.YES", "\"yes\"", "'yes'"].iter();
    answers.any(|yes| text.contains(yes))
}

/// The actions that a rule may allow.
fn allowed(rule: &str) -> Vec<&'static str> {
    if !says_yes(rule) {
        return Vec::new();
    }
    let named: Vec<&str> = rule
        .split(['"', '\''])
        .filter(|text| text.matches('.').count() > 1 && !text.contains(' '))
        .collect();
    let is_named =
        |action: &&str| named.is_empty() || named.iter().any(|name| action.starts_with(name));
    super::ALL.into_iter().filter(is_named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_polkit_for_all_actions_or_a_prefix_counts() {
        let count = |rule: &str| {
            let text = format!("polkit.addRule(function(action, subject) {{ {rule} }});");
            examine("/x", &text).map_or(0, |finding| finding.subject.names.len())
        };
        for (rule, expected) in [
            (
                "if (subject.isInGroup('wheel')) return polkit.Result.YES;",
                super::super::ALL.len(),
            ),
            (
                "if (action.id.indexOf('org.freedesktop.systemd1.') == 0) return 'yes';",
                3,
            ),
            (
                "if (action.id == 'org.freedesktop.machine1.host-shell') return polkit.Result.YES;",
                1,
            ),
            (
                "if (action.id == 'org.freedesktop.hostname1.set-hostname') return polkit.Result.YES;",
                0,
            ),
            (
                "if (action.id == 'org.tfad.tfa1.manage') return polkit.Result.AUTH_ADMIN;",
                0,
            ),
        ] {
            assert_eq!(count(rule), expected, "{rule}");
        }
    }
}
