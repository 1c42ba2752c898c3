//! The users of this host with their groups, for the `Match` lines of sshd.

use std::collections::BTreeSet;

use tfa_doctor::sshd::config::ConfigLine;
use tfa_doctor::sshd::matching::{self, Users};

use super::super::output::output;
use crate::messages;

/// How many names are looked up at once.
const NAMES_AT_ONCE: usize = 100;
/// How many names that the name service does not list are looked up.
const MAX_NAMES: usize = 5_000;

/// The users, if `Match` lines ask for them. If the name service fails, the rest is not looked up.
pub(super) fn collect(lines: &[ConfigLine], not_examined: &mut Vec<String>) -> Users {
    let (mut passwd, mut group) = (String::new(), String::new());
    if lines.iter().any(|line| line.keyword == "match") {
        let read = read_users(lines, &mut passwd, &mut group);
        not_examined.extend(read.err());
    }
    Users::parse(&passwd, &group)
}

/// Reads what a name service lists, then what it knows by its name only.
fn read_users(lines: &[ConfigLine], passwd: &mut String, group: &mut String) -> Result<(), String> {
    let (users, groups) = matching::names(lines);
    *group += &entries("group", &[])?;
    *group += &named("group", &groups)?;
    *passwd += &entries("passwd", &[])?;
    let members = Users::parse("", group);
    let all = users.iter().map(String::as_str).chain(members.names());
    let listed = Users::parse(passwd, "");
    let unlisted = all.filter(|name| !listed.contains(name));
    *passwd += &named("passwd", &unlisted.map(str::to_owned).collect())?;
    *group += &named("group", &matching::primary_groups(passwd, group))?;
    Ok(())
}

/// The entries with some names, or numbers, of a database of the name service.
fn named(database: &str, names: &BTreeSet<String>) -> Result<String, String> {
    if names.len() > MAX_NAMES {
        let why = messages::too_many_names();
        return Err(messages::names_not_read(database, &why));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let parts = names.chunks(NAMES_AT_ONCE);
    parts.map(|names| entries(database, names)).collect()
}

/// The entries of a database: those with the names, or all that it lists.
fn entries(database: &str, names: &[&str]) -> Result<String, String> {
    // The exit status if one of the names is not known.
    const NOT_FOUND: i32 = 2;
    let output = output("getent", &[&["--", database], names].concat());
    let output = output.map_err(|why| messages::names_not_read(database, &why))?;
    if !matches!(output.status.code(), Some(0 | NOT_FOUND)) {
        let why = messages::program_failed("getent", &output.status.to_string());
        return Err(messages::names_not_read(database, &why));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
