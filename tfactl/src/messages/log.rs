//! The log.

use std::io;
use std::process::ExitStatus;

use tfa_client::one_line;

use super::hanging;

pub(crate) fn no_log_entries(user: Option<&str>, is_member: bool) -> String {
    match user {
        // Its own list is on the verifiers.
        Some(user) if is_member => {
            format!("The journal of this host has no entries of tfad about a user {user}.")
        }
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

pub(crate) const LOG_OF_MEMBER: &str = "\
This is the log of a member of a fleet: the verifiers log the logins that they
answer. To see those, run this command on each verifier.";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_points_to_no_command_that_it_refuses() {
        let text = no_log_entries(Some("alice"), true);
        assert!(text.contains("alice") && !text.contains("tfactl"), "{text}");
        assert!(no_log_entries(Some("alice"), false).ends_with("tfactl list"));
    }
}
