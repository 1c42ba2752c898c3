//! The groups of a user, as far as the policy asks about them.
//!
//! A directory that is down answers like one that does not know the group, and leaves groups out of a
//! user's list without an error. So only a group that was found counts as known. That is not enough: the
//! group may have been found in the files while the directory adds members to it. So a look-up of a group
//! that does not exist must succeed with "not found", and not with an error. The user's list is read
//! before all this and again after it, because a directory that was down may be up again.
//!
//! A directory that hangs delays a login by a limited time.

use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::iter;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::unistd::{Gid, Group as Entry, Uid, User as Account, getgrouplist};
use tfa_core::{Group, Groups, Identity, Subject, Ternary};

use crate::host::aliases;
use crate::host::time_limit::{self, CallsFor};
use crate::host::users::User;

/// How long the name service may take. The PAM module waits for fifteen seconds, all in all.
const TIME_LIMIT: Duration = Duration::from_secs(8);
/// The number of a group that never exists.
const NO_GROUP: Gid = Gid::from_raw(u32::MAX);

/// What a look-up of a group came to.
type Found = Result<Option<Entry>, Errno>;

/// The names whose groups are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// The canonical one, and those by which the user logs in.
    InUse,
    /// Every name that the uid has, as far as they can be found.
    All,
}

/// A user, and to which of these groups each of the names belongs. The name service is asked only
/// where there is something to ask.
#[must_use]
pub fn of(
    user: &User,
    names: Names,
    asked: Vec<Group>,
    in_rules: Vec<String>,
    calls: CallsFor,
) -> Subject {
    if asked.is_empty() && (names == Names::InUse || in_rules.is_empty()) {
        return subject_without_groups(user);
    }
    // For a look-up that breaks off, or takes too long.
    let nothing = unknown(user, names, &asked, &in_rules);
    let asked: HashSet<Group> = asked.into_iter().collect();
    let mut user = user.clone();
    let until = Instant::now() + TIME_LIMIT;
    let known = time_limit::within(calls, TIME_LIMIT, move || {
        if names == Names::All {
            user.aliases.extend(aliases::of_uid(user.uid, &in_rules));
            user.aliases.retain(|alias| *alias != user.name);
            user.aliases.sort();
            user.aliases.dedup();
        }
        look_up(&user, &asked, until)
    });
    known.unwrap_or(nothing)
}

/// What is known of a user where the name service gives no answer: each group is unknown, and each name in the
/// rules may be one of this user.
#[must_use]
pub fn unknown(user: &User, names: Names, asked: &[Group], in_rules: &[String]) -> Subject {
    let unknown = asked.iter().map(|group| (group.clone(), Ternary::Unknown));
    let unknown: Groups = unknown.collect();
    let mut subject = with_groups(user, |_| unknown.clone());
    if names == Names::All {
        subject.aliases.extend(in_rules.iter().map(|name| Identity {
            name: name.clone(),
            groups: unknown.clone(),
        }));
    }
    subject
}

/// A user of whom no group is known yet.
#[must_use]
pub fn subject_without_groups(user: &User) -> Subject {
    with_groups(user, |_| Groups::default())
}

fn with_groups(user: &User, mut groups_of: impl FnMut(&str) -> Groups) -> Subject {
    let mut identity = |name: &String| Identity {
        name: name.clone(),
        groups: groups_of(name),
    };
    Subject {
        uid: user.uid,
        canonical: identity(&user.name),
        aliases: user.aliases.iter().map(identity).collect(),
    }
}

fn look_up(user: &User, asked: &HashSet<Group>, until: Instant) -> Subject {
    let late = || Instant::now() >= until;
    let lists = || -> HashMap<&str, Option<Vec<Gid>>> {
        let names = iter::once(&user.name).chain(&user.aliases);
        let list = |name| if late() { None } else { list(name, user.uid) };
        names.map(|name| (name.as_str(), list(name))).collect()
    };
    let before = lists();
    let answers = !late() && are_answered_for();
    let found: Vec<(&Group, Found)> = asked
        .iter()
        .map(|group| {
            let found = match group {
                // The time limit is over.
                _ if late() => Err(Errno::ETIMEDOUT),
                Group::Name(name) => Entry::from_name(name),
                Group::Number(gid) => Entry::from_gid(Gid::from_raw(*gid)),
            };
            (group, found)
        })
        .collect();
    let after = lists();
    with_groups(user, |name| {
        let own = [&before, &after].map(|lists| lists.get(name).cloned().flatten());
        let complete = answers && own.iter().all(Option::is_some);
        let own: Vec<Gid> = own.into_iter().flatten().flatten().collect();
        let belongs = |(group, found): &(&Group, Found)| {
            let belongs = belongs(name, &own, complete, group, found);
            ((*group).clone(), belongs)
        };
        found.iter().map(belongs).collect()
    })
}

/// Whether every source of groups answers. "Not found" is an answer. nslcd reports with ENOENT that it has
/// no directory, sssd with ECONNREFUSED.
#[must_use]
pub fn are_answered_for() -> bool {
    Entry::from_gid(NO_GROUP).is_ok()
}

