//! What is known of polkit: its files, and its own answers.

mod processes;

use std::collections::BTreeSet;

use nix::unistd::User;
use tfa_client::{connect, polkit_allows};
use tfa_doctor::{PolkitFacts, polkit_questions};

use super::missed::Missed;
use crate::messages;
use processes::Processes;

const RULES: [&str; 4] = [
    "/etc/polkit-1/rules.d/*.rules",
    "/run/polkit-1/rules.d/*.rules",
    "/usr/local/share/polkit-1/rules.d/*.rules",
    "/usr/share/polkit-1/rules.d/*.rules",
];
const ACTIONS: [&str; 4] = [
    "/etc/polkit-1/actions/*.policy",
    "/run/polkit-1/actions/*.policy",
    "/usr/local/share/polkit-1/actions/*.policy",
    "/usr/share/polkit-1/actions/*.policy",
];
const PKLA: [&str; 2] = [
    "/etc/polkit-1/localauthority/*/*.pkla",
    "/var/lib/polkit-1/localauthority/*/*.pkla",
];
/// The file of polkit's own actions.
const OWN: &str = "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy";

/// For how many users polkit is asked. Most rules are about groups, and a question takes a millisecond.
const MAX_USERS: usize = 200;

/// The files of polkit; `None` where it is not installed.
pub(super) fn collect(missed: &Missed) -> Option<PolkitFacts> {
    missed.text(OWN)?;
    Some(PolkitFacts {
        actions: missed.texts(&ACTIONS),
        rules: missed.texts(&RULES),
        pkla: missed.texts(&PKLA),
        allowed: Vec::new(),
    })
}

/// Asks polkit what it allows to each of the users, at most 200 of them, without a question. An answer that does not
/// come is noted.
pub(super) async fn ask(polkit: &mut PolkitFacts, names: &BTreeSet<String>, missed: &Missed) {
    let named = |text: &str, user: &str| {
        text.contains(&format!("\"{user}\"")) || text.contains(&format!("'{user}'"))
    };
    // Those whom a rule names come first.
    let mut names: Vec<&String> = names.iter().collect();
    names.sort_by_key(|user| !polkit.rules.iter().any(|(_, text)| named(text, user)));
    let users = names.iter().filter_map(|name| User::from_name(name).ok()?);
    // root needs no authorization.
    let users = users.filter(|user| !user.uid.is_root()).take(MAX_USERS);
    let users: Vec<User> = users.collect();
    if users.is_empty() {
        return;
    }
    let questions = polkit_questions(&polkit.actions);
    if let Err(why) = allowed(&users, &questions, &mut polkit.allowed, missed).await {
        missed.note(messages::polkit_not_asked(&why));
    }
}

async fn allowed(
    users: &[User],
    actions: &[String],
    allowed: &mut Vec<(String, String)>,
    missed: &Missed,
) -> Result<(), String> {
    let connection = connect().await;
    let connection = connection.map_err(|failure| messages::failure(&failure))?;
    let processes = Processes::of(users.iter())?;
    for user in users {
        let uid = user.uid.as_raw();
        for action in actions {
            let Some(pid) = processes.of_uid(uid) else {
                missed.note(messages::polkit_not_asked(messages::NO_PROCESS));
                break;
            };
            match polkit_allows(&connection, pid, action).await {
                Ok(true) => allowed.push((user.name.clone(), action.clone())),
                Ok(false) => {}
                // An action that polkit does not know allows nothing. That of the package is a finding of its own.
                Err(why) if why.contains(action.as_str()) => {}
                // A user can end the process.
                Err(_) if processes.of_uid(uid).is_none() => {}
                Err(why) => return Err(why),
            }
        }
    }
    Ok(())
}
