//! The members of a group: the users that it lists, and those whose primary group it is.

use std::collections::BTreeSet;

use tfa_client::Failure;

use crate::{getent, messages};

/// The login names of the members. A directory may not enumerate its users: the users `known` are looked
/// up by name for their primary group.
pub(crate) fn members(group: &str, known: &[&str]) -> Result<BTreeSet<String>, Failure> {
    let lines = getent::some("group", &[group])?;
    let Some((gid, listed)) = lines.lines().find_map(group_line) else {
        return Err(Failure::Refused(messages::no_group(group)));
    };
    let mut members: BTreeSet<String> = listed.map(str::to_owned).collect();
    let mut passwd = getent::all("passwd")?;
    passwd.push_str(&getent::some("passwd", known)?);
    let primary = passwd
        .lines()
        .filter_map(|line| has_primary_group(line, gid));
    members.extend(primary.map(str::to_owned));
    Ok(members)
}

/// The gid and the members in a line of `group`.
fn group_line(line: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [_, _, gid, members] = *fields.as_slice() else {
        return None;
    };
    Some((gid, members.split(',').filter(|member| !member.is_empty())))
}

/// The login name in a line of `passwd`, if the user has this primary group.
fn has_primary_group<'line>(line: &'line str, gid: &str) -> Option<&'line str> {
    let mut fields = line.split(':');
    let name = fields.next()?;
    (fields.nth(2)? == gid).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_the_listed_members() {
        let (gid, members) = group_line("wheel:x:10:alice,bob").unwrap();
        assert_eq!(gid, "10");
        assert_eq!(members.collect::<Vec<_>>(), ["alice", "bob"]);
        let (_, members) = group_line("empty:x:11:").unwrap();
        assert_eq!(members.count(), 0);
        assert!(group_line("garbled:x").is_none());
    }

    #[test]
    fn a_group_has_the_users_with_this_primary_group() {
        let line = "carol:x:1002:10::/home/carol:/bin/bash";
        assert_eq!(has_primary_group(line, "10"), Some("carol"));
        assert_eq!(has_primary_group(line, "1002"), None);
    }
}
