//! The hashes of the last backup codes that were typed.
//!
//! A wrong answer that comes again for its attempt is not counted: a verifier may get it twice. So a member could have
//! the same code hashed without end, and hashing is what takes the most time here.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tfa_core::{HashParams, Hashed};

/// How long a hash is kept: as long as a record knows an answer that comes again.
const LIFETIME: Duration = Duration::from_secs(120);
/// The most hashes that are kept. The oldest one goes first.
const MAX_HASHES: usize = 64;

/// Hashes by their code and salt.
pub(super) struct RecentHashes<C>(Mutex<VecDeque<Recent<C>>>);

impl<C> Default for RecentHashes<C> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

struct Recent<C> {
    hash_params: HashParams,
    typed: C,
    hashed: Hashed,
    since: Instant,
}

impl<C> std::fmt::Debug for RecentHashes<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("RecentHashes")
    }
}

impl<C: Clone + PartialEq> RecentHashes<C> {
    /// The hash of what was typed, which `hash` makes if it is not kept.
    ///
    /// # Errors
    /// Those of `hash`.
    pub(super) fn get<E>(
        &self,
        hash_params: &HashParams,
        typed: &C,
        now: Instant,
        hash: impl FnOnce() -> Result<Hashed, E>,
    ) -> Result<Hashed, E> {
        let is_same = |one: &&Recent<C>| one.hash_params == *hash_params && one.typed == *typed;
        if let Some(known) = self.kept(now).iter().find(is_same) {
            return Ok(known.hashed.clone());
        }
        let hashed = hash()?;
        let mut kept = self.kept(now);
        if kept.len() == MAX_HASHES {
            kept.pop_front();
        }
        kept.push_back(Recent {
            hash_params: hash_params.clone(),
            typed: typed.clone(),
            hashed: hashed.clone(),
            since: now,
        });
        Ok(hashed)
    }

    fn kept(&self, now: Instant) -> MutexGuard<'_, VecDeque<Recent<C>>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| now.duration_since(one.since) < LIFETIME);
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tfa_core::{BackupSet, Code};

    use super::*;

    #[test]
    fn code_is_hashed_once_for_its_salt_until_its_time_is_over() {
        let (recent, count) = (RecentHashes::default(), Cell::new(0));
        let salts = [7, 8].map(|byte| BackupSet::imported_params(|bytes| bytes.fill(byte)));
        let get = |salt: &HashParams, typed: &str, now| {
            let code = Code::from_digits(typed).unwrap();
            let hash = || {
                count.set(count.get() + 1);
                salt.hash_digits(&code)
            };
            recent.get(salt, &code, now, hash).unwrap();
            count.get()
        };
        let now = Instant::now();
        let [first, second] = &salts;
        assert_eq!(get(first, "12345678", now), 1);
        assert_eq!(get(first, "12345678", now), 1);
        assert_eq!(get(second, "12345678", now), 2);
        assert_eq!(get(first, "23456789", now), 3);
        assert_eq!(get(first, "12345678", now + LIFETIME), 4);
        assert_eq!(recent.kept(now + LIFETIME).len(), 1);
    }
}
