//! Security keys.

pub(crate) const ALREADY_SET_UP_ADD_KEY: &str = "\
Two-factor login is already set up. Nothing was changed.
To add the security key: tfa-enroll add --security-key FILE";

pub(crate) fn key_setup_intro(user: &str) -> String {
    format!(
        "Setting up two-factor login for {user} with a security key.\n\
         You get backup codes, for logins that cannot use the key, such as the console.\n\
         Key and codes become active with the first SSH login that uses the key.\n"
    )
}

pub(crate) const ADD_KEY_INTRO: &str = "\
Adding a security key. First enter a code that you have, or a backup code. This
uses up the code.
";

pub(crate) const MOVE_TO_KEY_INTRO: &str = "\
Replacing an authenticator by a security key. First enter a code that you have,
or a backup code. This uses up the code. A security key works over SSH only.
Elsewhere you need another authenticator or a backup code.
";

pub(crate) const SSHD_IGNORES_KEYS: &str = "\
WARNING: SSH logins on this host do not use the security key as a second factor,
because sshd does not ask for the key and then for the password. Tell your
administrator; see Security keys in pam_tfa(8).
";

pub(crate) const KEY_BACKUP_CODES: &str = "\
These are your backup codes. They become active together with the security key.
";

pub(crate) fn key_waits(user: &str) -> String {
    format!(
        "Two-factor login is not on yet for {user}.\n\
         Within an hour, log in over SSH with the security key and your password.\n\
         This makes the security key and the backup codes active."
    )
}

pub(crate) const KEY_STILL_WAITS: &str = "\
To make the security key and its backup codes active, log in over SSH with the
security key and your password. If you start over and set up an authenticator
app, this discards the security key and its backup codes.";

/// Without the name, where the daemon did not answer.
pub(crate) fn key_added(name: Option<&str>) -> String {
    match name {
        Some(name) => format!(
            "The security key is active, under the name {name}. SSH logins that use it ask for\n\
             no code. The others still work. Your backup codes did not change."
        ),
        None => "\
The security key is active. SSH logins that use it ask for no code.
The others still work. Your backup codes did not change."
            .to_owned(),
    }
}

/// Without the name, where the daemon did not answer.
pub(crate) fn moved_to_key(name: Option<&str>) -> String {
    match name {
        Some(name) => format!(
            "The security key is active, under the name {name}. The authenticator before it was\n\
             removed. Your backup codes did not change."
        ),
        None => "\
The security key is active. The authenticator before it was removed.
Your backup codes did not change."
            .to_owned(),
    }
}
