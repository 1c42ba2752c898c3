//! Rules of sudo that ask for nothing, as cvtsudoers(1) prints them.

use serde_json::Value;

use super::HostFacts;
use crate::facts::PolicyFacts;
use crate::finding::Finding;
use crate::messages;

const MAIN: &str = "/etc/sudoers";
/// Programs that run every command, by their file names.
const SHELLS: [&str; 9] = [
    "sh", "bash", "dash", "zsh", "ksh", "fish", "su", "runuser", "env",
];

/// A rule that asks for nothing: to whom it applies, and a word of its line.
#[derive(Debug, PartialEq, Eq)]
struct Rule {
    who: Vec<String>,
    word: &'static str,
}

/// Rules that allow every command without a password, unless the policy guards sudo; or why they are not known.
pub(super) fn without_password(host: &HostFacts, policy: Option<&PolicyFacts>) -> Vec<Finding> {
    let text = match &host.sudo_rules {
        None => return Vec::new(),
        Some(Ok(text)) => text,
        Some(Err(why)) => return vec![not_examined(why)],
    };
    let Ok(rules) = serde_json::from_str::<Value>(text) else {
        return vec![not_examined("the output of cvtsudoers is not JSON")];
    };
    let is_guarded = policy.is_none_or(|policy| policy.guards("sudo"));
    if is_guarded && !skips_account_phase(&rules) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = Vec::new();
    for rule in defaults(&rules).into_iter().chain(specifications(&rules)) {
        let place = place(host, &rule);
        let finding = Finding::beside_pam(&messages::SUDO_NOPASSWD, place, rule.who, String::new());
        if !findings.iter().any(|one| one.subject == finding.subject) {
            findings.push(finding);
        }
    }
    findings
}

