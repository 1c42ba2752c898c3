//! What is said once in a while: which of a bounded number of things were said lately.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Remembers keys for a period. When full it forgets the oldest, which may then be said again.
#[derive(Debug)]
pub struct Once<K> {
    period: Duration,
    capacity: usize,
    said: Mutex<HashMap<K, Instant>>,
}

impl<K: Clone + Eq + Hash> Once<K> {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(period: Duration, capacity: usize) -> Self {
        Self {
            period,
            capacity,
            said: Mutex::default(),
        }
    }

    /// Whether it was said in this period already.
    pub fn was_said(&self, key: &K, now: Instant) -> bool {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let then = said.get(key);
        then.is_some_and(|then| now.saturating_duration_since(*then) < self.period)
    }

    /// Whether this is the first time in a period. It is remembered.
    pub fn is_first(&self, key: K, now: Instant) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |then: &Instant| now.saturating_duration_since(*then) < self.period;
        if said.get(&key).is_some_and(is_recent) {
            return false;
        }
        if said.len() >= self.capacity {
            said.retain(|_, then| is_recent(then));
        }
        if said.len() >= self.capacity {
            let oldest = said.iter().min_by_key(|(_, then)| **then);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                said.remove(&oldest);
            }
        }
        said.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_first_once_in_a_period() {
        let once = Once::new(Duration::from_secs(60), 8);
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(!once.was_said(&"alice", start));
        assert!(once.is_first("alice", start));
        assert!(once.was_said(&"alice", after(59)) && !once.was_said(&"alice", after(60)));
        assert!(!once.is_first("alice", after(59)));
        assert!(once.is_first("bob", after(59)));
        assert!(once.is_first("alice", after(60)));
        assert!(!once.is_first("alice", after(61)));
    }

    #[test]
    fn a_full_table_stays_bounded_and_forgets_the_oldest() {
        let once = Once::new(Duration::from_secs(60), 4);
        let start = Instant::now();
        for number in 0..100_u64 {
            assert!(once.is_first(number, start + Duration::from_millis(number)));
            assert!(once.said.lock().unwrap().len() <= 4);
        }
        let later = start + Duration::from_secs(1);
        assert!(!once.is_first(99, later) && once.is_first(0, later));
    }
}
