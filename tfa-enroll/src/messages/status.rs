//! The status, and the commands that are available in it.

use tfa_client::{OFF_FOR_ALL, UNUSABLE, bound_codes_lines, state_text};
use tfa_proto::Status;
use tfa_text::time::{date_time, wait};

/// With fewer backup codes than this, the status says how to create new ones.
const FEW_BACKUP_CODES: u32 = 3;

pub(crate) fn status(status: &Status, now: u64) -> String {
    let mut lines = vec![
        format!(
            "Two-factor login: {}",
            state_text(status).unwrap_or(UNUSABLE)
        ),
        format!("User: {}", status.user),
    ];
    if status.off {
        lines.insert(0, OFF_FOR_ALL.to_owned());
    }
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        lines.push("Tell your administrator, who can use tfactl.".to_owned());
        return lines.join("\n");
    }
    let set_up = status.is_set_up();
    if set_up {
        lines.extend(authenticators(status));
        lines.push(match status.changes_refused {
            Some(_) => format!("Backup codes left: {}", status.backup_codes_left),
            None => backup_codes_left(status.backup_codes_left),
        });
        lines.extend(bound_codes_lines(status));
        lines.extend(devices(status));
        if status.pending_authenticator {
            lines.push("A new authenticator waits for its first correct code.".to_owned());
        }
    }
    lines.push(required(status, set_up, now));
    lines.extend(exemption(status, now));
    lines.extend(invitation(status, now));
    lines.extend(locks(status, now));
    lines.extend(wrong_codes(status));
    if let Some(at) = status.last_login {
        lines.push(format!("Last login with a code: {}", date_time(at)));
    }
    lines.join("\n")
}

fn authenticators(status: &Status) -> Option<String> {
    let names = status.authenticators.iter().map(|one| one.name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    (!names.is_empty()).then(|| format!("Authenticators: {names}"))
}

fn devices(status: &Status) -> Option<String> {
    let count = status.devices.len();
    (count > 0).then(|| format!("Remembered devices: {count} (to list them: tfa-enroll devices)"))
}

fn backup_codes_left(left: u32) -> String {
    if left < FEW_BACKUP_CODES {
        format!("Backup codes left: {left} (to create new ones: tfa-enroll codes)")
    } else {
        format!("Backup codes left: {left}")
    }
}

fn required(status: &Status, set_up: bool, now: u64) -> String {
    match status.grace_until {
        _ if status.policy_unknown => "Required: not known, the policy cannot be read".to_owned(),
        _ if !status.required => "Required: no".to_owned(),
        Some(until) if until > now && !set_up => format!(
            "Required: yes, from {}. Until then you can log in without it.",
            date_time(until)
        ),
        Some(_) | None => "Required: yes".to_owned(),
    }
}

fn invitation(status: &Status, now: u64) -> Option<String> {
    let until = status.invited_until.filter(|until| *until > now)?;
    Some(format!("Invitation: valid until {}", date_time(until)))
}

/// The exemption that is in force.
fn exemption(status: &Status, now: u64) -> Option<String> {
    let until = status.exempt_until.filter(|until| *until > now)?;
    let reason = status.exempt_reason.as_deref().unwrap_or_default();
    Some(format!(
        "Exempt: no code is asked for until {}\nReason: {reason}",
        date_time(until)
    ))
}

fn locks(status: &Status, now: u64) -> impl Iterator<Item = String> {
    let remote = match status.locked_until {
        _ if status.permanently_locked => Some(
            "Logins from unknown places: locked until the administrator unlocks them".to_owned(),
        ),
        until => lasting(until, now).map(|(until, wait)| {
            format!("Logins from unknown places: locked for {wait}, until {until}")
        }),
    };
    let session = match status.session_locked_until {
        _ if status.session_permanently_locked => {
            Some("sudo, su and polkit: locked until the administrator unlocks them".to_owned())
        }
        until => lasting(until, now)
            .map(|(until, wait)| format!("sudo, su and polkit: locked for {wait}, until {until}")),
    };
    // Whether a login from here is still possible matters under a lock.
    let known = (remote.is_some() || status.locked_known_origins > 0).then(|| {
        let (known, locked) = (status.known_origins, status.locked_known_origins);
        format!("Places where you have logged in within 30 days: {known} (locked: {locked})")
    });
    let console = match status.console_locked_until {
        _ if status.console_permanently_locked => {
            Some("Console logins: locked until the administrator unlocks them".to_owned())
        }
        until => lasting(until, now)
            .map(|(until, wait)| format!("Console logins: locked for {wait}, until {until}")),
    };
    let own = match status.own_locked_until {
        _ if status.own_permanently_locked => Some(
            "Screen lockers and tfa-enroll: locked until the administrator unlocks them".to_owned(),
        ),
        until => lasting(until, now).map(|(until, wait)| {
            format!("Screen lockers and tfa-enroll: locked for {wait}, until {until}")
        }),
    };
    [remote, known, session, console, own].into_iter().flatten()
}

/// The end of a lock that has not ended, and the time until then.
fn lasting(until: Option<u64>, now: u64) -> Option<(String, String)> {
    let until = until.filter(|until| *until > now)?;
    Some((date_time(until), wait(until - now)))
}

/// Wrong codes that no login has reported yet.
fn wrong_codes(status: &Status) -> Option<String> {
    let last = date_time(status.last_wrong_code?);
    let count = status.wrong_codes;
    Some(match status.last_wrong_code_from.as_deref() {
        None | Some("") => format!(
            "Wrong codes since your last login: {count}\n\
             Last wrong code: {last}, in a program that runs as you\n\
             If that was not you, change your password."
        ),
        Some(from) => format!(
            "Wrong codes since your last login: {count}\n\
             Last wrong code: {last}, from {from}\n\
             If that was not you, change your password."
        ),
    })
}

pub(crate) const SET_UP_LATER: &str = "To set it up later: tfa-enroll setup";

/// The commands for a user who has enrolled, on a host where the enrollment cannot be changed.
pub(crate) const COMMANDS_WITHOUT_CHANGES: &str = "
tfa-enroll test     check a code
tfa-enroll list     list your phones, tokens and security keys
tfa-enroll devices  list or forget the remembered devices";

/// The commands for a user who has enrolled. Required two-factor login cannot be switched off.
pub(crate) fn commands(paused: bool, required: bool) -> String {
    let mut lines = vec![""];
    lines.push(if paused {
        "tfa-enroll resume   ask for codes again"
    } else {
        "tfa-enroll codes    create new backup codes"
    });
    lines.push("tfa-enroll test     check a code");
    lines.push("tfa-enroll add      add a phone, a token or a security key");
    lines.push("tfa-enroll list     list your phones, tokens and security keys");
    lines.push("tfa-enroll rename   give one of them another name");
    lines.push("tfa-enroll move     replace one of them, for example by a new phone");
    lines.push("tfa-enroll devices  list or forget the remembered devices");
    if !paused && !required {
        lines.push("tfa-enroll pause    stop asking for codes for a while");
    }
    if !required {
        lines.push("tfa-enroll remove   switch two-factor login off and delete the key");
    }
    lines.join("\n")
}
