//! A group, and the users whose primary group it is, as far as they are asked for by name.

use std::time::Instant;

use nix::unistd::{Gid, Group, Uid, User};

use super::time_limit::{self, CallsFor};
use super::users::NameServiceFailed;

/// The group of a name or of a number; `None` where there is none. It blocks, at most until the deadline.
///
/// # Errors
/// [`NameServiceFailed`].
pub(crate) fn find(asked: &str, deadline: Instant) -> Result<Option<Group>, NameServiceFailed> {
    let left = deadline.saturating_duration_since(Instant::now());
    let name = asked.to_owned();
    let found = time_limit::within(CallsFor::Administrators, left, move || match gid(&name) {
        Some(gid) => Group::from_gid(gid),
        None => Group::from_name(&name),
    });
    let failed =
        |why: &str| NameServiceFailed(format!("the group {asked:?} cannot be looked up: {why}"));
    match found {
        Some(found) => found.map_err(|error| failed(&error.to_string())),
        None => Err(failed("the name service takes too long")),
    }
}

/// The number of a group that was given by its number.
fn gid(asked: &str) -> Option<Gid> {
    let digits = asked.bytes().all(|byte| byte.is_ascii_digit());
    digits
        .then(|| asked.parse().ok())
        .flatten()
        .map(Gid::from_raw)
}

/// The names of those users whose primary group this is. Each user is given by the name of a record, and
/// the uid in it for a name that the system does not know. It blocks, at most until the deadline.
///
/// # Errors
/// [`NameServiceFailed`] also for one user only.
pub(crate) fn with_primary_group(
    gid: Gid,
    records: Vec<(String, Option<u32>)>,
    deadline: Instant,
) -> Result<Vec<String>, NameServiceFailed> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let late = || NameServiceFailed("the users with a record take too long to look up".to_owned());
    let left = deadline.saturating_duration_since(Instant::now());
    let members = time_limit::within(CallsFor::Administrators, left, move || {
        let mut members = Vec::new();
        for (name, uid) in records {
            if Instant::now() >= deadline {
                return Err(late());
            }
            let user = user_of(&name, uid).map_err(|error| {
                NameServiceFailed(format!("the user {name:?} cannot be looked up: {error}"))
            })?;
            members.extend(user.filter(|user| user.gid == gid).map(|user| user.name));
        }
        Ok(members)
    });
    members.unwrap_or_else(|| Err(late()))
}

/// The user of a record, under the name that the uid has.
fn user_of(name: &str, uid: Option<u32>) -> nix::Result<Option<User>> {
    let uid = match User::from_name(name)? {
        Some(named) => Some(named.uid),
        None => uid.map(Uid::from_raw),
    };
    match uid {
        Some(uid) => User::from_uid(uid),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn a_group_is_found_by_its_name_and_by_its_number() {
        let gid_of = |asked| find(asked, soon()).unwrap().map(|group| group.gid.as_raw());
        assert_eq!(gid_of("root"), Some(0));
        assert_eq!(gid_of("0"), Some(0));
        assert_eq!(gid_of("no group of this name"), None);
        assert_eq!(gid_of("4294967296"), None);
    }

    #[test]
    fn users_with_a_record_are_found_by_name_and_else_by_uid() {
        let members = |name: &str, uid| {
            let records = vec![(name.to_owned(), uid)];
            with_primary_group(Gid::from_raw(0), records, soon()).unwrap()
        };
        assert_eq!(members("root", None), ["root"]);
        assert_eq!(members("no user of this name", Some(0)), ["root"]);
        assert!(members("no user of this name", None).is_empty());
        assert!(members("daemon", Some(0)).is_empty());
    }

    #[test]
    fn members_that_are_not_known_in_time_are_an_error() {
        let records = vec![("root".to_owned(), None)];
        assert!(with_primary_group(Gid::from_raw(0), records, Instant::now()).is_err());
        assert!(find("root", Instant::now()).is_err());
    }
}
