//! What is known of polkit: its files, and its own answers.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::unistd::User;
use tfa_client::{connect, polkit_allows};
use tfa_doctor::{PolkitFacts, polkit_questions};

use super::missed::Missed;
use crate::messages;

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
/// The file of polkit's own actions.
const OWN: &str = "/usr/share/polkit-1/actions/org.freedesktop.policykit.policy";

/// For how many users polkit is asked. Most rules are about groups, and a question takes a millisecond.
const MAX_USERS: usize = 200;
/// A process that does nothing.
const SLEEP: &str = "/usr/bin/sleep";

/// The files of polkit; `None` where it is not installed.
pub(super) fn collect(missed: &Missed) -> Option<PolkitFacts> {
    missed.text(OWN)?;
    Some(PolkitFacts {
        actions: missed.texts(&ACTIONS),
        rules: missed.texts(&RULES),
        allowed: Vec::new(),
    })
}

/// Asks polkit what it allows to each of the users, at most 200 of them, without a question. An answer that does not
/// come ends the questions, and is noted.
pub(super) async fn ask(polkit: &mut PolkitFacts, users: &BTreeSet<String>, missed: &Missed) {
    let named = |text: &str, user: &str| {
        text.contains(&format!("\"{user}\"")) || text.contains(&format!("'{user}'"))
    };
    // Those whom a rule names come first.
    let mut users: Vec<&String> = users.iter().collect();
    users.sort_by_key(|user| !polkit.rules.iter().any(|(_, text)| named(text, user)));
    users.truncate(MAX_USERS);
    let questions = polkit_questions(&polkit.actions);
    match allowed(&users, &questions).await {
        Ok(allowed) => polkit.allowed = allowed,
        Err(why) => missed.note(messages::polkit_not_asked(&why)),
    }
}

async fn allowed(users: &[&String], actions: &[String]) -> Result<Vec<(String, String)>, String> {
    let connection = connect()
        .await
        .map_err(|failure| messages::failure(&failure))?;
    let mut allowed = Vec::new();
    for name in users {
        let Ok(Some(user)) = User::from_name(name) else {
            continue;
        };
        // root needs no authorization.
        if user.uid.is_root() {
            continue;
        }
        let process = Process::of(&user).map_err(|error| error.to_string())?;
        for action in actions {
            // An action that polkit does not know allows nothing. That of the package is a finding of its own.
            match polkit_allows(&connection, process.id(), action).await {
                Ok(true) => allowed.push(((*name).clone(), action.clone())),
                Ok(false) => {}
                Err(why) if why.contains(action.as_str()) => {}
                Err(why) => return Err(why),
            }
        }
    }
    Ok(allowed)
}

/// A process of a user outside any session, which does nothing and ends with this value.
struct Process(Child);

impl Process {
    fn of(user: &User) -> io::Result<Self> {
        let mut command = Command::new(SLEEP);
        command
            .arg("300")
            .uid(user.uid.as_raw())
            .gid(user.gid.as_raw())
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().map(Self)
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
