//! The log.

use std::io;
use std::process::ExitStatus;

use tfa_client::one_line;

use super::hanging;

pub(crate) fn no_log_entries(user: Option<&str>) -> String {
    match user {
        Some(user) => format!(
            "The journal has no entries of tfad about a user {user}. To list the users with a \
             record: tfactl list"
        ),
        None => "The journal has no entries of tfad.".to_owned(),
    }
}

pub(crate) const LOG_READERS: &str = "\
Only root and the members of the groups adm and systemd-journal can read the
journal of the system.";

pub(crate) const LOG_OF_ONE_VERIFIER: &str = "\
This is the log of this verifier alone: other verifiers log what they answer.";

pub(crate) const NO_JOURNAL: &str = "\
This host has no journalctl. The entries are where syslog writes the facility
authpriv, for example in /var/log/auth.log.";

pub(crate) fn journal_not_read(error: &io::Error) -> String {
    format!("The journal was not read: journalctl did not start: {error}.")
}

pub(crate) fn journal_failed(status: ExitStatus) -> String {
    format!("The journal was not read to its end: journalctl failed ({status}).")
}

pub(crate) const NOT_A_START: &str = "\n  examples: 2d, 12h, 2026-12-01, \"2026-12-01 08:00\"";

pub(crate) fn log_entry(time: &str, message: &str, width: usize) -> String {
    hanging(&format!("{time}  {}", one_line(message)), width)
}
