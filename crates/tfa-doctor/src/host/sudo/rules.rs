//! The rules of sudo, as cvtsudoers(1) prints them: who need not give a password for what.

use std::collections::BTreeSet;

use serde_json::Value;

use super::commands;
use super::environment::Environment;
use crate::messages;

/// The PAM services of sudo: for a command, and on Debian for a login shell (`sudo -i`).
const SERVICES: [&str; 2] = ["sudo", "sudo-i"];
/// The options that name others.
const SERVICE_OPTIONS: [&str; 3] = ["pam_service", "pam_login_service", "pam_askpass_service"];

/// A rule: to whom it applies, and a word of its line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) who: Vec<String>,
    pub(super) word: &'static str,
    /// The program that runs every command; empty if the rule is for each command.
    pub(super) program: String,
}

/// A part of a rule: users, whom they run commands as, and commands.
#[derive(Debug)]
pub(super) struct Part<'a> {
    who: Vec<String>,
    runas: [Option<&'a Value>; 2],
    commands: Vec<&'a str>,
    /// The users may give a command variables with which it runs every command.
    has_open_environment: bool,
}

impl Part<'_> {
    pub(super) fn rule(&self) -> Rule {
        Rule {
            who: self.who.clone(),
            word: messages::NOPASSWD,
            program: match self.allows_all() {
                true => String::new(),
                false => self.open_command().unwrap_or_default().to_owned(),
            },
        }
    }

    /// Whether every command is allowed, or a program that runs every command.
    pub(super) fn runs_all(&self) -> bool {
        self.allows_all() || self.open_command().is_some()
    }

    fn allows_all(&self) -> bool {
        self.commands.contains(&"ALL")
    }

    fn open_command(&self) -> Option<&str> {
        let mut commands = self.commands.iter().copied();
        commands.find(|command| self.has_open_environment || commands::runs_all(command))
    }

    /// The paths of the programs, without patterns.
    pub(super) fn programs(&self) -> impl Iterator<Item = &str> {
        let programs = self
            .commands
            .iter()
            .map(|command| commands::program(command));
        programs.filter(|path| path.starts_with('/') && !path.contains(['*', '?', '[', '\\']))
    }

    /// A command that is a regular expression, and may allow such a program.
    pub(super) fn expression(&self) -> Option<&str> {
        let mut commands = self.commands.iter().copied();
        commands.find(|command| commands::is_expression(command))
    }

    /// Whether this part, for every command, is in force in place of another one before it.
    fn overrides(&self, other: &Part<'_>) -> bool {
        let has = |who: &String| who == "ALL" || self.who.contains(who);
        let has_all = self.who.iter().any(|who| who == "ALL");
        self.runas == other.runas && (has_all || other.who.iter().all(has))
    }
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// The value of an option that is on or off.
fn flag(value: &Value, name: &str) -> Option<bool> {
    list(value, "Options")
        .filter_map(|option| option.get(name)?.as_bool())
        .last()
}

/// The PAM services that sudo uses, or may use.
pub(super) fn services(rules: &Value) -> BTreeSet<&str> {
    let options = list(rules, "Defaults").flat_map(|entry| list(entry, "Options"));
    let named = options.flat_map(|option| SERVICE_OPTIONS.map(|name| option.get(name)));
    let named = named.flatten().filter_map(Value::as_str);
    named.chain(SERVICES).collect()
}

/// For whom an option has such a value. The last value for the same users is in force.
pub(super) fn with_value(
    rules: &Value,
    option: &'static str,
    is_so: impl Fn(&Value) -> bool,
) -> Vec<Rule> {
    let mut values: Vec<(Option<&Value>, &Value)> = Vec::new();
    for entry in list(rules, "Defaults") {
        let found = list(entry, "Options").filter_map(|one| one.get(option));
        if let Some(value) = found.last() {
            let bound = entry.get("Binding");
            values.retain(|(known, _)| *known != bound);
            values.push((bound, value));
        }
    }
    let found = values.into_iter().filter(|(_, value)| is_so(value));
    let rule = |(bound, _): (Option<&Value>, &Value)| Rule {
        who: bound_to(bound),
        word: option,
        program: String::new(),
    };
    found.map(rule).collect()
}

/// For whom an answer of before counts without an end, or in each session.
pub(super) fn long_tickets(rules: &Value) -> Vec<Rule> {
    let is_negative = |value: &Value| match value {
        Value::String(text) => text.starts_with('-'),
        value => value.as_f64().is_some_and(|minutes| minutes < 0.0),
    };
    let mut found = with_value(rules, "timestamp_timeout", is_negative);
    found.extend(with_value(rules, "timestamp_type", |value| {
        value == "global"
    }));
    found.extend(with_value(rules, "tty_tickets", |value| value == false));
    found
}

/// Of whom sudo asks for the password of another user.
pub(super) fn other_passwords(rules: &Value) -> Vec<Rule> {
    let options = ["rootpw", "targetpw", "runaspw"].into_iter();
    options
        .flat_map(|option| with_value(rules, option, |value| value == true))
        .collect()
}