fn not_examined(why: &str) -> Finding {
    let kind = &messages::SUDO_NOT_EXAMINED;
    Finding::beside_pam(kind, MAIN, Vec::new(), why.to_owned())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Whether an option has a value, in one of the objects of a list.
fn has_option(value: &Value, name: &str, expected: bool) -> bool {
    let mut options = list(value, "Options");
    options.any(|option| option.get(name).and_then(Value::as_bool) == Some(expected))
}

/// The guard refuses in the account phase, which an option of sudo leaves out.
fn skips_account_phase(rules: &Value) -> bool {
    list(rules, "Defaults").any(|entry| has_option(entry, "pam_acct_mgmt", false))
}

/// Options that switch the password off.
fn defaults(rules: &Value) -> Vec<Rule> {
    let mut found = Vec::new();
    for entry in list(rules, "Defaults") {
        if has_option(entry, "authenticate", false) {
            let bound: Vec<String> = list(entry, "Binding").filter_map(name).collect();
            let who = match bound.is_empty() {
                true => vec!["ALL".to_owned()],
                false => bound,
            };
            let word = "authenticate";
            found.push(Rule { who, word });
        }
        for group in list(entry, "Options").filter_map(|option| option.get("exempt_group")) {
            let who = vec![format!("%{}", group.as_str().unwrap_or_default())];
            let word = "exempt_group";
            found.push(Rule { who, word });
        }
    }
    found
}

/// Rules with the tag `NOPASSWD` for every command, or for a program that runs every command.
fn specifications(rules: &Value) -> Vec<Rule> {
    let mut found = Vec::new();
    for entry in list(rules, "User_Specs") {
        let who = list(entry, "User_List").filter_map(name);
        let who: Vec<String> = who.filter(|who| who != "root").collect();
        if allows_all_without_password(entry) && !who.is_empty() {
            let word = "NOPASSWD";
            found.push(Rule { who, word });
        }
    }
    found
}

/// Whether a part of a rule does, and no later one for the same targets takes it back: the last one that matches
/// a command is in force.
fn allows_all_without_password(entry: &Value) -> bool {
    let mut parts: Vec<&Value> = list(entry, "Cmnd_Specs").collect();
    while let Some(part) = parts.pop() {
        let is_open = has_option(part, "authenticate", false);
        if is_open && list(part, "Commands").any(runs_all) {
            return true;
        }
        if !is_open && list(part, "Commands").any(is_all) {
            parts.retain(|before| before.get("runasusers") != part.get("runasusers"));
        }
    }
    false
}

/// Whether every command is allowed, or a program that runs every command.
fn runs_all(command: &Value) -> bool {
    let program = allowed(command).split(' ').next().unwrap_or_default();
    let file = program.rsplit('/').next().unwrap_or_default();
    is_all(command) || SHELLS.contains(&file)
}

fn is_all(command: &Value) -> bool {
    allowed(command) == "ALL"
}

/// The command; empty for one that is excluded.
fn allowed(command: &Value) -> &str {
    let text = command.get("command").and_then(Value::as_str);
    text.filter(|_| !is_negated(command)).unwrap_or_default()
}

fn is_negated(value: &Value) -> bool {
    value.get("negated").and_then(Value::as_bool) == Some(true)
}

/// A user, a group or another name, as sudoers(5) writes it; `None` for one that is excluded.
fn name(value: &Value) -> Option<String> {
    if is_negated(value) {
        return None;
    }
    let (kind, name) = value
        .as_object()?
        .iter()
        .find(|(kind, _)| *kind != "negated")?;
    let name = match name {
        Value::String(name) => name.clone(),
        name => name.to_string(),
    };
    let prefix = match kind.as_str() {
        "usergroup" => "%",
        "userid" => "#",
        "usergid" => "%#",
        "netgroup" => "+",
        "nonunixgroup" => "%:",
        _ => "",
    };
    Some(format!("{prefix}{name}"))
}

/// The line of a rule, or the main file if it is not certain: an alias may name the user, and an included file
/// may have the rule.
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
    let mut named = lines.iter().filter(|(_, line)| names(line));
    let line = match (named.next(), lines.as_slice()) {
        (Some(line), _) | (None, [line]) => Some(line),
        _ => None,
    };
    line.map_or_else(|| MAIN.to_owned(), |(place, _)| place.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn who(rules: &Value) -> Vec<String> {
        let all = defaults(rules).into_iter().chain(specifications(rules));
        all.map(|rule| rule.who.join(",")).collect()
    }

    fn rule(parts: Value) -> Value {
        json!({"User_Specs": [{"User_List": [{"username": "bob"}], "Cmnd_Specs": parts}]})
    }

    #[test]
    fn only_rules_for_every_command_without_a_password_count() {
        for (commands, authenticate, is_open) in [
            (json!([{"command": "ALL"}]), json!(false), true),
            (json!([{"command": "ALL"}]), json!(true), false),
            (json!([{"command": "/bin/ls"}]), json!(false), false),
            (json!([{"command": "/bin/bash -l"}]), json!(false), true),
            (json!([{"command": "/usr/bin/su"}]), json!(false), true),
            (
                json!([{"command": "ALL", "negated": true}]),
                json!(false),
                false,
            ),
            (
                json!([{"command": "/bin/ls"}, {"command": "ALL"}]),
                json!(false),
                true,
            ),
        ] {
            let part = json!({"Options": [{"authenticate": authenticate}], "Commands": commands});
            let found = who(&rule(json!([part])));
            assert_eq!(!found.is_empty(), is_open, "{part}");
        }
        let without = json!([{"Commands": [{"command": "ALL"}]}]);
        assert!(who(&rule(without)).is_empty());
    }

    #[test]
    fn names_are_written_as_in_sudoers() {
        let users = json!([{"usergroup": "x"}, {"userid": 12}, {"netgroup": "n"}, {"username": "root"},
                           {"username": "joe", "negated": true}]);
        let part = json!({"Options": [{"authenticate": false}], "Commands": [{"command": "ALL"}]});
        let rules = json!({"User_Specs": [{"User_List": users, "Cmnd_Specs": [part]}]});
        assert_eq!(who(&rules), ["%x,#12,+n"]);
    }
}
