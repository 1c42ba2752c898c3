//! What did not go as it should.

use std::io;
use std::process::ExitStatus;

use tfa_client::{Failure, NoAgent};

// Perhaps behind the question of polkit's agent.
pub(crate) const CANCELLED: &str = "\n\
Cancelled before an answer came. Nothing was changed, unless it was under way.";

/// Why polkit cannot ask on this terminal.
pub(crate) fn no_agent(why: &NoAgent) -> String {
    match why {
        NoAgent::Missing => "\
The program pkttyagent, which asks for the password here, is not installed.
It comes with the package polkitd (Debian, Ubuntu) or polkit (elsewhere). Going
on without it; as root (sudo tfactl ...) nothing is asked."
            .to_owned(),
        NoAgent::Failed(error) => {
            format!("The program pkttyagent, which asks for the password, did not start: {error}")
        }
        NoAgent::NoTerminal => "\
This program has no controlling terminal, on which the password could be asked
for. Going on without it; as root (sudo tfactl ...) nothing is asked."
            .to_owned(),
        NoAgent::Hidden => "\
polkit cannot see this program: /proc is mounted with hidepid. tfad(8) says under
FILES how polkit is let see; as root (sudo tfactl ...) nothing is asked."
            .to_owned(),
        NoAgent::Unregistered(complaint) => format!(
            "The program pkttyagent, which asks for the password, could not register with\n\
             polkit. It said: {complaint}"
        ),
    }
}

pub(crate) fn no_getent(error: &io::Error) -> String {
    format!("The accounts of this host are not known: getent did not start: {error}")
}

pub(crate) fn getent_failed(database: &str, status: ExitStatus) -> String {
    format!("The accounts of this host are not known: getent {database} ended with {status}")
}

pub(crate) fn no_group(group: &str) -> String {
    format!("There is no group {group} here.")
}

/// What comes before all else that a command says.
pub(crate) fn refuses_every_login(why: &str) -> String {
    format!(
        "tfad refuses every login on this host:\n  {why}\n\
         When that is mended: systemctl reload tfad\n"
    )
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::Reported => String::new(),
        Failure::NotAllowed(text) => format!(
            "This takes an administrator: {text}.\n\
             Nothing was changed. As root nothing is asked: sudo tfactl ...",
            text = text.trim_end_matches('.')
        ),
        Failure::Output(error) => {
            format!("Reading from or writing to the terminal failed: {error}")
        }
        Failure::NoBus => "\
The system bus cannot be reached, so the daemon cannot either.
Nothing was changed. Look at: systemctl status dbus"
            .to_owned(),
        Failure::NoDaemon => "\
The daemon tfad does not run and could not be started. Nothing was changed.
Look at: systemctl status tfad, and journalctl -u tfad"
            .to_owned(),
        Failure::NoAnswer => "\
The daemon tfad did not answer, so it is not known what became of the request.
Look at: systemctl status tfad, then tfactl show USER"
            .to_owned(),
        Failure::OtherVersion(text) => format!(
            "The daemon tfad and this command do not understand each other. After an update:\n\
             systemctl restart tfad. It said: {text}"
        ),
    }
}

pub(crate) const WAITING: &str = "Waiting for the daemon tfad...";
