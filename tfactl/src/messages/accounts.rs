//! `tfactl list` and `tfactl show`.

use tfa_client::{OFF_FOR_ALL, UNUSABLE, bound_codes_lines, kind_text, state_text};
use tfa_proto::{
    Authenticator, FailedAttempt, FailureReason, LockScope, MemberLock, OpenEnum, State, Status,
};
use tfa_text::plural;
use tfa_text::shell::user_argument;
use tfa_text::time::{date_time, difference};

use super::{INDENT, foreign, indented};
use crate::filter::{Filter, is_locked};

pub(crate) fn empty_list(filter: Filter) -> &'static str {
    match filter {
        Filter::All => "No user has set up two-factor login.",
        Filter::Enabled => "No user has two-factor login on.",
        Filter::Disabled => "Every user has set up two-factor login.",
        Filter::Paused => "No user has paused two-factor login.",
        Filter::Locked => "No user is locked.",
        Filter::Required => "The policy requires two-factor login for no user.",
    }
}

pub(crate) fn empty_group_list(group: &str, filter: Filter) -> String {
    match filter {
        Filter::All => format!("The group {group} has no members."),
        Filter::Enabled => format!("No member of the group {group} has two-factor login on."),
        Filter::Disabled => {
            format!("Every member of the group {group} has set up two-factor login.")
        }
        Filter::Paused => format!("No member of the group {group} has paused two-factor login."),
        Filter::Locked => format!("No member of the group {group} is locked."),
        Filter::Required => {
            format!("The policy requires two-factor login for no member of the group {group}.")
        }
    }
}

pub(crate) const COLUMNS: [&str; 6] = [
    "USER",
    "STATE",
    "BACKUP",
    "REQUIRED",
    "LOCKED",
    "LAST-LOGIN",
];

/// The widths of the columns but the last: the longest values, and a name that leaves 80 columns for all.
/// The rows are printed before all of them are known.
pub(crate) const WIDTHS: [usize; 5] = [16, 10, 6, 16, 6];

/// The lines below the row of a record that cannot be used, that has a note, or whose user has codes that are bound to
/// hosts. They are indented.
pub(crate) fn notes(status: &Status, width: usize) -> Vec<String> {
    let status = &foreign::status(status);
    let note = match &status.problem {
        Some(problem) => vec![problem.clone()],
        None => {
            let note = status.note.iter().cloned();
            note.chain(bound_codes_lines(status)).collect()
        }
    };
    let lines = note.iter().map(|note| indented(note, INDENT, width));
    lines.collect()
}

/// After an error, when accounts have been read.
pub(crate) const LIST_INCOMPLETE: &str = "\
The list is incomplete: accounts are missing from its end. Correct the error and
run the command again.";

/// While nothing of a long list is shown.
pub(crate) fn list_progress(read: usize) -> String {
    format!("Accounts read so far: {read}")
}

pub(crate) fn row(status: &Status, now: u64) -> [String; 6] {
    let status = &foreign::status(status);
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
            // On members it is required now, and the end on verifiers moves until a first login there.
            let grace = grace(status, now).filter(|_| !status.grace_on_verifiers_only);
            grace.map_or_else(|| word(status.required), one_field)
        },
        word(is_locked(status, now)),
        status
            .last_login
            .map_or_else(|| "never".to_owned(), one_field),
    ]
}

/// A time without a space, so that `awk` reads it as one field.
fn one_field(at: u64) -> String {
    date_time(at).replace(' ', "T")
}

fn short_state(status: &Status, now: u64) -> &str {
    if exempt(status, now).is_some() {
        return "exempt";
    }
    match &status.state {
        Some(OpenEnum::Known(State::Enabled)) => "on",
        Some(OpenEnum::Known(State::Paused)) => "paused",
        Some(OpenEnum::Known(State::Pending)) => "unfinished",
        Some(OpenEnum::Known(State::None)) if invited(status, now).is_some() => "invited",
        Some(OpenEnum::Known(State::None)) => "off",
        Some(OpenEnum::Unknown(name)) => name,
        None => "-",
    }
}

/// The end of a grace period that has not ended.
fn grace(status: &Status, now: u64) -> Option<u64> {
    let until = status.grace_until.filter(|until| *until > now);
    until.filter(|_| status.required && !status.is_set_up())
}

/// The end of the validity of an invitation, if it is valid.
fn invited(status: &Status, now: u64) -> Option<u64> {
    status.invited_until.filter(|until| *until > now)
}

/// The end of an exemption that is in force.
fn exempt(status: &Status, now: u64) -> Option<u64> {
    status.exempt_until.filter(|until| *until > now)
}

/// That nothing is enforced, whatever the status says.
pub(crate) fn off(status: &Status) -> Option<String> {
    status.off.then(|| OFF_FOR_ALL.to_owned())
}

