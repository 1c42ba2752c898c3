//! Rules of sudo that ask for nothing.

mod commands;
mod edited;
mod environment;
mod rules;

use std::collections::BTreeSet;

use serde_json::Value;

use super::HostFacts;
use crate::facts::PolicyFacts;
use crate::finding::Finding;
use crate::messages;
pub(super) use commands::runs_all;
use rules::{Part, Rule};

const MAIN: &str = "/etc/sudoers";

/// The PAM services that sudo uses, or may use, by its rules in the JSON of cvtsudoers(1). None if they are not JSON.
#[must_use]
pub fn sudo_services(rules: &str) -> BTreeSet<String> {
    let rules = serde_json::from_str(rules).unwrap_or(Value::Null);
    let named = rules::services(&rules).into_iter();
    named.map(str::to_owned).collect()
}

/// The programs that users may run without a password, as their rules name them, by their paths.
#[must_use]
pub fn sudo_programs(rules: &str) -> BTreeSet<String> {
    let rules = serde_json::from_str(rules).unwrap_or(Value::Null);
    let parts = rules::parts_without_password(&rules, None);
    let programs = parts.iter().flat_map(Part::programs);
    programs.map(str::to_owned).collect()
}

/// Rules that allow every command without a password, unless the policy guards sudo, and rules that leave the
/// account phase out; or why they are not known.
pub(super) fn examine(host: &HostFacts, policy: Option<&PolicyFacts>) -> Vec<Finding> {
    let text = match &host.sudo_rules {
        None => return Vec::new(),
        Some(Ok(text)) => text,
        Some(Err(why)) => return vec![not_examined(why)],
    };
    let Ok(all) = serde_json::from_str::<Value>(text) else {
        return vec![not_examined("the output of cvtsudoers is not JSON")];
    };
    let mut findings = Vec::new();
    let skipped = rules::switched_off(&all, "pam_acct_mgmt");
    if policy.is_some_and(|policy| policy.requires) {
        for rule in &skipped {
            let place = place(host, rule);
            let who = rule.who.clone();
            let kind = &messages::SUDO_ACCOUNT_SKIPPED;
            findings.push(Finding::beside_pam(kind, place, who, String::new()));
        }
    }
    for (kind, rules) in [
        (&messages::SUDO_TICKETS, rules::long_tickets(&all)),
        (&messages::SUDO_OTHER_PASSWORD, rules::other_passwords(&all)),
    ] {
        for rule in rules {
            let place = place(host, &rule);
            let option = rule.word.to_owned();
            findings.push(Finding::beside_pam(kind, place, rule.who, option));
        }
    }
    let services = rules::services(&all);
    let is_guarded = |policy: &PolicyFacts| services.iter().all(|name| policy.guards(name));
    // The guard refuses in the account phase.
    if !skipped.is_empty() || !policy.is_none_or(is_guarded) {
        findings.extend(without_password(host, &all));
    }
    findings
}

fn without_password(host: &HostFacts, all: &Value) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let parts = rules::parts_without_password(all, host.name.as_deref());
    let of_parts = parts.iter().filter(|part| part.runs_all()).map(Part::rule);
    for rule in rules::defaults(all).into_iter().chain(of_parts) {
        let place = place(host, &rule);
        let detail = match rule.program.as_str() {
            "" => rule.word.to_owned(),
            _ => rule.program,
        };
        let finding = Finding::beside_pam(&messages::SUDO_NOPASSWD, place, rule.who, detail);
        if !findings.iter().any(|one| one.subject == finding.subject) {
            findings.push(finding);
        }
    }
    let expressions = parts.iter().filter_map(Part::expression);
    let why = expressions.map(|text| format!("{text} is a regular expression"));
    findings.extend(why.map(|why| not_examined(&why)));
    findings
}

fn not_examined(why: &str) -> Finding {
    let kind = &messages::SUDO_NOT_EXAMINED;
    Finding::beside_pam(kind, MAIN, Vec::new(), why.to_owned())
}

/// The line of a rule, or the main file if it is not certain: an included file may have the rule. The only line with
/// the word counts if it names an alias, which begins with a capital letter, and may be that of the user.
fn place(host: &HostFacts, rule: &Rule) -> String {
    let lines = host.sudoers.iter().flat_map(|(path, text)| {
        let lines = text.lines().zip(1..);
        lines.map(move |(line, number)| (format!("{path}:{number}"), line))
    });
    let has_word = |(_, line): &(String, &str)| {
        !line.trim_start().starts_with('#') && line.contains(rule.word)
    };
    let lines: Vec<(String, &str)> = lines.filter(has_word).collect();
    let names = |line: &str| {
        let mut words = line.split([' ', '\t', ',', '=', ':']);
        words.any(|word| rule.who.iter().any(|who| who == word))
    };
    let named: Vec<&(String, &str)> = lines.iter().filter(|(_, line)| names(line)).collect();
    let of_command = named
        .iter()
        .find(|(_, line)| has_command(line, &rule.program));
    let line = match (of_command.or(named.first()), lines.as_slice()) {
        // Which of them is not certain.
        (Some((place, _)), _) if of_command.is_none() && named.len() > 1 => {
            return file_of(place);
        }
        (Some(line), _) => Some(*line),
        (None, [line])
            if line
                .1
                .trim_start()
                .starts_with(|c: char| c.is_ascii_uppercase()) =>
        {
            Some(line)
        }
        _ => None,
    };
    line.map_or_else(|| MAIN.to_owned(), |(place, _)| place.clone())
}

/// Whether a line allows a command, or every one if it is empty, as a whole word of its list.
fn has_command(line: &str, command: &str) -> bool {
    let command = match command {
        "" => "ALL",
        command => command,
    };
    line.match_indices(command).any(|(at, _)| {
        let before = line.get(..at).unwrap_or_default().trim_end();
        let after = line.get(at + command.len()..).unwrap_or_default();
        let after = after.trim_start();
        let is_begin = before.ends_with([':', ',', '=', ')']);
        is_begin && (after.is_empty() || after.starts_with([',', '\\', '#']))
    })
}

/// The file of a place with a line.
fn file_of(place: &str) -> String {
    let file = place.rsplit_once(':');
    file.map_or(place, |(file, _)| file).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_in_the_line_that_has_its_command() {
        let text = "# alice\nalice ALL=(root) NOPASSWD: /usr/bin/vi\n\
                    alice ALL=(root) NOPASSWD: /usr/bin/vim, /bin/ls\nalice ALL=(root) NOPASSWD:ALL\n\
                    bob ALL=(ALL) NOPASSWD: TOOLS\n";
        let host = HostFacts {
            sudoers: vec![("/etc/sudoers.d/a".to_owned(), text.to_owned())],
            ..HostFacts::default()
        };
        let place = |who: &str, program: &str| {
            place(
                &host,
                &Rule {
                    who: vec![who.to_owned()],
                    word: messages::NOPASSWD,
                    program: program.to_owned(),
                },
            )
        };
        assert_eq!(place("alice", "/usr/bin/vi"), "/etc/sudoers.d/a:2");
        assert_eq!(place("alice", "/usr/bin/vim"), "/etc/sudoers.d/a:3");
        assert_eq!(place("alice", ""), "/etc/sudoers.d/a:4");
        assert_eq!(place("alice", "/usr/bin/less"), "/etc/sudoers.d/a");
        assert_eq!(place("bob", "/usr/bin/less"), "/etc/sudoers.d/a:5");
    }
}
