//! Texts about codes that are bound to a member.

use std::fmt::Display;
use std::path::Path;

use tfa_core::LockState;
use tfa_proto::Error;
use tfa_text::plural;
use tfa_text::time::date_time;

/// The question of an offline login.
pub const ASK_BOUND_CODE: &str = "Bound code: ";
/// A wrong bound code.
pub const WRONG_BOUND_CODE: &str = "Wrong code.";
/// A bound code that was used before.
pub const USED_BOUND_CODE: &str = "This code was already used.";
/// Another input than a bound code.
pub const NOT_A_BOUND_CODE: &str =
    "Not a bound code. It has ten letters and digits. Codes of your phone are not accepted now.";

/// The policy was changed while a bound code was asked for.
pub const BOUND_CODES_NO_LONGER_PERMITTED: &str = "No verifier can be reached, and the policy of this host no longer permits bound codes for this login.";
/// The same, for the log.
pub const POLICY_WITHOUT_BOUND_CODES: &str = "the policy of this host no longer permits bound codes for this login; it was changed while one was asked for";

/// No verifier can be reached, and a bound code is asked for.
#[must_use]
pub fn asks_for_bound_code(host: &str) -> String {
    format!(
        "No verifier can be reached. Enter a code that is bound to {host}: each is good once, and only here."
    )
}

/// No verifier can be reached, and the user has nothing to enter.
#[must_use]
pub fn no_bound_codes(host: &str) -> String {
    format!(
        "No verifier can be reached, and you have no code that is bound to {host}. Try again later, or tell \
         your administrator."
    )
}

/// After a right bound code.
#[must_use]
pub fn bound_code_used(left: usize, host: &str) -> String {
    let number = u64::try_from(left).unwrap_or(u64::MAX);
    plural(
        number,
        format!("You have 1 code left that is bound to {host}."),
        format!("You have {left} codes left that are bound to {host}."),
    )
}

/// No bound code is accepted now.
#[must_use]
pub fn bound_codes_locked(lock: LockState) -> String {
    match lock {
        LockState::Until(until) => {
            let until = date_time(until.as_secs());
            format!("Too many wrong codes. Bound codes are accepted again from {until} on.")
        }
        LockState::Permanent | LockState::Unlocked => {
            "Too many wrong codes. Bound codes are accepted again after a new set is made: tfa-enroll codes \
             --bound"
                .to_owned()
        }
    }
}

/// The policy of the member or of the verifiers forbids bound codes.
#[must_use]
pub fn bound_codes_not_permitted() -> Error {
    Error::Required(
        "The policy does not permit codes that are bound to this host. It takes offline = \"bound-codes\" on \
         this host and on the verifiers: man tfad.toml"
            .to_owned(),
    )
}

/// Bound codes are asked for on another host than a member.
#[must_use]
pub fn not_a_member_for_bound_codes() -> Error {
    Error::WrongState(
        "This host is not a member of a fleet, so it needs no codes that are bound to it."
            .to_owned(),
    )
}

/// The record of a user's bound codes is damaged.
#[must_use]
pub fn damaged_bound_codes(user: &str, why: &dyn Display) -> String {
    format!(
        "the bound codes of {user} on this host cannot be read: {why}. They are refused. Have the user make new ones: \
         tfa-enroll codes --bound"
    )
}

/// New codes of a user take the place of a damaged record, for the log.
#[must_use]
pub fn damaged_bound_codes_replaced(user: &str) -> String {
    format!(
        "new codes of {user} that are bound to this host take the place of those that could not be read. What \
         happened with them since the last report is in the log of this host alone"
    )
}

/// What happened with the bound codes of a user is not known to the verifiers, for the log. Without a name it is that of
/// each user.
#[must_use]
pub fn bound_codes_not_reported(user: &str, why: &str) -> String {
    match user {
        "" => format!(
            "what happened with the codes that are bound to this host cannot be reported, and a set that is void \
             stays in use: {why}"
        ),
        user => format!(
            "what happened with the codes of {user} that are bound to this host cannot be reported, and a set that \
             is void stays in use: {why}"
        ),
    }
}

/// The sealing key of the bound codes is lost, for the log.
#[must_use]
pub fn bound_codes_key_lost(folder: &Path, why: &str) -> String {
    let folder = folder.display();
    format!(
        "the codes that are bound to this host are refused, and what happened with them cannot be reported: {why}. \
         Restore the key and restart tfad. If it is lost, remove {folder} and restart tfad; then users make new \
         codes: tfa-enroll codes --bound"
    )
}

/// The database of the bound codes cannot be opened, for the log.
#[must_use]
pub fn bound_codes_not_opened(folder: &Path, why: &dyn Display) -> String {
    let folder = folder.display();
    format!(
        "the codes that are bound to this host are refused, and no new ones are made: {why}. Correct that. If the \
         codes are lost, remove {folder} and restart tfad; then users make new ones: tfa-enroll codes --bound"
    )
}

/// A verifier knows another set than this host, or none, for the log.
#[must_use]
pub fn bound_codes_void(user: &str) -> String {
    format!(
        "the codes of {user} that are bound to this host are void: the verifiers know another set, or none. The \
         user makes new ones with: tfa-enroll codes --bound"
    )
}

/// A member reports what happened with codes that it cannot have, for the log of a verifier.
#[must_use]
pub fn unknown_bound_events(member: &dyn Display, user: &str, count: usize) -> String {
    format!(
        "{member} reports logins of {user} with bound codes of a set that was not registered for it, or whose record \
         is gone (entries: {count}). They are not believed. If no account was removed or restored, examine {member}: \
         its root may invent them"
    )
}

/// Logins with bound codes that no verifier will learn of, for the log.
#[must_use]
pub fn bound_events_lost(user: &str, uid: u32, count: usize) -> String {
    format!(
        "the name {user} or the uid {uid} belongs to another user now, who makes codes that are bound to this host. \
         What happened with the codes of before was not reported to a verifier, and no longer will be. The log of \
         this host has it (entries: {count})"
    )
}

/// A set was registered, and could not be kept on this host.
#[must_use]
pub fn bound_codes_not_kept(why: &dyn Display) -> String {
    format!(
        "The new codes could not be stored on this host: {why}. The codes of before stay valid. Try again: \
         tfa-enroll codes --bound"
    )
}
