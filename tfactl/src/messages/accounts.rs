//! One account, or many: `tfactl show` and `tfactl list`.

use tfa_proto::{OpenEnum, State, Status};
use tfa_text::time::date_time;

use super::counted;
use crate::list::{Which, is_locked};
use tfa_text::time::wait;

pub(crate) fn nobody(which: Which) -> &'static str {
    match which {
        Which::All => "Nobody has set up two-factor login.",
        Which::Enabled => "Nobody has two-factor login on.",
        Which::Disabled => "Everybody has set up two-factor login.",
        Which::Paused => "Nobody has paused two-factor login.",
        Which::Locked => "Nobody is locked.",
        Which::Required => "The policy requires two-factor login of nobody.",
    }
}

/// The same among the members of a group.
pub(crate) fn nobody_in(group: &str, which: Which) -> String {
    match which {
        Which::All => format!("The group {group} has no members."),
        Which::Enabled => format!("Nobody in the group {group} has two-factor login on."),
        Which::Disabled => format!("Everybody in the group {group} has set up two-factor login."),
        Which::Paused => format!("Nobody in the group {group} has paused two-factor login."),
        Which::Locked => format!("Nobody in the group {group} is locked."),
        Which::Required => {
            format!("The policy requires two-factor login of nobody in the group {group}.")
        }
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

/// What stands below the table about a record that cannot be used, or that has a note.
pub(crate) fn remark(status: &Status) -> Option<String> {
    let remark = status.problem.as_deref().or(status.note.as_deref())?;
    Some(format!("{}: {remark}", status.user))
}

pub(crate) fn row(status: &Status, now: u64) -> [String; 6] {
    let word = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let unknown = || "-".to_owned();
    if status.problem.is_some() {
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
        short_state(status, now).to_owned(),
        status.backup_codes_left.to_string(),
        if status.policy_unknown {
            unknown()
        } else {
            grace(status, now).map_or_else(|| word(status.required), in_a_word)
        },
        word(is_locked(status, now)),
        status
            .last_login
            .map_or_else(|| "never".to_owned(), in_a_word),
    ]
}

/// A moment that `awk` takes for one field.
fn in_a_word(at: u64) -> String {
    date_time(at).replace(' ', "T")
}

fn short_state(status: &Status, now: u64) -> &str {
    match &status.state {
        Some(OpenEnum::Known(State::Enabled)) => "on",
        Some(OpenEnum::Known(State::Paused)) => "paused",
        Some(OpenEnum::Known(State::Pending)) => "unfinished",
        Some(OpenEnum::Known(State::None)) if invitation(status, now).is_some() => "invited",
        Some(OpenEnum::Known(State::None)) => "off",
        Some(OpenEnum::Unknown(name)) => name,
        None => "-",
    }
}

/// Until when a login works without, where it will not for ever.
fn grace(status: &Status, now: u64) -> Option<u64> {
    let lasting = status.grace_until.filter(|until| *until > now);
    lasting.filter(|_| status.required && !status.is_set_up())
}

/// Until when an invitation is good.
fn invitation(status: &Status, now: u64) -> Option<u64> {
    status.invited_until.filter(|until| *until > now)
}

// Show.

pub(crate) fn status(status: &Status, now: u64) -> String {
    let mut lines = vec![
        match status.uid {
            Some(uid) => format!("User: {} (uid {uid})", status.user),
            None => format!("User: {}", status.user),
        },
        format!("Two-factor login: {}", state(status)),
    ];
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        if !problem.contains("tfactl reset") {
            lines.push(format!(
                "If it cannot be mended, start afresh: tfactl reset {}",
                status.user
            ));
        }
        return lines.join("\n");
    }
    if let Some(note) = &status.note {
        lines.push(format!("Note: {note}"));
    }
    if status.is_set_up() {
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
    if let Some(until) = invitation(status, now) {
        lines.push(format!("Invited: yes, until {}", date_time(until)));
    }
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
    lines.push(lock(
        "In programs of the user",
        status.own_failures,
        status.own_locked_until,
        status.own_locked_for_good,
        now,
    ));
    lines.extend(wrong_codes(status));
    if !status.devices.is_empty() {
        lines.push(format!("Remembered devices: {}", status.devices.join(", ")));
    }
    let last = status
        .last_login
        .map_or_else(|| "never".to_owned(), date_time);
    lines.push(format!("Last login with a code: {last}"));
    if is_locked(status, now) {
        lines.push(format!("To unlock: tfactl unlock {}", status.user));
    }
    lines.join("\n")
}

/// Wrong codes that no login was told of yet.
fn wrong_codes(status: &Status) -> Option<String> {
    let last = date_time(status.last_wrong_code?);
    let from = match status.last_wrong_code_from.as_deref() {
        None | Some("") => "by a program of the user".to_owned(),
        Some(from) => format!("from {from}"),
    };
    let count = status.wrong_codes;
    Some(format!(
        "Wrong codes since the last login: {count}, the last on {last} {from}"
    ))
}

pub(super) fn state(status: &Status) -> &str {
    let Some(state) = status.state.as_ref().filter(|_| status.problem.is_none()) else {
        return "the record cannot be used, logins are refused";
    };
    match state {
        OpenEnum::Known(State::Enabled) => "on",
        OpenEnum::Known(State::Paused) if status.required => {
            "paused, and asked for all the same: it is required"
        }
        OpenEnum::Known(State::Paused) => "paused, no code is asked for",
        OpenEnum::Known(State::Pending) => "off, the set-up was not finished",
        OpenEnum::Known(State::None) => "off",
        OpenEnum::Unknown(name) => name,
    }
}

fn required(status: &Status, now: u64) -> String {
    match grace(status, now) {
        _ if status.policy_unknown => "Required: not known, the policy cannot be read".to_owned(),
        Some(until) => format!(
            "Required: yes, from {} on; until then a login works without it",
            date_time(until)
        ),
        None if status.required => "Required: yes".to_owned(),
        None => "Required: no".to_owned(),
    }
}

fn lock(origin: &str, failures: u32, until: Option<u64>, for_good: bool, now: u64) -> String {
    let locked = match until {
        _ if for_good => "locked until you unlock".to_owned(),
        Some(until) if until > now => {
            format!(
                "locked for {} (until {})",
                wait(until - now),
                date_time(until)
            )
        }
        Some(_) | None => "not locked".to_owned(),
    };
    format!(
        "{origin}: {locked}, {} in a row",
        counted(failures as usize, "wrong code")
    )
}
