//! The variables that users may give a command of sudo: with those of the dynamic loader, it runs a program of theirs.

use serde_json::Value;

use super::rules::{Rule, list, with_value};
use crate::sshd::matching::pattern;

/// The variables of ld.so(8) that load a file.
const LOADER: [&str; 3] = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];

/// What the `Defaults` lines say of them.
#[derive(Debug)]
pub(super) struct Environment {
    /// The users of whom each variable is taken.
    set_by: Vec<Rule>,
    /// A variable of the loader is kept.
    keeps_loader: bool,
}

impl Environment {
    pub(super) fn of(rules: &Value) -> Self {
        let mut kept: Vec<&str> = Vec::new();
        let options = list(rules, "Defaults").flat_map(|entry| list(entry, "Options"));
        for option in options {
            let names: Vec<&str> = list(option, "env_keep").filter_map(Value::as_str).collect();
            match option.get("operation").and_then(Value::as_str) {
                _ if option.get("env_keep").is_none() => {}
                Some("list_add") => kept.extend(names),
                Some("list_remove") => kept.retain(|name| !names.contains(name)),
                _ => kept = names,
            }
        }
        let is_of_loader = |name: &&str| {
            let mut variables = LOADER.iter();
            // A value may stand behind the name.
            let name = name.split('=').next().unwrap_or_default();
            variables.any(|variable| pattern::matches(name, variable))
        };
        Self {
            set_by: with_value(rules, "setenv", |value| value == true),
            keeps_loader: kept.iter().any(is_of_loader),
        }
    }

    /// Whether users may give a variable of the loader to a part of a rule. `tag` is SETENV or NOSETENV.
    pub(super) fn is_open(&self, who: &[String], tag: Option<bool>) -> bool {
        let is_of = |rule: &Rule| rule.who.iter().any(|one| one == "ALL" || who.contains(one));
        self.keeps_loader || tag.unwrap_or_else(|| self.set_by.iter().any(is_of))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_tag_comes_before_the_option_and_the_last_list_counts() {
        let alice = ["alice".to_owned()];
        let is_open = |defaults: &[Value], tag| {
            let rules = json!({ "Defaults": defaults });
            Environment::of(&rules).is_open(&alice, tag)
        };
        let keep = |operation: &str, name: &str| json!({"Options": [{"operation": operation, "env_keep": ["LANG", name]}]});
        let setenv = json!({"Options": [{"setenv": true}]});
        let of_bob = json!({"Binding": [{"username": "bob"}], "Options": [{"setenv": true}]});
        assert!(!is_open(&[], None) && is_open(&[], Some(true)));
        assert!(is_open(std::slice::from_ref(&setenv), None));
        assert!(!is_open(&[setenv], Some(false)));
        assert!(!is_open(&[of_bob], None));
        assert!(is_open(&[keep("list_add", "LD_PRELOAD")], Some(false)));
        assert!(is_open(&[keep("list_assign", "LD_*")], None));
        assert!(!is_open(
            &[keep("list_add", "LD_*"), keep("list_remove", "LD_*")],
            None
        ));
        assert!(!is_open(
            &[keep("list_add", "LD_*"), keep("list_assign", "TERM")],
            None
        ));
    }
}
