//! Texts about codes that are bound to a member.

use std::fmt::Display;

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
        "the bound codes of {user} on this host cannot be read: {why}. They are refused. Remove \
         /var/lib/tfa/bound, restart tfad, and have the users make new ones: tfa-enroll codes --bound"
    )
}

/// The store of bound codes fails, for the log.
#[must_use]
pub fn bound_codes_not_reported(why: &dyn Display) -> String {
    format!("the codes that are bound to this host cannot be reported: {why}")
}

/// A verifier knows another set than this host, or none, for the log.
#[must_use]
pub fn bound_codes_void(user: &str) -> String {
    format!(
        "the codes of {user} that are bound to this host are void: the verifiers know another set, or none. The \
         user makes new ones with: tfa-enroll codes --bound"
    )
}

/// A set was registered, and could not be kept on this host.
#[must_use]
pub fn bound_codes_not_kept(why: &dyn Display) -> String {
    format!(
        "The new codes could not be stored on this host: {why}. The codes of before are void. Make new ones: \
         tfa-enroll codes --bound"
    )
}
