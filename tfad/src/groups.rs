//! The groups of a user, as far as the policy asks about them.
//!
//! A directory that is down answers like one that does not know the group, and leaves groups out
//! of a user's list without an error. So only a group that was found counts as known. That is not
//! all, for it may have been found in the files, and the directory adds members to it: a group
//! that nobody has must be answered for, too, with "there is none" and not with an error. And the
//! user's list is asked for before all this and once more after it, for a directory that was down
//! a moment ago may be up again.
//!
//! A directory that hangs is waited for no longer than a login can wait.

use std::collections::HashSet;
use std::ffi::CString;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::unistd::{Gid, Group as Entry, Uid, User as Person, getgrouplist};
use tfa_core::{Belongs, Group, Groups};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::beside::beside;
use crate::users::User;

/// How long the name service may take. The PAM module waits for fifteen seconds, all in all.
const PATIENCE: Duration = Duration::from_secs(8);
/// How many may be asking it at once: of those that nobody waits for any more, too.
static ASKING: Semaphore = Semaphore::const_new(64);
/// A group that there never is.
const NOBODYS: Gid = Gid::from_raw(u32::MAX);

/// What a look-up of a group came to.
type Found = Result<Option<Entry>, Errno>;

/// To which of these groups a user belongs. The name service is asked beside the bus thread, and
/// only where there is something to ask.
pub async fn of(user: &User, asked: Vec<Group>) -> Groups {
    if asked.is_empty() {
        return Groups::default();
    }
    let (name, uid) = (user.name.clone(), user.uid);
    let asked: HashSet<Group> = asked.into_iter().collect();
    // A look-up that broke off, or takes too long, leaves every group unknown.
    let nothing = asked.iter().map(|group| (group.clone(), Belongs::Unknown));
    let nothing = nothing.collect();
    let until = Instant::now() + PATIENCE;
    let known = timeout(PATIENCE, async {
        let place = ASKING.acquire().await.ok()?;
        let look_up = move || {
            let _place = place;
            look_up(&name, uid, asked, until)
        };
        beside(look_up).await.ok()
    });
    known.await.ok().flatten().unwrap_or(nothing)
}

fn look_up(name: &str, uid: u32, asked: HashSet<Group>, until: Instant) -> Groups {
    let late = || Instant::now() >= until;
    let before = list(name, uid);
    let answers = !late() && are_answered_for();
    let found: Vec<(Group, Found)> = asked
        .into_iter()
        .map(|group| {
            let found = match &group {
                // Nobody waits for it any more.
                _ if late() => Err(Errno::ETIMEDOUT),
                Group::Name(name) => Entry::from_name(name),
                Group::Number(gid) => Entry::from_gid(Gid::from_raw(*gid)),
            };
            (group, found)
        })
        .collect();
    let after = if late() { None } else { list(name, uid) };
    let complete = answers && before.is_some() && after.is_some();
    let own: Vec<Gid> = [before, after].into_iter().flatten().flatten().collect();
    found
        .into_iter()
        .map(|(group, found)| {
            let belongs = belongs(name, &own, complete, &group, found);
            (group, belongs)
        })
        .collect()
}

/// Whether every source of groups answers. "There is none" is an answer; ENOENT is how nslcd says
/// that there is no directory, ECONNREFUSED how sssd does.
#[must_use]
pub fn are_answered_for() -> bool {
    Entry::from_gid(NOBODYS).is_ok()
}

/// The groups that the name service lists for a user, the primary one first.
fn list(name: &str, uid: u32) -> Option<Vec<Gid>> {
    let person = Person::from_uid(Uid::from_raw(uid)).ok()??;
    let name = CString::new(name).ok()?;
    let mut own = vec![person.gid];
    own.extend(getgrouplist(&name, person.gid).ok()?);
    Some(own)
}

fn belongs(name: &str, own: &[Gid], complete: bool, group: &Group, found: Found) -> Belongs {
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
            passwd: CString::default(),
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
    fn a_group_of_the_files_is_no_word_of_a_directory_that_could_not_be_asked() {
        let found = || Ok(Some(entry(50, &["bob"])));
        assert_eq!(staff(&[7], false, found()), Belongs::Unknown);
        assert_eq!(staff(&[50], false, found()), Belongs::Yes);
    }

    #[test]
    fn root_is_known_and_nobody_is_asked_for_longer_than_said() {
        assert_eq!(list("ro\0ot", 0), None);
        let own = list("root", 0).unwrap();
        assert_eq!(own.first(), Some(&Gid::from_raw(0)));
        let asked = || HashSet::from([Group::Number(0), Group::Name("root".to_owned())]);
        let in_time = look_up("root", 0, asked(), Instant::now() + PATIENCE);
        for group in asked() {
            assert_eq!(in_time.hold(&group), Belongs::Yes);
        }
        let too_late = look_up("root", 0, asked(), Instant::now());
        let unknown: Vec<&Group> = too_late.unknown().collect();
        assert_eq!(unknown, [&Group::Name("root".to_owned())]);
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
