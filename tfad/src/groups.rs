//! The groups of a user, as far as the policy asks about them.
//!
//! A directory that is down answers like one that does not know the group, and leaves groups out
//! of a user's list without a word. So only a group that was found counts as known, and it is
//! looked up after the list, with its own list of members.

use nix::errno::Errno;
use nix::unistd::{Gid, Group as Entry, Uid, User as Person, getgrouplist};
use tfa_core::{Belongs, Group, Groups};
use tokio::task::spawn_blocking;

use crate::users::User;

/// To which of these groups a user belongs. The name service is asked beside the bus thread, and
/// only where there is something to ask.
pub async fn of(user: &User, asked: Vec<Group>) -> Groups {
    if asked.is_empty() {
        return Groups::default();
    }
    let (name, uid) = (user.name.clone(), user.uid);
    // A look-up that broke off leaves every group unknown.
    spawn_blocking(move || look_up(&name, uid, asked))
        .await
        .unwrap_or_default()
}

fn look_up(name: &str, uid: u32, asked: Vec<Group>) -> Groups {
    let mut own: Vec<Gid> = Vec::new();
    let mut complete = false;
    if let Ok(Some(person)) = Person::from_uid(Uid::from_raw(uid)) {
        own.push(person.gid);
        let c_name = std::ffi::CString::new(name).unwrap_or_default();
        if let Ok(listed) = getgrouplist(&c_name, person.gid) {
            own.extend(listed);
            complete = true;
        }
    }
    let belongs = |group: &Group| {
        let found = match group {
            Group::Name(name) => Entry::from_name(name),
            Group::Number(gid) => Entry::from_gid(Gid::from_raw(*gid)),
        };
        belongs(name, &own, complete, group, found)
    };
    asked
        .into_iter()
        .map(|group| {
            let belongs = belongs(&group);
            (group, belongs)
        })
        .collect()
}

fn belongs(
    name: &str,
    own: &[Gid],
    complete: bool,
    group: &Group,
    found: Result<Option<Entry>, Errno>,
) -> Belongs {
    match (group, found) {
        (_, Ok(Some(entry))) => {
            if own.contains(&entry.gid) || entry.mem.iter().any(|member| member == name) {
                Belongs::Yes
            } else if complete {
                Belongs::No
            } else {
                Belongs::Unknown
            }
        }
        (Group::Number(gid), _) if own.contains(&Gid::from_raw(*gid)) => Belongs::Yes,
        (_, Ok(None) | Err(_)) => Belongs::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(gid: u32, members: &[&str]) -> Entry {
        Entry {
            name: "staff".to_owned(),
            passwd: std::ffi::CString::default(),
            gid: Gid::from_raw(gid),
            mem: members.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn staff(own: &[u32], complete: bool, found: Result<Option<Entry>, Errno>) -> Belongs {
        let own: Vec<Gid> = own.iter().copied().map(Gid::from_raw).collect();
        let group = Group::Name("staff".to_owned());
        belongs("alice", &own, complete, &group, found)
    }

    #[test]
    fn a_member_is_one_by_the_users_list_or_by_the_groups() {
        assert_eq!(staff(&[50], true, Ok(Some(entry(50, &[])))), Belongs::Yes);
        let by_members = Ok(Some(entry(50, &["bob", "alice"])));
        assert_eq!(staff(&[], false, by_members), Belongs::Yes);
        assert_eq!(
            staff(&[7], true, Ok(Some(entry(50, &["bob"])))),
            Belongs::No
        );
    }

    #[test]
    fn a_group_that_nobody_knows_or_a_name_service_that_fails_is_no_no() {
        assert_eq!(staff(&[7], true, Ok(None)), Belongs::Unknown);
        for error in [Errno::ENOENT, Errno::EIO, Errno::ERANGE] {
            assert_eq!(staff(&[7], true, Err(error)), Belongs::Unknown);
        }
        let found = Ok(Some(entry(50, &[])));
        assert_eq!(staff(&[7], false, found), Belongs::Unknown);
    }

    #[test]
    fn a_number_without_a_name_counts_for_whoever_has_it() {
        let own = [Gid::from_raw(12)];
        let group = Group::Number(12);
        assert_eq!(belongs("alice", &own, true, &group, Ok(None)), Belongs::Yes);
        let other = Group::Number(13);
        let found = belongs("alice", &own, true, &other, Ok(None));
        assert_eq!(found, Belongs::Unknown);
    }
}
