//! `pause`, `resume`, `remove`, `move` and `test`.

pub(crate) const PAUSE_INTRO: &str = "\
Pausing two-factor login. Logins stop asking for codes, and the key is kept.
";
pub(crate) const PAUSED: &str = "\
Two-factor login is paused. The password alone logs you in.
To resume it: tfa-enroll resume";
pub(crate) const REQUIRED: &str = "\
Two-factor login is required on this host, so you cannot switch it off.
To replace an authenticator: tfa-enroll move";

pub(crate) const RESUME_INTRO: &str = "Resuming two-factor login.\n";
pub(crate) const RESUMED: &str = "Two-factor login is on again.";

pub(crate) fn remove_intro(user: &str, has_codes: bool) -> String {
    if has_codes {
        format!(
            "Removing two-factor login for {user}. This deletes the key and the backup codes.\n\
             The entry on your phone becomes useless.\n\
             To stop only for a while: tfa-enroll pause\n"
        )
    } else {
        format!(
            "Removing two-factor login for {user}. This deletes the backup codes.\n\
             SSH logins still accept your security key as an SSH key.\n\
             To stop only for a while: tfa-enroll pause\n"
        )
    }
}

pub(crate) const NOT_REMOVED: &str = "Not removed. Nothing was changed.";

pub(crate) fn removed(user: &str, has_codes: bool) -> String {
    if !has_codes {
        return format!(
            "Two-factor login is off for {user}.\nTo set it up again: tfa-enroll setup"
        );
    }
    format!(
        "Two-factor login is off for {user}. You can delete the entry on your phone.\n\
         To set it up again: tfa-enroll setup"
    )
}

pub(crate) const MOVE_INTRO: &str = "\
Moving to a new phone. First enter a code from the old phone, or a backup code.
This uses up the code. Then you get a key for the new phone. The old phone works
until you have entered a correct code from the new one.
";

pub(crate) const MOVE_CANCELLED: &str = "\
Cancelled. Your old phone still works. The code that you entered is used up.";

/// From a security key to an app.
pub(crate) const MOVE_FROM_KEY_INTRO: &str = "\
Moving from a security key to an authenticator app. First enter a code that you
have, or a backup code. This uses up the code. Then you get a key for the app.
The security key works until you have entered a correct code from the app.
";

pub(crate) const MOVE_FROM_KEY_CANCELLED: &str = "\
Cancelled. Your security key still works. The code that you entered is used up.";

/// As [`moved`], from a security key.
pub(crate) fn moved_from_key(backup_codes_left: Option<u32>) -> String {
    let result = "The authenticator app is active. The security key no longer works.";
    with_backup_codes(result, backup_codes_left)
}

/// Also without the number, where the daemon did not answer.
pub(crate) fn moved(backup_codes_left: Option<u32>) -> String {
    let result = "The new phone is active. The old phone no longer works.";
    with_backup_codes(result, backup_codes_left)
}

fn with_backup_codes(result: &str, left: Option<u32>) -> String {
    let unchanged = "Your backup codes did not change.";
    match left {
        Some(left) => format!("{result}\n{unchanged} Unused backup codes: {left}"),
        None => format!("{result}\n{unchanged}"),
    }
}

pub(crate) const CORRECT_CODE: &str = "\
The code is correct. A login would accept it. It was not used up.";
pub(crate) const CORRECT_BACKUP_CODE: &str = "\
The backup code is correct. A login would accept it. It was not used up.";

pub(crate) fn wrong_test(why: &str) -> String {
    format!("A login would not accept this code.\n{why}")
}
