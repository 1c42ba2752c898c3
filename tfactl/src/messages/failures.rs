//! Errors.

use tfa_client::{Failure, NoAgent, is_root};

/// Starts with a line feed, because the prompt of polkit's agent may precede it.
pub(crate) const CANCELLED: &str = "\n\
Cancelled. Nothing was changed, unless the daemon was already carrying it out.";

/// Why polkit cannot ask for the password on this terminal.
pub(crate) fn no_agent(why: &NoAgent) -> String {
    match why {
        NoAgent::Missing => "\
The program pkttyagent, which asks for the password, is not installed. It is in
the package polkitd (Debian, Ubuntu) or polkit (other systems).
Root needs no password: sudo tfactl ..."
            .to_owned(),
        NoAgent::Failed(error) => {
            format!("The program pkttyagent, which asks for the password, did not start: {error}.")
        }
        NoAgent::NoTerminal => "\
polkit cannot ask for the password here: this program has no controlling
terminal. Root needs no password: sudo tfactl ..."
            .to_owned(),
        NoAgent::Hidden => "\
polkit cannot see this program, because /proc is mounted with hidepid.
See FILES in tfad(8). Root needs no password: sudo tfactl ..."
            .to_owned(),
        NoAgent::Unregistered(error) => format!(
            "The program pkttyagent, which asks for the password, could not register with\n\
             polkit: {error}"
        ),
    }
}

pub(crate) fn refuses_every_login(why: &str) -> String {
    format!(
        "tfad refuses every login on this host:\n  {why}\n\
         Correct the error, then run: systemctl reload tfad\n"
    )
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::Reported => String::new(),
        Failure::NotAllowed(why) => not_allowed(why, is_root()),
        Failure::Output(error) => format!("The terminal failed: {error}."),
        Failure::NoBus => "\
The system bus cannot be reached. Nothing was changed.
See: systemctl status dbus"
            .to_owned(),
        Failure::NoDaemon => "\
The daemon tfad does not run and could not be started. Nothing was changed.
See: systemctl status tfad, and journalctl -u tfad"
            .to_owned(),
        Failure::NoAnswer => "\
The daemon tfad did not answer. It is not known whether the request was carried
out. See: systemctl status tfad, then tfactl show USER"
            .to_owned(),
        Failure::OtherVersion(error) => format!(
            "The daemon tfad and this command have different versions.\n\
             After an update, run: systemctl restart tfad\n\
             The error was: {error}"
        ),
    }
}

fn not_allowed(why: &str, is_root: bool) -> String {
    let why = why.trim_end_matches('.');
    match is_root {
        true => format!("Not allowed: {why}.\nNothing was changed."),
        false => format!(
            "Not allowed: {why}.\n\
             Nothing was changed. This command requires an administrator: sudo tfactl ..."
        ),
    }
}

pub(crate) const WAITING: &str = "Waiting for the daemon tfad...";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_not_sent_to_sudo() {
        let why = "Run this on a verifier: v1.example.";
        assert_eq!(
            not_allowed(why, true),
            "Not allowed: Run this on a verifier: v1.example.\nNothing was changed."
        );
        assert!(not_allowed(why, false).ends_with("sudo tfactl ..."));
    }
}
