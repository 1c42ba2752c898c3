//! How the records here differ from those of a backup.
//!
//! A database does not tell when a record was removed, and the revisions of two databases cannot be
//! compared. So every difference counts as newer.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

/// The records of a backup, as they are compared: the digest of each user's revision and sealed record.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<String, [u8; 32]>);

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

impl Contents {
    pub(super) fn add(&mut self, user: &str, revision: u64, sealed: &[u8]) {
        let digest = digest(revision, sealed);
        self.0.insert(user.to_owned(), digest);
    }

    /// Compares records here, which come as user, revision and sealed record. A database without
    /// records differs from none.
    pub(super) fn compare<E>(
        &self,
        here: impl FnOnce(&mut dyn FnMut(&str, u64, &[u8])) -> Result<(), E>,
    ) -> Result<Difference, E> {
        let mut difference = Difference::default();
        let mut found = BTreeSet::new();
        here(&mut |user, revision, sealed| {
            match self.0.get(user) {
                Some(stored) if *stored == digest(revision, sealed) => {}
                Some(_) => difference.changed.push(user.to_owned()),
                None => difference.lost.push(user.to_owned()),
            }
            found.insert(user.to_owned());
        })?;
        if !found.is_empty() {
            let missing = self.0.keys().filter(|user| !found.contains(*user));
            difference.returned.extend(missing.cloned());
        }
        Ok(difference)
    }
}

fn digest(revision: u64, sealed: &[u8]) -> [u8; 32] {
    let digest = Sha256::new()
        .chain_update(revision.to_be_bytes())
        .chain_update(sealed);
    digest.finalize().into()
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
