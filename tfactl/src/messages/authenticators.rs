//! `tfactl authenticator`.

use std::io;

use tfa_proto::Status;

pub(crate) const STANDARD_INPUT: &str = "the standard input";

pub(crate) const TYPE_KEY: &str = "Enter the key, then press Ctrl-D on an empty line.";

pub(crate) fn authenticator_added(user: &str, name: &str) -> String {
    format!("The authenticator {name} was added. Logins of {user} accept its codes.")
}

pub(crate) fn security_key_added(user: &str, name: &str) -> String {
    format!(
        "The security key {name} was added. It replaces the code in SSH logins of {user}.\n\
         Elsewhere {user} needs another authenticator or a backup code."
    )
}

pub(crate) const NO_CODES: &str = "\
A security key computes no codes: it has no algorithm, digits, period or
counter, and no key in hex. Nothing was changed.";

pub(crate) fn authenticator_removed(user: &str, name: &str) -> String {
    format!("The authenticator {name} of {user} was removed. The others still work.")
}

pub(crate) fn no_authenticators(user: &str) -> String {
    format!("{user} has no authenticators.")
}

pub(crate) fn no_such_authenticator(status: &Status, name: &str) -> String {
    let user = &status.user;
    if status.authenticators.is_empty() {
        return no_authenticators(user);
    }
    let names = status.authenticators.iter().map(|one| one.name.as_str());
    let names = names.collect::<Vec<_>>().join(", ");
    format!(
        "{user} has no authenticator with the name {name}. Nothing was changed.\n\
         The authenticators of {user}: {names}"
    )
}

pub(crate) fn key_unreadable(path: &str, error: &io::Error) -> String {
    format!("The key cannot be read from {path}: {error}. Nothing was changed.")
}

pub(crate) fn key_empty(path: &str) -> String {
    format!("The key in {path} is empty. Nothing was changed.")
}

pub(crate) fn key_too_long(path: &str) -> String {
    format!("The text in {path} is too long for a key. Nothing was changed.")
}

pub(crate) fn key_not_hex(path: &str) -> String {
    format!(
        "The key in {path} is not in hex: pairs of the digits 0-9 and the letters a-f.\n\
         Nothing was changed."
    )
}

pub(crate) fn key_not_base32(path: &str) -> String {
    format!(
        "The key in {path} is not in base32: the letters A-Z and the digits 2-7.\n\
         Nothing was changed."
    )
}

pub(crate) fn key_perhaps_hex(path: &str) -> String {
    format!(
        "The key in {path} is not in base32. If it is in hex, use --hex.\n\
         Nothing was changed."
    )
}
