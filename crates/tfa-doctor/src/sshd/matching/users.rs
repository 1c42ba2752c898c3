//! The users of a host and their groups, as the name service lists them.

use std::collections::{BTreeMap, BTreeSet};

/// The groups of each user, the primary one included.
#[derive(Debug, Clone, Default)]
pub struct Users(BTreeMap<String, BTreeSet<String>>);

impl Users {
    /// Reads lines in the forms of `/etc/passwd` and `/etc/group`. An entry may stand there twice.
    #[must_use]
    pub fn parse(passwd: &str, group: &str) -> Self {
        let mut users = BTreeMap::new();
        let mut by_gid: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let groups = group.lines().filter_map(|line| {
            let mut fields = line.split(':');
            Some((fields.next()?, fields.nth(1)?, fields.next()?))
        });
        for (name, gid, members) in groups {
            by_gid.entry(gid).or_default().insert(name);
            for member in members.split(',').filter(|member| !member.is_empty()) {
                let groups: &mut BTreeSet<String> = users.entry(member.to_owned()).or_default();
                groups.insert(name.to_owned());
            }
        }
        for line in passwd.lines() {
            let mut fields = line.split(':');
            if let (Some(name), Some(gid)) = (fields.next(), fields.nth(2)) {
                let groups = users.entry(name.to_owned()).or_default();
                let primary = by_gid.get(gid).into_iter().flatten();
                groups.extend(primary.map(|name| (*name).to_owned()));
            }
        }
        Self(users)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.0.iter()
    }

    pub(super) fn groups(&self, user: &str) -> impl Iterator<Item = &String> {
        self.0.get(user).into_iter().flatten()
    }

    /// Whether a user is known.
    #[must_use]
    pub fn contains(&self, user: &str) -> bool {
        self.0.contains_key(user)
    }

    /// The names of the users.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// The numbers of the primary groups that have no entry.
#[must_use]
pub fn primary_groups(passwd: &str, group: &str) -> BTreeSet<String> {
    let gids = |text: &str, index| -> BTreeSet<String> {
        let fields = text.lines().filter_map(|line| line.split(':').nth(index));
        fields.map(str::to_owned).collect()
    };
    let listed = gids(group, 2);
    let mut missing = gids(passwd, 3);
    missing.retain(|gid| !listed.contains(gid));
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primary_groups_count() {
        let users = Users::parse(
            "alice:x:1:100:::\nbob:x:2:101:::\nbroken\n",
            "users:x:100:\ndevs:x:101:alice,carol\ndevs2:x:101:\n",
        );
        let of = |user| users.groups(user).map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of("alice"), ["devs", "users"]);
        assert_eq!(of("bob"), ["devs", "devs2"]);
        assert_eq!(of("carol"), ["devs"]);
        assert!(users.contains("carol") && !users.contains("broken"));
        let missing = primary_groups("a:x:1:100:::\nb:x:2:101:::\n", "users:x:100:\n");
        assert_eq!(missing, BTreeSet::from(["101".to_owned()]));
    }
}