// Show.

pub(crate) fn status(status: &Status, now: u64) -> String {
    let user_word = user_argument(&status.user);
    let status = &foreign::status(status);
    let mut lines = vec![user(status)];
    lines.extend(off(status));
    lines.push(format!("Two-factor login: {}", state(status)));
    if let Some(problem) = &status.problem {
        lines.push(format!("Problem: {problem}"));
        if !problem.contains("tfactl reset") {
            lines.push(format!(
                "To delete the record, if it cannot be repaired: tfactl reset {user_word}"
            ));
        }
        return lines.join("\n");
    }
    if let Some(note) = &status.note {
        lines.push(format!("Note: {note}"));
    }
    if status.is_set_up() {
        lines.extend(status.authenticators.iter().map(authenticator));
        lines.push(format!("Backup codes left: {}", status.backup_codes_left));
        lines.extend(bound_codes_lines(status));
        lines.extend(devices(status, &user_word));
        if status.pending_authenticator {
            lines.push("A new authenticator waits for its first correct code.".to_owned());
        }
    }
    lines.push(required(status, now));
    lines.extend(exemption(status, now));
    if let Some(until) = invited(status, now) {
        lines.push(format!("Invitation: valid until {}", date_time(until)));
    }
    let remote = lock(
        status.failures,
        status.locked_until,
        status.permanently_locked,
        now,
    );
    lines.push(format!("Logins from unknown places: {remote}"));
    lines.push(format!(
        "Known places: {} (locked: {})",
        status.known_origins, status.locked_known_origins
    ));
    let session = lock(
        status.session_failures,
        status.session_locked_until,
        status.session_permanently_locked,
        now,
    );
    lines.push(format!("sudo, su and polkit: {session}"));
    let console = lock(
        status.console_failures,
        status.console_locked_until,
        status.console_permanently_locked,
        now,
    );
    lines.push(format!("Console logins: {console}"));
    let own = lock(
        status.own_failures,
        status.own_locked_until,
        status.own_permanently_locked,
        now,
    );
    lines.push(format!("Programs of the user: {own}"));
    lines.extend(status.member_locks.iter().map(|one| member_lock(one, now)));
    lines.extend(wrong_codes(status));
    lines.extend(status.failed_attempts.iter().rev().map(failed_attempt));
    lines.push(match status.last_login {
        Some(at) => format!("Last login with a code: {}", date_time(at)),
        None => "Last login with a code: never".to_owned(),
    });
    if is_locked(status, now) {
        lines.push(format!("To remove the lock: tfactl unlock {user_word}"));
    }
    if status.is_set_up() {
        lines.push(format!(
            "If the user has lost each authenticator and the backup codes: tfactl reset {user_word}"
        ));
    }
    lines.join("\n")
}

fn devices(status: &Status, user_word: &str) -> Option<String> {
    let count = status.devices.len();
    (count > 0).then(|| {
        format!("Remembered devices: {count} (to list them: tfactl devices list {user_word})")
    })
}

fn authenticator(one: &Authenticator) -> String {
    let name = &one.name;
    let kind = match (one.weak, kind_text(one)) {
        (false, kind) => kind.to_owned(),
        (true, kind) => format!("{kind}, weak key"),
    };
    match one.last_accepted {
        Some(at) => format!(
            "Authenticator: {name} ({kind}, last used {})",
            date_time(at)
        ),
        None => format!("Authenticator: {name} ({kind}, not used yet)"),
    }
}

fn user(status: &Status) -> String {
    match status.uid {
        Some(uid) => format!("User: {} (uid {uid})", status.user),
        None => format!("User: {} (does not exist on this host)", status.user),
    }
}

pub(super) fn state(status: &Status) -> &str {
    state_text(status).unwrap_or(UNUSABLE)
}

fn required(status: &Status, now: u64) -> String {
    match grace(status, now) {
        _ if status.policy_unknown => "Required: not known, the policy cannot be read".to_owned(),
        Some(_) if status.grace_on_verifiers_only => "\
Required: yes. On members at once. On verifiers, from the end of the grace period, \
which begins with the first login there."
            .to_owned(),
        Some(until) => format!(
            "Required: yes, from {}. Until then logins work without it.",
            date_time(until)
        ),
        None if status.required => "Required: yes".to_owned(),
        None => "Required: no".to_owned(),
    }
}

/// The exemption that is in force.
fn exemption(status: &Status, now: u64) -> Option<String> {
    let until = exempt(status, now)?;
    let reason = status.exempt_reason.as_deref().unwrap_or_default();
    Some(format!(
        "Exempt: no code is asked for until {}\nReason: {reason}",
        date_time(until)
    ))
}

