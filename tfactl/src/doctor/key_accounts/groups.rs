//! The groups of an account, as sshd asks for them.

use std::collections::BTreeSet;
use std::ffi::CString;

use nix::unistd::{Gid, Group, getgrouplist};

/// The names of the groups of a user whose primary group has this gid. `None` if the name service fails. A group
/// without a name is in no list of sshd.
pub(super) fn of(user: &str, gid: u32) -> Option<BTreeSet<String>> {
    let user = CString::new(user).ok()?;
    let groups = getgrouplist(&user, Gid::from_raw(gid)).ok()?;
    let groups: Result<Vec<Option<Group>>, _> = groups.into_iter().map(Group::from_gid).collect();
    let groups = groups.ok()?.into_iter().flatten();
    Some(groups.map(|group| group.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_has_its_primary_group() {
        let groups = of("root", 0).unwrap_or_default();
        assert!(groups.contains("root"), "{groups:?}");
    }
}
