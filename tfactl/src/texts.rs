//! Everything that `tfactl` says, in one place, so that it can be translated. Lines are kept below
//! 80 columns, in ASCII, without anything drawn.

use std::io;
use std::process::ExitStatus;

use tfa_bus::command::{Failure, left, local};
use tfa_bus::{State, Status};

use crate::list::{Which, is_locked};

// The command line.

pub(crate) const ABOUT: &str = "Two-factor login of this host's users, for administrators";

pub(crate) const AFTER_HELP: &str = "\
Root may do all this; anybody else is asked for an administrator's password.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 daemon not reachable.";

pub(crate) const LIST_HELP: &str = "\
Without a filter: everybody who has a record. --disabled goes by the accounts
that getent passwd lists with a login shell and a uid of people's (UID_MIN and
UID_MAX of /etc/login.defs); a directory that does not enumerate is not seen.
The JSON form is an array of what tfactl show --json prints.";

pub(crate) const JSON_HELP: &str = "\
Keys of the JSON form, which stay as they are:
  user, uid                the login name and its number
  state                    none, pending (not finished), enabled or paused;
                           empty where there is a problem
  authenticators           the names of the phones and apps
  offer_pending            a new phone was offered and has not yet proved itself
  backup_codes_left        how many
  failures                 wrong codes in a row over the network
  locked_until             no code is accepted over the network before, or null
  locked_for_good          the administrator has to unlock
  console_failures, console_locked_until, console_locked_for_good
                           the same at the machine itself
  required                 the policy requires two-factor login of this user
  grace_until              until when a login works without it, or null
  devices                  the remembered devices
  last_login               when a code was last accepted at a login, or null
  problem                  why the record cannot be used, or null
Times are RFC 3339 in UTC.";

// Failures.

// Perhaps behind the question of polkit's agent.
pub(crate) const CANCELLED: &str = "\n\
Cancelled before an answer came. Nothing was changed, unless it was under way.";

pub(crate) const NO_AGENT: &str = "\
The program pkttyagent, which asks for the password here, is not installed.
It comes with the package polkitd (Debian, Ubuntu) or polkit (elsewhere). Going
on without it; as root (sudo tfactl ...) nothing is asked.";

pub(crate) fn agent_failed(error: &io::Error) -> String {
    format!("The program pkttyagent, which asks for the password, did not start: {error}")
}

pub(crate) fn no_getent(error: &io::Error) -> String {
    format!("The accounts of this host are not known: getent did not start: {error}")
}

pub(crate) fn getent_failed(status: ExitStatus) -> String {
    format!("The accounts of this host are not known: getent passwd ended with {status}")
}

pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::Refused(text) | Failure::Cancelled(text) => text.clone(),
        Failure::NotAllowed(text) => format!(
            "This takes an administrator: {text}.\n\
             Nothing was changed. As root nothing is asked: sudo tfactl ...",
            text = text.trim_end_matches('.')
        ),
        Failure::Output(error) => {
            format!("Reading from or writing to the terminal failed: {error}")
        }
        Failure::NoBus => "\
The system bus cannot be reached, so the daemon cannot either. Nothing was changed.
Look at: systemctl status dbus"
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

// List.

pub(crate) fn nobody(which: Which) -> &'static str {
    match which {
        Which::All => "Nobody has set up two-factor login.",
        Which::Enabled => "Nobody has two-factor login on.",
        Which::Disabled => "Everybody has set up two-factor login.",
        Which::Paused => "Nobody has paused two-factor login.",
        Which::Locked => "Nobody is locked.",
    }
}

pub(crate) const COLUMNS: [&str; 6] = [
    "USER",
    "STATE",
    "BACKUP-CODES",
    "REQUIRED",
    "LOCKED",
    "LAST-LOGIN",
];

/// What stands below the table about a record that cannot be used.
pub(crate) fn problem(status: &Status, problem: &str) -> String {
    format!("{}: {problem}", status.user)
}

pub(crate) fn row(status: &Status, now: u64) -> [String; 6] {
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    if status.problem.is_some() {
        let unknown = || "-".to_owned();
        return [
            status.user.clone(),
            "unusable".to_owned(),
            unknown(),
            unknown(),
            unknown(),
            unknown(),
        ];
    }
    [
        status.user.clone(),
        short_state(status).to_owned(),
        status.backup_codes_left.to_string(),
        word(status.required),
        word(is_locked(status, now)),
        status
            .last_login
            .map_or_else(|| "never".to_owned(), |at| local(at).replace(' ', "T")),
    ]
}