/// For whom an option is off.
pub(super) fn switched_off(rules: &Value, option: &'static str) -> Vec<Rule> {
    with_value(rules, option, |value| value == false)
}

/// Those to whom an option applies. One that is bound to commands applies to all users of them.
fn bound_to(bound: Option<&Value>) -> Vec<String> {
    let bound = bound.and_then(Value::as_array).into_iter().flatten();
    let of_users =
        bound.filter(|one| one.get("command").is_none() && one.get("hostname").is_none());
    let names: Vec<String> = of_users.filter_map(name).collect();
    match names.is_empty() {
        true => vec!["ALL".to_owned()],
        false => names,
    }
}

/// Options that switch the password off for every command.
pub(super) fn defaults(rules: &Value) -> Vec<Rule> {
    let is_for_others = |entry: &Value| {
        let commands: Vec<&str> = list(entry, "Binding").filter_map(command).collect();
        !commands.is_empty() && !commands.iter().any(|command| commands::runs_all(command))
    };
    let entries = list(rules, "Defaults").filter(|entry| !is_for_others(entry));
    let entries: Vec<&Value> = entries.collect();
    let all = serde_json::json!({ "Defaults": entries });
    let mut found = switched_off(&all, messages::AUTHENTICATE);
    let options = entries.into_iter().flat_map(|entry| list(entry, "Options"));
    for group in options.filter_map(|option| option.get("exempt_group")) {
        let who = vec![format!("%{}", group.as_str().unwrap_or_default())];
        let (word, program) = (messages::EXEMPT_GROUP, String::new());
        found.push(Rule { who, word, program });
    }
    found
}

/// The parts of rules that ask for no password, on a host with this name. The last part that matches a command
/// is in force.
pub(super) fn parts_without_password<'a>(rules: &'a Value, host: Option<&str>) -> Vec<Part<'a>> {
    // The host may have another name then.
    let has_other_name = list(rules, "Defaults").any(|entry| flag(entry, "fqdn") == Some(true));
    let host = host.filter(|_| !has_other_name);
    let environment = Environment::of(rules);
    let entries: Vec<&Value> = list(rules, "User_Specs").collect();
    let (mut found, mut closed): (Vec<Part<'_>>, Vec<Part<'_>>) = (Vec::new(), Vec::new());
    for entry in entries.into_iter().rev() {
        if host.is_some_and(|host| is_for_other_hosts(entry, host)) {
            continue;
        }
        let parts: Vec<&Value> = list(entry, "Cmnd_Specs").collect();
        for value in parts.into_iter().rev() {
            let part = part(entry, value, &environment);
            let is_open = flag(value, "authenticate") == Some(false);
            if is_open && !part.who.is_empty() && !closed.iter().any(|one| one.overrides(&part)) {
                found.push(part);
            } else if !is_open && part.commands.contains(&"ALL") && always_applies(entry, value) {
                closed.push(part);
            }
        }
    }
    found.reverse();
    found
}

fn part<'a>(entry: &'a Value, value: &'a Value, environment: &Environment) -> Part<'a> {
    let who = list(entry, "User_List").filter_map(name);
    let who: Vec<String> = who.filter(|who| who != "root").collect();
    Part {
        has_open_environment: environment.is_open(&who, flag(value, "setenv")),
        who,
        runas: ["runasusers", "runasgroups"].map(|key| value.get(key)),
        commands: list(value, "Commands").filter_map(command).collect(),
    }
}

/// Whether a part applies to all of its users, on each host and at each time.
fn always_applies(entry: &Value, part: &Value) -> bool {
    let is_plain = |option: &Value| {
        option
            .get("setenv")
            .or(option.get("authenticate"))
            .is_some()
    };
    let mut hosts = list(entry, "Host_List");
    !list(entry, "User_List").any(is_negated)
        && hosts.all(|host| is_named(host, "ALL") && !is_negated(host))
        && list(part, "Options").all(is_plain)
}

/// Whether a rule applies to hosts with other names only. What is no plain name may be this host.
fn is_for_other_hosts(entry: &Value, host: &str) -> bool {
    let label = |name: &str| name.split('.').next().map(str::to_ascii_lowercase);
    let is_other = |one: &Value| {
        let name = one.get("hostname").and_then(Value::as_str);
        name.is_some_and(|name| {
            name != "ALL" && !name.contains(['*', '?', '[', '\\']) && label(name) != label(host)
        })
    };
    let mut hosts = list(entry, "Host_List").peekable();
    hosts.peek().is_some() && hosts.all(|one| is_negated(one) || is_other(one))
}

fn is_named(host: &Value, name: &str) -> bool {
    host.get("hostname").and_then(Value::as_str) == Some(name)
}