fn lock(wrong: u32, until: Option<u64>, for_good: bool, now: u64) -> String {
    match until {
        _ if for_good => format!("locked until you unlock them (wrong codes in a row: {wrong})"),
        Some(until) if until > now => format!(
            "locked until {} (wrong codes in a row: {wrong})",
            date_time(until)
        ),
        Some(_) | None => format!("not locked (wrong codes in a row: {wrong})"),
    }
}

/// A lock at members of a fleet.
fn member_lock(one: &MemberLock, now: u64) -> String {
    let lock = match (one.locked_until, one.all_others) {
        (None, true) => "locked until you unlock them,\n\
             or until one of the eight that have counts had no wrong code for 90 days"
            .to_owned(),
        (Some(until), true) => format!("locked until {}", date_time(until)),
        (until, false) => lock(one.failures, until, until.is_none(), now),
    };
    let host = match &*one.host {
        "" => "a member of the fleet",
        host => host,
    };
    match one.scope.as_ref().and_then(OpenEnum::known) {
        _ if one.all_others => format!("All other members of the fleet: {lock}"),
        Some(LockScope::Sessions) => format!("sudo, su and polkit on {host}: {lock}"),
        Some(LockScope::Console) => format!("Console logins on {host}: {lock}"),
        Some(LockScope::OwnPrograms) => format!("Programs of the user on {host}: {lock}"),
        Some(LockScope::KnownOrigin | LockScope::UnknownOrigins) | None => {
            format!("Places on {host}: {lock}")
        }
    }
}

/// Attempts that failed for one reason.
fn failed_attempt(attempt: &FailedAttempt) -> String {
    let last = date_time(attempt.last);
    let reason = reason(attempt);
    let (service, from, count) = (&attempt.service, &attempt.from, attempt.count);
    let number = u64::from(count);
    if from.is_empty() {
        plural(
            number,
            format!("Failed: {last}, in a program that runs as the user: {reason}"),
            format!(
                "Failed {count} times: the last {last}, in a program that runs as the user: {reason}"
            ),
        )
    } else {
        plural(
            number,
            format!("Failed: {last}, {service}, from {from}: {reason}"),
            format!("Failed {count} times: the last {last}, {service}, from {from}: {reason}"),
        )
    }
}

fn reason(attempt: &FailedAttempt) -> String {
    let reason = match attempt.reason.known() {
        Some(FailureReason::WrongCode) => "wrong code",
        Some(FailureReason::OtherTime) => return other_time(attempt.drift.unwrap_or(0)),
        Some(FailureReason::WrongLength) => {
            "wrong code, with a number of digits that no authenticator has"
        }
        Some(FailureReason::PendingAuthenticator) => {
            "a code of the new authenticator, which is not confirmed yet"
        }
        Some(FailureReason::WrongBackupCode) => {
            "wrong backup code, maybe of an older set or of another host"
        }
        Some(FailureReason::UsedCode) => "a code that was already used",
        Some(FailureReason::VoidCode) => {
            "a code that may be from before the account was moved or restored here"
        }
        Some(FailureReason::NotACode) => "not a code, maybe the password",
        Some(FailureReason::Locked) => {
            return match attempt.locked_until {
                Some(until) => format!("locked until {}", date_time(until)),
                None => "locked until you unlock them".to_owned(),
            };
        }
        Some(FailureReason::NotEnrolled) => "the user must enroll, and has not",
        Some(FailureReason::NotAsked) => {
            "the login asked for no code, as with an SSH key alone, and a code is required"
        }
        Some(FailureReason::FactorNotAccepted) => {
            "a second factor that the rule of that login does not accept"
        }
        Some(FailureReason::WrongRecoveryCode) => "not the recovery code of this host",
        None => attempt.reason.name(),
    };
    reason.to_owned()
}

/// The code is right for another time. Which of the two clocks is off is not known.
fn other_time(drift: i64) -> String {
    let difference = difference(drift.unsigned_abs());
    if drift > 0 {
        format!(
            "right for another time: the clock of the phone is about {difference} ahead of this \
             host, so one of the two is off"
        )
    } else {
        format!(
            "right for another time: the clock of the phone is about {difference} behind this \
             host, so one of the two is off"
        )
    }
}

/// Wrong codes that no login has reported yet.
fn wrong_codes(status: &Status) -> Option<String> {
    let last = date_time(status.last_wrong_code?);
    let count = status.wrong_codes;
    Some(match status.last_wrong_code_from.as_deref() {
        None | Some("") => format!(
            "Wrong codes since the last login: {count}\n\
             Last wrong code: {last}, in a program that runs as the user"
        ),
        Some(from) => format!(
            "Wrong codes since the last login: {count}\n\
             Last wrong code: {last}, from {from}"
        ),
    })
}
