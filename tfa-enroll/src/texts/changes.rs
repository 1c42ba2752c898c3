//! Pausing, resuming, removing, trying a code.

pub(crate) const PAUSE_INTRO: &str = "\
Pausing two-factor login: no code is asked for any more, and the key is kept.
";
pub(crate) const PAUSED: &str = "\
Two-factor login is paused: the password alone logs you in.
To switch it on again with the same phone: tfa-enroll resume";
pub(crate) const REQUIRED: &str = "\
Two-factor login is required on this host, so it cannot be switched off.
For a new phone: tfa-enroll move";

pub(crate) const RESUME_INTRO: &str = "Resuming two-factor login.\n";
pub(crate) const RESUMED: &str = "Two-factor login is on again.";

pub(crate) fn remove_intro(user: &str) -> String {
    format!(
        "Removing two-factor login of {user}: the key, the backup codes and the remembered\n\
         devices are forgotten. What the phone has is worth nothing afterwards.\n\
         To stop for a while only: tfa-enroll pause.\n"
    )
}

pub(crate) const NOT_REMOVED: &str = "Not removed. Nothing was changed.";

pub(crate) fn removed(user: &str) -> String {
    format!(
        "Two-factor login is off for {user}. You can delete the entry on the phone.\n\
         To set it up again: tfa-enroll setup"
    )
}

pub(crate) fn right_code(backup: bool) -> &'static str {
    if backup {
        "Right: this backup code would have been accepted. It was not used up."
    } else {
        "Right: this code would have been accepted. It was not used up."
    }
}

pub(crate) fn wrong_test(hint: &str) -> String {
    format!("Wrong: this code would not have been accepted.\n{hint}")
}
