//! Lines that would come again with each call: each once in an interval.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many keys are kept in mind. Past that, no line of another key is logged.
const MAX_KEYS: usize = 1024;

/// When the line of each key was logged last.
#[derive(Debug)]
pub(crate) struct Rarely<K> {
    interval: Duration,
    logged: Mutex<BTreeMap<K, Instant>>,
}

impl<K: Ord> Rarely<K> {
    /// Each line once in this interval.
    pub(crate) const fn new(interval: Duration) -> Self {
        Self {
            interval,
            logged: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether the line of this key is logged now.
    pub(crate) fn is_due<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        self.is_due_at(key, Instant::now())
    }

    fn is_due_at<Q>(&self, key: &Q, now: Instant) -> bool
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        logged.retain(|_, last| now.duration_since(*last) < self.interval);
        if logged.contains_key(key) || logged.len() >= MAX_KEYS {
            return false;
        }
        logged.insert(key.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_line_in_an_interval() {
        let interval = Duration::from_secs(60);
        let refusals = Rarely::<String>::new(interval);
        let now = Instant::now();
        assert!(refusals.is_due_at("web1", now) && refusals.is_due_at("web2", now));
        assert!(!refusals.is_due_at("web1", now + interval / 2));
        assert!(refusals.is_due_at("web1", now + interval));
    }
}
