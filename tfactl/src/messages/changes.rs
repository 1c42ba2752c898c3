//! `tfactl reset`, `unlock` and `invite`, and the user of members for whom a record was made.

use tfa_proto::{Status, UserFacts};
use tfa_text::shell::{user_argument, user_arguments};
use tfa_text::time::{date_time, wait};

use super::accounts::state;

// Reset.

pub(crate) fn confirmation_needed(user: &str) -> String {
    format!(
        "Without a terminal, the reset cannot be confirmed. Nothing was changed.\n\
         To reset without confirmation: tfactl reset {}",
        user_arguments(&[user], "--yes")
    )
}

pub(crate) fn reset_intro(status: &Status) -> String {
    let user = &status.user;
    let state = state(status);
    if status.required {
        format!(
            "Resetting two-factor login of {user} ({state}).\n\
             This deletes the authenticators, the backup codes and an invitation.\n\
             The policy requires two-factor login: the next login asks {user} to set it up.\n\
             Make sure that the request comes from {user}.\n"
        )
    } else {
        format!(
            "Resetting two-factor login of {user} ({state}).\n\
             This deletes the authenticators, the backup codes and an invitation.\n\
             The password alone then logs {user} in, until two-factor login is set up again.\n\
             Make sure that the request comes from {user}.\n"
        )
    }
}

pub(crate) fn reset_unknown_user(user: &str, why: &str) -> String {
    format!("{why}\nThis deletes a record under the name {user}, if there is one.\n")
}

pub(crate) const TYPE_NAME: &str = "To confirm, type the user name: ";

pub(crate) const NOT_RESET: &str = "Not reset. Nothing was changed.";

pub(crate) fn reset(user: &str) -> String {
    format!("Two-factor login of {user} was reset.")
}

pub(crate) fn nothing_to_reset(user: &str) -> String {
    format!("{user} has not set up two-factor login. There is nothing to reset.")
}

// Unlock.

pub(crate) fn unlocked(user: &str) -> String {
    format!(
        "{user} is unlocked. The counters of wrong codes are reset. The authenticators are kept."
    )
}

// Invite.

/// The first line is the invitation code alone, for scripts.
pub(crate) fn invitation(user: &str, code: &str, until: u64, now: u64) -> String {
    format!(
        "{code}\n\n\
         With this invitation code, {user} can set up two-factor login once, until\n\
         {until} ({wait}). It replaces earlier ones, and is not shown again.\n\
         Give it to {user} in person, or over a channel that identifies {user}.\n\
         {user} enters it when the login, or tfa-enroll, asks for it.",
        until = date_time(until),
        wait = wait(until.saturating_sub(now))
    )
}

// A user whom members of the fleet alone know.

/// For whom a record was made, if the verifier could compare nothing: a typing error shows.
pub(crate) fn user_of_members(user: &str, found: UserFacts) -> Option<String> {
    let uid = found.uid.filter(|_| found.known == Some(false))?;
    Some(format!(
        "\nThis is for {user} with the uid {uid}, whom this verifier does not know.\n\
         Compare: on the member, id -u {} prints {uid}.",
        user_argument(user)
    ))
}
