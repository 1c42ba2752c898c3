//! The status, and the way on.

use tfa_client::{date, left, local};
use tfa_proto::{State, Status};

/// Fewer backup codes than these are worth a word.
const FEW: u32 = 3;
/// Two days.
const NEAR: u64 = 48 * 3600;

pub(crate) fn status(status: &Status, now: u64) -> String {
    let mut lines = vec![format!("Two-factor login: {}", state(status))];
    lines.push(format!("User: {}", status.user));
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        lines.push("Tell your administrator, who can look at it with tfactl.".to_owned());
        return lines.join("\n");
    }
    let set_up = status.state == State::Enabled.name() || status.state == State::Paused.name();
    if set_up {
        if !status.authenticators.is_empty() {
            lines.push(format!(
                "Authenticators: {}",
                status.authenticators.join(", ")
            ));
        }
        let few = if status.backup_codes_left < FEW {
            " (new ones: tfa-enroll codes)"
        } else {
            ""
        };
        lines.push(format!(
            "Backup codes left: {}{few}",
            status.backup_codes_left
        ));
        if status.offer_pending {
            lines.push("A new phone was offered and has not proved itself yet.".to_owned());
        }
    }
    lines.push(required(status, set_up, now));
    lines.extend(invited(status, now));
    lines.extend(lock(
        "Locked over the network",
        status.locked_until,
        status.locked_for_good,
        now,
    ));
    lines.extend(lock(
        "Locked at this machine",
        status.console_locked_until,
        status.console_locked_for_good,
        now,
    ));
    lines.extend(lock(
        "Locked for screen lockers and tfa-enroll",
        status.own_locked_until,
        status.own_locked_for_good,
        now,
    ));
    lines.extend(wrong_codes(status));
    if !status.devices.is_empty() {
        lines.push(format!("Remembered devices: {}", status.devices.len()));
    }
    if let Some(at) = status.last_login {
        lines.push(format!("Last login with a code: {}", local(at)));
    }
    lines.join("\n")
}

/// Wrong codes that no login was told of yet.
fn wrong_codes(status: &Status) -> Option<String> {
    let last = local(status.last_wrong_code?);
    let from = match status.last_wrong_code_from.as_deref() {
        None | Some("") => "by a program of yours".to_owned(),
        Some(from) => format!("from {from}"),
    };
    Some(format!(
        "Wrong codes since your last login: {}, the last on {last} {from}.\n\
         If that was not you, change your password.",
        status.wrong_codes
    ))
}

fn state(status: &Status) -> &'static str {
    match status.state.as_str() {
        _ if status.problem.is_some() => "not usable",
        "enabled" => "on",
        "paused" if status.required => "paused, and asked for all the same: it is required",
        "paused" => "paused, no code is asked for",
        "pending" => "off, the set-up was not finished",
        _ => "off",
    }
}

fn required(status: &Status, set_up: bool, now: u64) -> String {
    match status.grace_until {
        _ if status.policy_unknown => "Required: not known, the policy cannot be read".to_owned(),
        _ if !status.required => "Required: no".to_owned(),
        Some(until) if until > now && !set_up => format!(
            "Required: yes, from {} on; until then a login works without it",
            day(until, now)
        ),
        Some(_) | None => "Required: yes".to_owned(),
    }
}

fn invited(status: &Status, now: u64) -> Option<String> {
    let until = status.invited_until.filter(|until| *until > now)?;
    Some(format!("Invited: yes, until {}", day(until, now)))
}

/// A day; near ones with the time, for they may be today.
fn day(at: u64, now: u64) -> String {
    if at.saturating_sub(now) < NEAR {
        local(at)
    } else {
        date(at)
    }
}

fn lock(what: &str, until: Option<u64>, for_good: bool, now: u64) -> Option<String> {
    match until {
        _ if for_good => Some(format!(
            "{what}: too many wrong codes, until the administrator unlocks"
        )),
        Some(until) if until > now => Some(format!(
            "{what}: too many wrong codes, try again in {} (at {})",
            length(until - now),
            local(until)
        )),
        Some(_) | None => None,
    }
}

/// A length of time in words.
fn length(seconds: u64) -> String {
    let (number, unit) = left(seconds);
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

pub(crate) const LATER: &str = "To set it up later: tfa-enroll setup";

/// What can be done with a set-up. What is required cannot be switched off.
pub(crate) fn way_on(paused: bool, required: bool) -> String {
    let mut lines = vec![""];
    lines.push(if paused {
        "tfa-enroll resume   ask for codes again"
    } else {
        "tfa-enroll codes    new backup codes"
    });
    lines.push("tfa-enroll test     try a code");
    lines.push("tfa-enroll move     move to a new phone");
    if !paused && !required {
        lines.push("tfa-enroll pause    stop asking for codes for a while");
    }
    if !required {
        lines.push("tfa-enroll remove   switch it off and forget the key");
    }
    lines.join("\n")
}