/// The groups that the name service lists for a user under one name, the primary one first.
fn list(name: &str, uid: u32) -> Option<Vec<Gid>> {
    let uid = Uid::from_raw(uid);
    let canonical = Account::from_uid(uid).ok()??;
    let entry = if canonical.name == name {
        canonical
    } else {
        Account::from_name(name).ok()??
    };
    if entry.uid != uid {
        return None;
    }
    let name = CString::new(name).ok()?;
    let mut own = vec![entry.gid];
    own.extend(getgrouplist(&name, entry.gid).ok()?);
    Some(own)
}

fn belongs(name: &str, own: &[Gid], complete: bool, group: &Group, found: &Found) -> Ternary {
    match (group, found) {
        (_, Ok(Some(entry))) => {
            if own.contains(&entry.gid) || entry.mem.iter().any(|member| member == name) {
                Ternary::Yes
            } else if complete {
                Ternary::No
            } else {
                Ternary::Unknown
            }
        }
        (Group::Number(gid), _) if own.contains(&Gid::from_raw(*gid)) => Ternary::Yes,
        (_, Ok(None) | Err(_)) => Ternary::Unknown,
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

    fn staff(own: &[u32], complete: bool, found: Result<Option<Entry>, Errno>) -> Ternary {
        let own: Vec<Gid> = own.iter().copied().map(Gid::from_raw).collect();
        let group = Group::Name("staff".to_owned());
        belongs("alice", &own, complete, &group, &found)
    }

    #[test]
    fn a_member_is_one_by_the_users_list_or_by_the_groups() {
        assert_eq!(staff(&[50], true, Ok(Some(entry(50, &[])))), Ternary::Yes);
        let by_members = Ok(Some(entry(50, &["bob", "alice"])));
        assert_eq!(staff(&[], false, by_members), Ternary::Yes);
        assert_eq!(
            staff(&[7], true, Ok(Some(entry(50, &["bob"])))),
            Ternary::No
        );
    }

    #[test]
    fn an_unknown_group_or_a_failed_name_service_is_not_a_no() {
        assert_eq!(staff(&[7], true, Ok(None)), Ternary::Unknown);
        for error in [Errno::ENOENT, Errno::EIO, Errno::ERANGE] {
            assert_eq!(staff(&[7], true, Err(error)), Ternary::Unknown);
        }
        let found = Ok(Some(entry(50, &[])));
        assert_eq!(staff(&[7], false, found), Ternary::Unknown);
    }

    #[test]
    fn a_group_from_files_is_unknown_while_the_directory_is_down() {
        let found = || Ok(Some(entry(50, &["bob"])));
        assert_eq!(staff(&[7], false, found()), Ternary::Unknown);
        assert_eq!(staff(&[50], false, found()), Ternary::Yes);
    }

    #[test]
    fn look_ups_find_root_and_respect_the_time_limit() {
        assert_eq!(list("ro\0ot", 0), None);
        let own = list("root", 0).unwrap();
        assert_eq!(own.first(), Some(&Gid::from_raw(0)));
        let asked = || HashSet::from([Group::Number(0), Group::Name("root".to_owned())]);
        let root = user("root", &[]);
        let in_time = look_up(&root, &asked(), Instant::now() + TIME_LIMIT);
        for group in asked() {
            assert_eq!(in_time.canonical.groups.hold(&group), Ternary::Yes);
        }
        let too_late = look_up(&root, &asked(), Instant::now());
        assert_eq!(too_late.unknown_groups(), ["0", "root"]);
    }

    fn user(name: &str, aliases: &[&str]) -> User {
        User {
            name: name.to_owned(),
            uid: 0,
            aliases: aliases.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_name_that_has_another_uid_now_has_no_known_groups() {
        let asked = HashSet::from([Group::Number(0)]);
        let root = user("root", &["daemon"]);
        let subject = look_up(&root, &asked, Instant::now() + TIME_LIMIT);
        let daemon = subject.aliases.first().unwrap();
        assert_eq!(daemon.groups.hold(&Group::Number(0)), Ternary::Unknown);
    }

    #[test]
    fn names_of_the_uid_that_the_rules_give_are_looked_at_too() {
        let rules = || vec!["daemon".to_owned(), "root".to_owned()];
        let subject = of(
            &user("toor", &[]),
            Names::All,
            vec![],
            rules(),
            CallsFor::Logins,
        );
        let names: Vec<&str> = subject.identities().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["toor", "root"]);
        let in_use = of(
            &user("toor", &[]),
            Names::InUse,
            vec![],
            rules(),
            CallsFor::Logins,
        );
        assert!(in_use.aliases.is_empty());
    }

    #[test]
    fn a_uid_without_a_name_counts_for_its_owner() {
        let own = [Gid::from_raw(12)];
        let group = Group::Number(12);
        assert_eq!(
            belongs("alice", &own, true, &group, &Ok(None)),
            Ternary::Yes
        );
        let other = Group::Number(13);
        let found = belongs("alice", &own, true, &other, &Ok(None));
        assert_eq!(found, Ternary::Unknown);
    }
}
