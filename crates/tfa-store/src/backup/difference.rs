//! How the records here differ from those of a backup.
//!
//! A database does not tell when a record was removed, and the revisions of two databases cannot be
//! compared. So every difference counts as newer.

use super::BackupError;
use super::format::Entry;

/// Users whose records here are not those of the backup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Their records are others.
    pub changed: Vec<String>,
    /// They have no record in the backup, and would lose the one they have.
    pub lost: Vec<String>,
    /// They have no record here, and would have one again.
    pub returned: Vec<String>,
}

/// Compares the records here with those of a backup. Both come in the order of their names, so none of them
/// is kept.
pub(super) struct Comparison<Next> {
    backup: Next,
    /// The first record of the backup that no record here has reached.
    next: Option<Entry>,
    is_empty_here: bool,
    difference: Difference,
}

impl<Next: FnMut() -> Result<Option<Entry>, BackupError>> Comparison<Next> {
    /// Compares with the records that `backup` returns one after the other.
    pub(super) fn with(mut backup: Next) -> Result<Self, BackupError> {
        Ok(Self {
            next: backup()?,
            backup,
            is_empty_here: true,
            difference: Difference::default(),
        })
    }

    /// Compares the next record here.
    pub(super) fn add(
        &mut self,
        user: &str,
        revision: u64,
        sealed: &[u8],
    ) -> Result<(), BackupError> {
        self.is_empty_here = false;
        while let Some(entry) = self.next.take_if(|entry| entry.user.as_str() < user) {
            self.difference.returned.push(entry.user);
            self.next = (self.backup)()?;
        }
        match self.next.take_if(|entry| entry.user == user) {
            Some(entry) => {
                if entry.revision != revision || entry.sealed != sealed {
                    self.difference.changed.push(entry.user);
                }
                self.next = (self.backup)()?;
            }
            None => self.difference.lost.push(user.to_owned()),
        }
        Ok(())
    }

    /// Ends a comparison of all records here. A database without records differs from none.
    pub(super) fn finish(mut self) -> Result<Difference, BackupError> {
        while let Some(entry) = self.next.take() {
            if !self.is_empty_here {
                self.difference.returned.push(entry.user);
            }
            self.next = (self.backup)()?;
        }
        Ok(self.difference)
    }
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.changed.is_empty() && self.lost.is_empty() && self.returned.is_empty()
    }

    /// What differs, with at most `max` names of each kind.
    #[must_use]
    pub fn summary(&self, max: usize) -> String {
        let parts = [
            (
                &self.changed,
                "the records of these users have changed since",
            ),
            (
                &self.lost,
                "these users have no record in the backup and would lose theirs",
            ),
            (
                &self.returned,
                "these users have no record here and would have one again",
            ),
        ];
        let parts = parts.iter().filter(|(users, _)| !users.is_empty());
        let parts: Vec<String> = parts
            .map(|(users, what)| format!("{what}: {}", names(users, max)))
            .collect();
        parts.join("; ")
    }
}

/// At most `max` names, and how many more there are.
pub(super) fn names(users: &[String], max: usize) -> String {
    let mut text = users
        .iter()
        .take(max)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = users.len().checked_sub(max).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    type Records = [(&'static str, u64, &'static [u8])];

    fn difference(backup: &Records, here: &Records) -> Difference {
        let mut entries = backup.iter().map(|(user, revision, sealed)| Entry {
            user: (*user).to_owned(),
            uid: 0,
            revision: *revision,
            sealed: sealed.to_vec(),
        });
        let mut comparison = Comparison::with(|| Ok(entries.next())).unwrap();
        for (user, revision, sealed) in here {
            comparison.add(user, *revision, sealed).unwrap();
        }
        comparison.finish().unwrap()
    }

    #[test]
    fn each_kind_of_difference_is_found_at_each_place() {
        let backup: &Records = &[
            ("b", 1, b"b"),
            ("c", 2, b"c"),
            ("d", 3, b"d"),
            ("f", 4, b"f"),
        ];
        assert!(difference(backup, backup).is_none());
        let here: &Records = &[
            ("a", 9, b"a"),
            ("c", 2, b"other"),
            ("d", 7, b"d"),
            ("e", 9, b"e"),
        ];
        let found = difference(backup, here);
        assert_eq!(found.lost, ["a", "e"]);
        assert_eq!(found.changed, ["c", "d"]);
        assert_eq!(found.returned, ["b", "f"]);
    }

    #[test]
    fn a_database_without_records_differs_from_none() {
        assert!(difference(&[("a", 1, b"a")], &[]).is_none());
        assert_eq!(difference(&[], &[("a", 1, b"a")]).lost, ["a"]);
    }
}