fn short_state(status: &Status) -> &'static str {
    match status.state.as_str() {
        "enabled" => "on",
        "paused" => "paused",
        "pending" => "unfinished",
        _ => "off",
    }
}

// Show.

pub(crate) fn status(status: &Status, now: u64) -> String {
    let mut lines = vec![
        format!("User: {} (uid {})", status.user, status.uid),
        format!("Two-factor login: {}", state(status)),
    ];
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        lines.push(format!(
            "If it cannot be mended, start afresh: tfactl reset {}",
            status.user
        ));
        return lines.join("\n");
    }
    if status.state == State::Enabled.name() || status.state == State::Paused.name() {
        lines.push(format!(
            "Authenticators: {}",
            status.authenticators.join(", ")
        ));
        lines.push(format!("Backup codes left: {}", status.backup_codes_left));
        if status.offer_pending {
            lines.push("A new phone was offered and has not proved itself yet.".to_owned());
        }
    }
    lines.push(required(status, now));
    lines.push(lock(
        "Over the network",
        status.failures,
        status.locked_until,
        status.locked_for_good,
        now,
    ));
    lines.push(lock(
        "At the console",
        status.console_failures,
        status.console_locked_until,
        status.console_locked_for_good,
        now,
    ));
    if !status.devices.is_empty() {
        lines.push(format!("Remembered devices: {}", status.devices.join(", ")));
    }
    let last = status.last_login.map_or_else(|| "never".to_owned(), local);
    lines.push(format!("Last login with a code: {last}"));
    if is_locked(status, now) {
        lines.push(format!("To unlock: tfactl unlock {}", status.user));
    }
    lines.join("\n")
}

fn state(status: &Status) -> &'static str {
    match status.state.as_str() {
        _ if status.problem.is_some() => "the record cannot be used, logins are refused",
        "enabled" => "on",
        "paused" => "paused, no code is asked for",
        "pending" => "off, the set-up was not finished",
        _ => "off",
    }
}

fn required(status: &Status, now: u64) -> String {
    match (status.required, status.grace_until) {
        (false, _) => "Required by the policy: no".to_owned(),
        (true, Some(until)) if until > now && status.state != State::Enabled.name() => format!(
            "Required by the policy: yes, from {} on ({} left)",
            local(until),
            length(until - now)
        ),
        (true, _) => "Required by the policy: yes".to_owned(),
    }
}

fn lock(origin: &str, failures: u32, until: Option<u64>, for_good: bool, now: u64) -> String {
    let locked = match until {
        _ if for_good => "locked until you unlock".to_owned(),
        Some(until) if until > now => {
            format!(
                "locked for {} (until {})",
                length(until - now),
                local(until)
            )
        }
        Some(_) | None => "not locked".to_owned(),
    };
    format!(
        "{origin}: {locked}, {} in a row",
        counted(failures, "wrong code")
    )
}

/// A length of time in words.
fn length(seconds: u64) -> String {
    let (number, unit) = left(seconds);
    counted(u32::try_from(number).unwrap_or(u32::MAX), unit)
}

fn counted(number: u32, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

// Reset.

pub(crate) fn say_yes(user: &str) -> String {
    format!(
        "There is nobody here to confirm it. To reset without a question:\n\
         tfactl reset {user} --yes\n\
         Nothing was changed."
    )
}

pub(crate) fn reset_intro(status: &Status) -> String {
    let user = &status.user;
    let afterwards = if status.required {
        "The policy requires two-factor login: the next login asks for a new set-up."
    } else {
        "The password alone logs in afterwards, until the user sets it up again."
    };
    format!(
        "Resetting two-factor login of {user}, which is {}:\n\
         the keys, the backup codes and the remembered devices are forgotten.\n\
         {afterwards}\n\
         Be sure that it is {user} who asked for this.\n",
        state(status)
    )
}

pub(crate) const TYPE_NAME: &str = "Type the user name to confirm: ";

pub(crate) const NOT_RESET: &str = "Not reset. Nothing was changed.";

pub(crate) fn reset(user: &str) -> String {
    format!("Two-factor login of {user} was reset.")
}

pub(crate) fn nothing_to_reset(user: &str) -> String {
    format!("{user} has not set up two-factor login: there is nothing to reset.")
}

pub(crate) fn reset_blindly(user: &str, why: &str) -> String {
    format!("{why}\nA record that was left behind under the name {user} will be forgotten.\n")
}

// Unlock.

pub(crate) fn unlocked(user: &str) -> String {
    format!("{user} is unlocked: the wrong codes are forgotten, the keys are as before.")
}
