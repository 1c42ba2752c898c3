//! Changes: `tfactl reset`, `unlock` and `invite`.

use tfa_proto::Status;
use tfa_text::time::date_time;

use super::accounts::state;
use tfa_text::time::wait;

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
        "Resetting two-factor login of {user} ({}):\n\
         the keys, the backup codes and an invitation are forgotten.\n\
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

// Invite.

/// The word stands on a line of its own, the first, for scripts.
pub(crate) fn invitation(user: &str, word: &str, until: u64, now: u64) -> String {
    format!(
        "{word}\n\n\
         The invitation of {user}: good once, until {} ({}).\n\
         It is shown only now, and one that was made before is void.\n\
         Hand it over by a way on which you know that it is {user}: in person, or by a\n\
         call to a number that you know. {user} types it where the set-up asks for it:\n\
         at the login, or in tfa-enroll.",
        date_time(until),
        wait(until.saturating_sub(now))
    )
}
