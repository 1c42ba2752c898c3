//! Names of users, groups, hosts, services, consoles and methods, and user ids.

use std::fmt::Display;

use tfa_core::InvalidHostName;

use super::did_you_mean;
use crate::config::messages::quoted;
use crate::config::problem::Problem;

pub(in crate::config) fn empty_name() -> Problem {
    Problem::new("the name \"\" is empty")
}

pub(in crate::config) fn invisible_character(name: &str) -> Problem {
    Problem::new(format!(
        "the name {} has a colon or an invisible character",
        quoted(name)
    ))
}

pub(in crate::config) fn space_around(name: &str) -> Problem {
    Problem::new(format!(
        "the name {} begins or ends with a space",
        quoted(name)
    ))
}

pub(in crate::config) fn pattern(name: &str) -> Problem {
    Problem::new(format!("the name {} is a pattern", quoted(name)))
        .help("patterns are not supported, so list the names")
}

pub(in crate::config) fn uid_as_user(uid: &impl Display) -> Problem {
    Problem::new(format!("{uid} is not a user name")).help(format!("write uids = {uid}"))
}

pub(in crate::config) fn group_as_user(name: &str, group: &str) -> Problem {
    Problem::new(format!("{} is not a user name", quoted(name)))
        .help(format!("write groups = [{}]", quoted(group)))
}

pub(in crate::config) fn number_as_user(name: &str) -> Problem {
    Problem::new(format!("{} is a number", quoted(name)))
        .help("to name users by number, use the key uids")
}

pub(in crate::config) fn group_with_sign(name: &str, bare: &str) -> Problem {
    Problem::new(format!("{} is not a group name", quoted(name)))
        .help(format!("write {}", quoted(bare)))
}

pub(in crate::config) fn number_as_group(name: &str) -> Problem {
    Problem::new(format!("{} is a number", quoted(name))).help("write it without quotes")
}

pub(in crate::config) fn host_in_capitals(name: &str, lower: &str) -> Problem {
    Problem::new(format!("{} is not how rules name a host", quoted(name)))
        .help(format!("write {}", quoted(lower)))
}

pub(in crate::config) fn not_a_host(name: &str, why: &InvalidHostName) -> Problem {
    Problem::new(format!(
        "{} is neither the name of a host nor a pattern",
        quoted(name)
    ))
    .help(format!("{why}, and * stands for any characters"))
}

pub(in crate::config) fn not_a_service(name: &str, service: &str) -> Problem {
    Problem::new(format!("{} is not how PAM names a service", quoted(name)))
        .help(format!("write {}", quoted(service)))
}

pub(in crate::config) fn console_with_directory(name: &str, bare: &str) -> Problem {
    Problem::new(format!("{} has the directory in front", quoted(name)))
        .help(format!("write {}", quoted(bare)))
}

pub(in crate::config) fn pseudo_terminal(name: &str) -> Problem {
    Problem::new(format!("{} is a pseudo-terminal", quoted(name)))
        .help("remove it, because logins over the network have pseudo-terminals")
}

pub(in crate::config) fn keyboard_interactive(written: &str) -> Problem {
    not_a_method(written).help("for anything that PAM asks, write \"password\"")
}

pub(in crate::config) fn unknown_method(written: &str, known: &[&str]) -> Problem {
    not_a_method(written).help(format!("known methods are {}", known.join(", ")))
}

pub(in crate::config) fn misspelled_method(written: &str, near: &str) -> Problem {
    not_a_method(written).help(did_you_mean(near))
}

fn not_a_method(written: &str) -> Problem {
    Problem::new(format!("{} is not a method of sshd", quoted(written)))
}

pub(in crate::config) fn bad_issuer() -> Problem {
    Problem::new("must not have a colon or an invisible character")
        .help("authenticator apps split the name at a colon")
}

pub(in crate::config) fn empty_reason() -> Problem {
    Problem::new("the reason \"\" is empty")
}

pub(in crate::config) fn invisible_in_reason(written: &str) -> Problem {
    Problem::new(format!(
        "the reason {} has a line break or an invisible character",
        quoted(written)
    ))
}

pub(in crate::config) fn space_around_reason(written: &str) -> Problem {
    Problem::new(format!(
        "the reason {} begins or ends with a space",
        quoted(written)
    ))
}

pub(in crate::config) fn long_reason(max_length: usize) -> Problem {
    Problem::new(format!("the reason is longer than {max_length} characters"))
}

pub(in crate::config) fn reversed_range(written: &str, first: u32, last: u32) -> Problem {
    Problem::new(format!("the range {} is reversed", quoted(written)))
        .help(format!("write \"{last}-{first}\""))
}

pub(in crate::config) fn not_a_range(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a number or a range such as \"0-999\"",
        quoted(written)
    ))
}