/// The command; `None` for one that is excluded.
fn command(value: &Value) -> Option<&str> {
    let text = value.get("command").and_then(Value::as_str);
    text.filter(|_| !is_negated(value))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn who(rules: &Value) -> Vec<String> {
        let parts = parts_without_password(rules, Some("web1.example.org"));
        let open = parts.iter().filter(|part| part.runs_all()).map(Part::rule);
        let all = defaults(rules).into_iter().chain(open);
        all.map(|rule| rule.who.join(",")).collect()
    }

    fn entry(user: &str, host: &str, authenticate: Option<bool>, command: &str) -> Value {
        let options: Vec<Value> = authenticate
            .iter()
            .map(|is| json!({"authenticate": is}))
            .collect();
        json!({
            "User_List": [{"username": user}],
            "Host_List": [{"hostname": host}],
            "Cmnd_Specs": [{"Options": options, "Commands": [{"command": command}]}],
        })
    }

    fn open(entries: &[Value]) -> bool {
        !who(&json!({ "User_Specs": entries })).is_empty()
    }

    #[test]
    fn only_rules_for_every_command_without_a_password_count() {
        for (authenticate, command, is_open) in [
            (Some(false), "ALL", true),
            (Some(true), "ALL", false),
            (None, "ALL", false),
            (Some(false), "/bin/ls", false),
            (Some(false), "/bin/bash -l", true),
            (Some(false), "/usr/bin/*", true),
        ] {
            let entry = entry("bob", "ALL", authenticate, command);
            assert_eq!(open(&[entry]), is_open, "{authenticate:?} {command}");
        }
    }

    #[test]
    fn the_last_rule_for_the_same_users_is_in_force() {
        let free = || entry("bob", "ALL", Some(false), "ALL");
        let asks = |who, host| entry(who, host, None, "ALL");
        assert!(!open(&[free(), asks("bob", "ALL")]));
        assert!(!open(&[free(), asks("ALL", "ALL")]));
        assert!(open(&[asks("bob", "ALL"), free()]));
        assert!(open(&[free(), asks("amy", "ALL")]));
        assert!(open(&[free(), asks("bob", "web1")]));
        assert!(open(&[free(), entry("bob", "ALL", None, "/bin/ls")]));
        let mut later = asks("bob", "ALL");
        later["Cmnd_Specs"][0]["runasusers"] = json!([{"username": "www"}]);
        assert!(open(&[free(), later]));
        let mut ended = asks("bob", "ALL");
        ended["Cmnd_Specs"][0]["Options"] = json!([{"notafter": "20200101000000Z"}]);
        assert!(open(&[free(), ended]));
        let mut not_all = asks("ALL", "ALL");
        not_all["User_List"] = json!([{"username": "ALL"}, {"username": "bob", "negated": true}]);
        assert!(open(&[free(), not_all]));
    }

    #[test]
    fn programs_without_a_password_are_named_by_their_paths() {
        let entries = [
            entry("bob", "ALL", Some(false), "/home/bob/deploy.sh -x"),
            entry("bob", "ALL", Some(false), "/opt/*/run"),
            entry("bob", "ALL", Some(false), "ALL"),
            entry("bob", "ALL", None, "/srv/asks"),
        ];
        let rules = json!({ "User_Specs": entries });
        let parts = parts_without_password(&rules, None);
        let programs: Vec<&str> = parts.iter().flat_map(Part::programs).collect();
        assert_eq!(programs, ["/home/bob/deploy.sh"]);
    }

    #[test]
    fn rules_for_other_hosts_are_passed_over() {
        let on = |host| open(&[entry("bob", host, Some(false), "ALL")]);
        assert!(!on("db1") && !on("web2.example.org"));
        assert!(on("WEB1") && on("web1.example.org") && on("web*") && on("ALL"));
        let mut network = entry("bob", "db1", Some(false), "ALL");
        network["Host_List"] = json!([{"networkaddr": "192.0.2.0/24"}]);
        assert!(open(&[network]));
        let rules = json!({
            "Defaults": [{"Options": [{"fqdn": true}]}],
            "User_Specs": [entry("bob", "db1", Some(false), "ALL")],
        });
        assert_eq!(who(&rules), ["bob"]);
    }

    #[test]
    fn the_last_value_of_an_option_is_in_force() {
        let bound = json!([{"username": "bob"}]);
        let off = || json!({"Options": [{"authenticate": false}]});
        let on = || json!({"Options": [{"authenticate": true}]});
        let of_bob = || json!({"Binding": bound, "Options": [{"authenticate": false}]});
        let of_ls =
            json!({"Binding": [{"command": "/bin/ls"}], "Options": [{"authenticate": false}]});
        let who = |entries: &[Value]| who(&json!({ "Defaults": entries }));
        assert_eq!(who(&[off()]), ["ALL"]);
        assert!(who(&[off(), on()]).is_empty());
        assert_eq!(who(&[of_bob(), on()]), ["bob"]);
        assert!(who(&[of_ls]).is_empty());
    }

    #[test]
    fn services_that_options_name_are_those_of_sudo() {
        let rules = json!({"Defaults": [
            {"Options": [{"pam_service": "x"}]},
            {"Binding": [{"username": "bob"}], "Options": [{"pam_login_service": "y"}]},
        ]});
        assert_eq!(
            Vec::from_iter(services(&rules)),
            ["sudo", "sudo-i", "x", "y"]
        );
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
