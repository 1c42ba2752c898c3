//! `add`, `list`, `rename`, `remove` of one authenticator, and the resynchronization of a token.

pub(crate) const ADD_INTRO: &str = "\
Adding an authenticator. First enter a code that you have, or a backup code.
This uses up the code. Then you get a key for the new authenticator, which has
codes of its own. Logins accept the codes of all authenticators.
";

pub(crate) const ADD_CANCELLED: &str = "\
Cancelled. Nothing was added. The code that you entered is used up.";

/// Without the name, where the daemon did not answer.
pub(crate) fn added(name: Option<&str>) -> String {
    match name {
        Some(name) => format!(
            "The new authenticator is active, under the name {name}. The others still work.\n\
             Your backup codes did not change. To list all: tfa-enroll list"
        ),
        None => "\
The new authenticator is active. The others still work.
Your backup codes did not change. To list all: tfa-enroll list"
            .to_owned(),
    }
}

pub(crate) fn no_such_authenticator(name: &str, names: &str) -> String {
    format!(
        "You have no authenticator with the name {name}. Nothing was changed.\n\
         Your authenticators: {names}"
    )
}

pub(crate) fn move_needs_a_name(names: &str) -> String {
    format!(
        "You have several authenticators. Name the one to replace: tfa-enroll move NAME\n\
         Your authenticators: {names}"
    )
}

pub(crate) fn renamed_key(new: &str) -> String {
    format!("The security key has the name {new} now.")
}

pub(crate) fn rename_intro(old: &str, new: &str) -> String {
    format!("Renaming the authenticator {old} to {new}.\n")
}

pub(crate) fn renamed(new: &str) -> String {
    format!("The authenticator has the name {new} now. Its codes did not change.")
}

pub(crate) fn remove_one_intro(name: &str) -> String {
    format!(
        "Removing the authenticator {name}. This deletes its key.\n\
         Its codes stop working. Your other authenticators and the backup codes stay.\n"
    )
}

pub(crate) fn remove_key_intro(name: &str) -> String {
    format!(
        "Removing the security key {name}. SSH logins that use it then ask for a code.\n\
         Your other authenticators and the backup codes stay.\n"
    )
}

pub(crate) fn removed_key(name: &str) -> String {
    format!("The security key {name} was removed. Your other authenticators still work.")
}

pub(crate) fn removed_one(name: &str) -> String {
    format!(
        "The authenticator {name} was removed. Your other authenticators still work.\n\
         You can delete its entry in the app."
    )
}

pub(crate) const RESYNCHRONIZATION_INTRO: &str = "
If this is the code of a token, its counter can be too far ahead, because its
button was pressed more than ten times without a login. Two codes that follow
each other correct that. They are used up.";
pub(crate) const RESYNCHRONIZE: &str = "Enter two codes of the token now? [Y/n] ";
pub(crate) const FIRST_OF_TWO: &str = "First code of the token: ";
pub(crate) const SECOND_OF_TWO: &str = "Next code of the token: ";

pub(crate) fn resynchronized(name: &str) -> String {
    format!("The codes follow each other. Logins accept the next codes of {name}.")
}

pub(crate) const NOT_RESYNCHRONIZED: &str = "\
These codes do not follow each other within the next hundred codes of a token.
Press the button again for each code, and enter both in their order. If it fails
again, ask your administrator to add the token anew.";
