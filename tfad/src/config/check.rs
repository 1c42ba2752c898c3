//! What an administrator should look at in a configuration that can be used: names that this host does
//! not know, files that are not read. `tfad --check` tells it, and the daemon when it takes one up.

use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::unistd::{Gid, Group as Entry, User};
use tfa_core::{Group, Mode, OriginMatcher, Policy, Rule, Source};
use tfa_proto::Consoles;

use crate::config::{BadConfig, Config, Trust};
use crate::host::groups;
use crate::host::pam_files;
use crate::log::journal::quoted;
use crate::login::services::may_require;

/// Where the kernel lists its terminals.
const TERMINALS: &str = "/sys/class/tty";
/// The service of OpenSSH's server.
const SSHD: &str = "sshd";
/// How long names are looked up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What there is to look at. None of it is a mistake.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is right as it stands, and may not be what was meant.
    pub notes: Vec<String>,
    /// What is probably wrong now; a directory may be down.
    pub warnings: Vec<String>,
}

/// Reads the configuration, and returns what should be looked at.
///
/// # Errors
/// [`BadConfig`] with the places of all mistakes.
pub fn check(file: &Path, trust: &Trust) -> Result<Findings, BadConfig> {
    Ok(findings(&Config::read(file, trust)?))
}

/// What should be looked at. Takes up to ten seconds.
#[must_use]
pub fn findings(config: &Config) -> Findings {
    let policy = config.policy.clone();
    let mut warnings: Vec<String> = absent_terminals(&config.consoles).collect();
    for path in &config.ignored {
        warnings.push(format!(
            "{} is not read: only files whose names end in .toml are",
            quoted(&path.display().to_string())
        ));
    }
    if policy.is_off() && !policy.rules.is_empty() {
        warnings.push(format!(
            "{}: mode is off, so no rule is gone through",
            policy.otherwise.source
        ));
    }
    let mut notes: Vec<String> = policy.rules.iter().filter_map(consoles_alone).collect();
    if may_require(&policy) {
        notes.extend(pam_files::unguarded(&policy));
        if is_service(SSHD) && !policy.guards(SSHD) {
            notes.push(format!(
                "guard does not name {SSHD}: an SSH key alone gets in where a second factor is required"
            ));
        }
    }
    // A directory that hangs must not keep a reload from its end.
    let (told, names) = mpsc::channel();
    let look_up = move || told.send(looked_up(&policy));
    let thread = thread::Builder::new().spawn(look_up);
    match thread.ok().and_then(|_| names.recv_timeout(PATIENCE).ok()) {
        Some(names) => warnings.extend(names),
        None => warnings.push(
            "the name service does not answer: whether the host knows the groups and users of the \
             rules was not looked up"
                .to_owned(),
        ),
    }
    Findings { notes, warnings }
}

/// The consoles that the configuration names and this machine does not have.
fn absent_terminals(consoles: &Consoles) -> impl Iterator<Item = String> {
    let terminals = consoles
        .names()
        .iter()
        .filter(|name| !name.starts_with(':'));
    let absent = terminals.filter(|name| !Path::new(TERMINALS).join(name).exists());
    absent.map(|name| {
        let name = quoted(name);
        format!("consoles: this machine has no terminal {name} now")
    })
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
    let place = &rule.effect.source;
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
    let users = rule.users.iter().filter_map(|name| user_note(place, name));
    let services = rule.services.iter().filter(|name| !is_service(name));
    let services = services.map(|name| {
        format!("{place}: this host has no /etc/pam.d/{name}: no login has that service")
    });
    groups.chain(users).chain(services).collect()
}

/// That a rule lets logins at this machine off, and leaves those inside a session to the stricter
/// terms.
fn consoles_alone(rule: &Rule) -> Option<String> {
    let (place, origins) = (&rule.effect.source, &rule.origins);
    let is_so = rule.effect.mode != Mode::Required
        && origins.contains(&OriginMatcher::Local)
        && !origins.contains(&OriginMatcher::Session);
    is_so.then(|| {
        format!(
            "{place}: \"local\" is a console or a seat of this machine. Logins inside a session (su, \
             sudo, polkit) are not let off by this rule: add \"session\" where they should be"
        )
    })
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

/// What is to be said of a user name in a rule: that there is no such user, or that the uid has
/// another name.
fn user_note(place: &Source, name: &str) -> Option<String> {
    let found = User::from_name(name).ok().flatten();
    let canonical = found.and_then(|user| User::from_uid(user.uid).ok().flatten());
    match canonical {
        Some(user) if user.name == *name => None,
        Some(user) => Some(another_name(place, name, &user)),
        None => {
            let name = quoted(name);
            Some(format!(
                "{place}: this host knows no user {name} now: the rule matches nobody of that name"
            ))
        }
    }
}

fn another_name(place: &Source, name: &str, user: &User) -> String {
    let (name, canonical) = (quoted(name), quoted(&user.name));
    format!(
        "{place}: {name} is another name of {canonical} (uid {}). This rule holds for logins under \
         the name {name}. The rules for {canonical} hold for them too, and the stricter decides. It \
         does not hold for logins as {canonical}, but inside a session (su, sudo, polkit), where the name that \
         was typed is not known",
        user.uid
    )
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

    #[test]
    fn another_name_of_a_uid_is_told_with_the_canonical_name() {
        let root = User::from_name("root").unwrap().unwrap();
        let note = another_name(&Source::default(), "toor", &root);
        assert!(
            note.contains("toor is another name of root (uid 0)"),
            "{note}"
        );
        assert_eq!(user_note(&Source::default(), "root"), None);
    }

    #[test]
    fn an_exemption_for_consoles_says_that_sessions_are_not_meant() {
        for (origins, mode, told) in [
            (&[OriginMatcher::Local][..], Mode::Off, true),
            (&[OriginMatcher::Local], Mode::Optional, true),
            (&[OriginMatcher::Local], Mode::Required, false),
            (
                &[OriginMatcher::Local, OriginMatcher::Session],
                Mode::Off,
                false,
            ),
            (&[], Mode::Off, false),
        ] {
            let mut rule = Rule {
                origins: origins.to_vec(),
                ..Rule::default()
            };
            rule.effect.mode = mode;
            assert_eq!(
                consoles_alone(&rule).is_some(),
                told,
                "{origins:?} {mode:?}"
            );
        }
    }

    #[test]
    fn a_console_that_the_machine_does_not_have_is_pointed_at() {
        let names = ["tty", "ttyXY0", ":1"].map(str::to_owned).to_vec();
        let notes: Vec<String> = absent_terminals(&Consoles::new(true, names)).collect();
        assert_eq!(notes, ["consoles: this machine has no terminal ttyXY0 now"]);
    }
}
