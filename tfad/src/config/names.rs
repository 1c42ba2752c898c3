//! Names of users, groups, services and methods. One that can never be met is a mistake: its rule
//! would not hold for whom it was written.

use tfa_core::Group;
use tfa_proto::consoles::is_pseudo_terminal;
use tfa_proto::{Consoles, is_misleading};
use toml::de::DeValue;

use super::mistake::Wrong;
use super::values::{Value, nearest, not_a, number, shown, text};

/// What `consoles` calls those that need not be named.
const USUAL: &str = "default";

/// The methods of sshd, and `password` for whatever PAM asks.
const METHODS: [&str; 5] = [
    "publickey",
    "hostbased",
    "gssapi-with-mic",
    "gssapi-keyex",
    "password",
];

/// A user.
pub(super) fn user(value: &Value<'_>) -> Result<String, Wrong> {
    if let DeValue::Integer(uid) = value.get_ref() {
        return Err(Wrong::new(format!("{uid} is not a name")).help(format!("write uids = {uid}")));
    }
    let name = name(text(value)?)?;
    if let Some(group) = name.strip_prefix(['%', '@', '+']) {
        let wrong = Wrong::new(format!("{} is not a user's name", shown(name)));
        return Err(wrong.help(format!("write groups = [{}]", shown(group))));
    }
    if is_number(name) {
        let wrong = Wrong::new(format!("{} is a number", shown(name)));
        return Err(wrong.help("name users by number under uids"));
    }
    Ok(name.to_owned())
}

/// A group, by name or number.
pub(super) fn group(value: &Value<'_>) -> Result<Group, Wrong> {
    match value.get_ref() {
        DeValue::Integer(gid) => Ok(Group::Number(number(gid)?)),
        DeValue::String(text) => {
            let name = name(text)?;
            if let Some(bare) = name.strip_prefix(['%', '@', '+']) {
                let wrong = Wrong::new(format!("{} is not a group's name", shown(name)));
                return Err(wrong.help(format!("write {}", shown(bare))));
            }
            if is_number(name) {
                let wrong = Wrong::new(format!("{} is a number", shown(name)));
                return Err(wrong.help("write it without quotes"));
            }
            Ok(Group::Name(name.to_owned()))
        }
        other => Err(not_a("a group's name in quotes or its number", other)),
    }
}

/// A service, as PAM names it: without a folder, and in lower case.
pub(super) fn service(value: &Value<'_>) -> Result<String, Wrong> {
    let name = name(text(value)?)?;
    let pams = name.rsplit('/').next().unwrap_or_default();
    let pams = pams.to_ascii_lowercase();
    if pams != name {
        let wrong = Wrong::new(format!("{} is not how PAM names a service", shown(name)));
        return Err(wrong.help(format!("write {}", shown(&pams))));
    }
    Ok(pams)
}

/// A terminal or a display of this machine, or the word for the usual ones.
pub(super) fn console(value: &Value<'_>) -> Result<String, Wrong> {
    let written = text(value)?;
    // A display begins with a colon.
    name(written.strip_prefix(':').unwrap_or(written))?;
    let name = written;
    if let Some(bare) = name.strip_prefix("/dev/") {
        let wrong = Wrong::new(format!("{} has the folder in front", shown(name)));
        return Err(wrong.help(format!("write {}", shown(bare))));
    }
    if is_pseudo_terminal(name) {
        let wrong = Wrong::new(format!("{} is a pseudo-terminal", shown(name)));
        return Err(wrong.help("logins over the network have them as well"));
    }
    Ok(name.to_owned())
}

/// The consoles of those names.
pub(super) fn consoles(mut names: Vec<String>) -> Consoles {
    let usual = names.iter().any(|name| name == USUAL);
    names.retain(|name| name != USUAL);
    Consoles::new(usual, names)
}

/// A method of ssh.
pub(super) fn method(value: &Value<'_>) -> Result<String, Wrong> {
    let written = text(value)?;
    if METHODS.contains(&written) {
        return Ok(written.to_owned());
    }
    let wrong = Wrong::new(format!("{} is not a method of sshd", shown(written)));
    Err(match nearest(written, METHODS) {
        None if written == "keyboard-interactive" => {
            wrong.help("whatever PAM asks for is \"password\"")
        }
        None => wrong.help(format!("known are {}", METHODS.join(", "))),
        near => wrong.meant(near),
    })
}

fn name(name: &str) -> Result<&str, Wrong> {
    let why = if name.is_empty() {
        "is empty"
    } else if name.contains(|c: char| c == ':' || is_misleading(c)) {
        "has a colon or a character that does not show"
    } else if name.trim() != name {
        "begins or ends with a space"
    } else if name.contains(['*', '?']) {
        "is a pattern, and there are none"
    } else {
        return Ok(name);
    };
    Err(Wrong::new(format!("the name {} {why}", shown(name))))
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}
