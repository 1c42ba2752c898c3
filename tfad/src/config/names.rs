//! Names of users, groups, hosts, services, consoles and methods, and reasons. A name that cannot exist is an error,
//! because its rule would not apply to the users it was written for.

use tfa_core::{Group, HostPattern, MAX_REASON_LENGTH, is_reason};
use tfa_proto::consoles::is_pseudo_terminal;
use tfa_proto::{Consoles, KEY_METHODS, KEYBOARD_INTERACTIVE, SSH_METHODS, is_misleading};
use toml::de::DeValue;

use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::suggestion::nearest;
use super::values::{Value, list, number, text};

/// The word in `consoles` for the usual ones.
const DEFAULT_CONSOLES: &str = "default";

/// Signs in front of a group in other programs, such as sudoers.
const GROUP_SIGNS: [char; 3] = ['%', '@', '+'];

/// Reads the name of a user.
pub(super) fn user(value: Value<'_, '_>) -> Result<String, Problem> {
    if let DeValue::Integer(uid) = value.toml() {
        return Err(errors::uid_as_user(uid));
    }
    let name = name(text(value)?)?;
    if let Some(group) = name.strip_prefix(GROUP_SIGNS) {
        return Err(errors::group_as_user(name, group));
    }
    if is_number(name) {
        return Err(errors::number_as_user(name));
    }
    Ok(name.to_owned())
}

/// Reads a group, by name or number.
pub(super) fn group(value: Value<'_, '_>) -> Result<Group, Problem> {
    match value.toml() {
        DeValue::Integer(gid) => Ok(Group::Number(number(gid)?)),
        DeValue::String(text) => {
            let name = name(text)?;
            if let Some(bare) = name.strip_prefix(GROUP_SIGNS) {
                return Err(errors::group_with_sign(name, bare));
            }
            if is_number(name) {
                return Err(errors::number_as_group(name));
            }
            Ok(Group::Name(name.to_owned()))
        }
        other => Err(errors::wrong_type(Expected::Group, other)),
    }
}

/// Reads the name of a host, or a pattern of names.
pub(super) fn host(value: Value<'_, '_>) -> Result<HostPattern, Problem> {
    let written = text(value)?;
    let lower = written.to_ascii_lowercase();
    HostPattern::new(written).map_err(|why| match HostPattern::new(&lower) {
        Ok(_) => errors::host_in_capitals(written, &lower),
        Err(_) => errors::not_a_host(written, &why),
    })
}

/// Reads a service as PAM names it: without a directory, and in lower case.
pub(super) fn service(value: Value<'_, '_>) -> Result<String, Problem> {
    let name = name(text(value)?)?;
    let service = name.rsplit('/').next().unwrap_or_default();
    let service = service.to_ascii_lowercase();
    if service != name {
        return Err(errors::not_a_service(name, &service));
    }
    Ok(service)
}

/// Reads the list of consoles.
pub(super) fn consoles(value: Value<'_, '_>) -> Result<Consoles, Problem> {
    let mut names = list(value, console)?;
    let with_default = names.iter().any(|name| name == DEFAULT_CONSOLES);
    names.retain(|name| name != DEFAULT_CONSOLES);
    Ok(Consoles::new(with_default, names))
}

/// Reads a terminal or display of this machine, or the word for the usual ones.
fn console(value: Value<'_, '_>) -> Result<String, Problem> {
    let written = text(value)?;
    // A display begins with a colon.
    name(written.strip_prefix(':').unwrap_or(written))?;
    if let Some(bare) = written.strip_prefix("/dev/") {
        return Err(errors::console_with_directory(written, bare));
    }
    if is_pseudo_terminal(written) {
        return Err(errors::pseudo_terminal(written));
    }
    Ok(written.to_owned())
}

/// Reads a method of sshd.
pub(super) fn method(value: Value<'_, '_>) -> Result<String, Problem> {
    one_of(value, &SSH_METHODS)
}

/// Reads a method of sshd, or a kind of key.
pub(super) fn method_or_kind(value: Value<'_, '_>) -> Result<String, Problem> {
    let all: Vec<_> = SSH_METHODS.into_iter().chain(KEY_METHODS).collect();
    one_of(value, &all)
}

fn one_of(value: Value<'_, '_>, all: &[&'static str]) -> Result<String, Problem> {
    let written = text(value)?;
    if all.contains(&written) {
        return Ok(written.to_owned());
    }
    Err(match nearest(written, all.iter().copied()) {
        Some(near) => errors::misspelled_method(written, near),
        None if written == KEYBOARD_INTERACTIVE => errors::keyboard_interactive(written),
        None => errors::unknown_method(written, all),
    })
}

/// Reads the name of this host in authenticator apps.
pub(super) fn issuer(value: Value<'_, '_>) -> Result<String, Problem> {
    let name = text(value)?;
    if has_colon_or_is_misleading(name) {
        return Err(errors::bad_issuer());
    }
    Ok(name.to_owned())
}

/// Reads the reason for an exemption.
pub(super) fn reason(value: Value<'_, '_>) -> Result<String, Problem> {
    let written = text(value)?;
    if written.is_empty() {
        Err(errors::empty_reason())
    } else if written.contains(is_misleading) {
        Err(errors::invisible_in_reason(written))
    } else if written.trim() != written {
        Err(errors::space_around_reason(written))
    } else if is_reason(written) {
        Ok(written.to_owned())
    } else {
        Err(errors::long_reason(MAX_REASON_LENGTH))
    }
}

fn name(name: &str) -> Result<&str, Problem> {
    if name.is_empty() {
        Err(errors::empty_name())
    } else if has_colon_or_is_misleading(name) {
        Err(errors::invisible_character(name))
    } else if name.trim() != name {
        Err(errors::space_around(name))
    } else if name.contains(['*', '?']) {
        Err(errors::pattern(name))
    } else {
        Ok(name)
    }
}

fn has_colon_or_is_misleading(name: &str) -> bool {
    name.contains(|c: char| c == ':' || is_misleading(c))
}

fn is_number(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_digit())
}
