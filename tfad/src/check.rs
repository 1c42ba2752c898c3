//! What an administrator should look at in a configuration that can be used: names that this host does
//! not know, files that are not read. `tfad --check` tells it, and the daemon when it takes one up.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::unistd::{Gid, Group as Entry, User};
use tfa_core::{Group, Policy, Rule};

use crate::config::{BadConfig, Config, Reading, Trust};
use crate::groups;
use crate::journal::quoted;

/// How long names are looked up.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the configuration, and returns its warnings.
///
/// # Errors
/// [`BadConfig`] with the places of all mistakes.
pub fn check(file: &Path, trust: &Trust) -> Result<Vec<String>, BadConfig> {
    Ok(warnings(Config::read(file, trust)?))
}

/// What should be looked at. These are no mistakes, for a directory may be down. Takes up to
/// [`PATIENCE`].
#[must_use]
pub fn warnings(reading: Reading) -> Vec<String> {
    let Reading { config, ignored } = reading;
    let policy = config.policy;
    let mut notes = Vec::new();
    for path in ignored {
        notes.push(format!(
            "{} is not read: only files whose names end in .toml are",
            quoted(&path.display().to_string())
        ));
    }
    if policy.is_off() && !policy.rules.is_empty() {
        notes.push(format!(
            "{}: mode is off, so no rule is gone through",
            policy.otherwise.source
        ));
    }
    // A directory that hangs must not keep a reload from its end.
    let (told, names) = mpsc::channel();
    let look_up = move || told.send(looked_up(&policy));
    let thread = thread::Builder::new().spawn(look_up);
    match thread.ok().and_then(|_| names.recv_timeout(PATIENCE).ok()) {
        Some(names) => notes.extend(names),
        None => notes.push(
            "the name service does not answer: whether the host knows the groups and users of the \
             rules was not looked up"
                .to_owned(),
        ),
    }
    notes
}

/// What the name service does not know, or does not answer for.
fn looked_up(policy: &Policy) -> Vec<String> {
    let mut notes: Vec<String> = policy.rules.iter().flat_map(unknown).collect();
    if !policy.groups().is_empty() && !groups::are_answered_for() {
        notes.push(
            "a source of groups in /etc/nsswitch.conf does not answer now. While that is so, it is \
             not known who is in none of the rules' groups"
                .to_owned(),
        );
    }
    notes
}

fn unknown(rule: &Rule) -> Vec<String> {
    let place = &rule.terms.source;
    let groups = rule
        .groups
        .iter()
        .filter(|group| !is_known(group))
        .map(|group| {
            format!(
                "{place}: this host knows no group {} now. While that is so, every user who has not \
                 set up two-factor login, root included, is refused where this rule would make a \
                 difference",
                quoted(&group.to_string())
            )
        });
    let users = rule.users.iter().filter(|name| !is_user(name)).map(|name| {
        let name = quoted(name);
        format!("{place}: this host knows no user {name} now: the rule matches nobody of that name")
    });
    let services = rule.services.iter().filter(|name| !is_service(name));
    let services = services.map(|name| {
        format!("{place}: this host has no /etc/pam.d/{name}: no login has that service")
    });
    groups.chain(users).chain(services).collect()
}

/// Whether PAM knows a service of that name.
fn is_service(name: &str) -> bool {
    ["/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d"]
        .iter()
        .any(|folder| Path::new(folder).join(name).exists())
}

fn is_known(group: &Group) -> bool {
    let found = match group {
        Group::Name(name) => Entry::from_name(name),
        Group::Number(gid) => Entry::from_gid(Gid::from_raw(*gid)),
    };
    matches!(found, Ok(Some(_)))
}

/// Under the name that the host itself has for the user: rules go by that one.
fn is_user(name: &str) -> bool {
    let canonical = |user: User| User::from_uid(user.uid).ok().flatten();
    User::from_name(name)
        .ok()
        .flatten()
        .and_then(canonical)
        .is_some_and(|user| user.name == *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_or_a_user_that_the_host_does_not_know_is_pointed_at() {
        let rule = |groups: &[&str], users: &[&str]| Rule {
            groups: groups
                .iter()
                .map(|name| Group::Name((*name).to_owned()))
                .collect(),
            users: users.iter().map(|name| (*name).to_owned()).collect(),
            ..Rule::default()
        };
        assert!(unknown(&rule(&["root"], &["root"])).is_empty());
        let found = unknown(&rule(&["root", "no-such-group"], &["no-such-user"]));
        assert!(found[0].contains("no group no-such-group"), "{found:?}");
        assert!(found[1].contains("no user no-such-user"), "{found:?}");
    }
}
