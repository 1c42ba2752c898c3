//! What one uid may cause in a minute: lines of the log, changes of an account. A user who is not root
//! must not use up what is there for the others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The minute.
const PERIOD: Duration = Duration::from_secs(60);

/// The number of each uid.
#[derive(Debug)]
pub struct Quota {
    max: u32,
    uids: Mutex<HashMap<u32, Minute>>,
}

/// The number of a uid in its current minute.
#[derive(Debug)]
struct Minute {
    began: Instant,
    count: u32,
}

/// Whether a line or a change is within the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// It is.
    Within,
    /// It is the first that is not.
    FirstOver,
    /// It is not.
    Over,
}

impl Quota {
    /// A quota of so many a minute for each uid other than root.
    #[must_use]
    pub fn new(max: u32) -> Self {
        Self {
            max,
            uids: Mutex::default(),
        }
    }

    /// Whether one more of a uid is within the quota. It is not counted.
    pub fn has_room(&self, uid: u32, now: Instant) -> bool {
        let uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
        uids.get(&uid)
            .filter(|minute| now.saturating_duration_since(minute.began) < PERIOD)
            .is_none_or(|minute| uid == 0 || minute.count < self.max)
    }

    /// Counts one of a uid. Root has no quota.
    pub fn take(&self, uid: u32, now: Instant) -> Share {
        if uid == 0 {
            return Share::Within;
        }
        let mut uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = uids.entry(uid).or_insert(Minute {
            began: now,
            count: 0,
        });
        if now.saturating_duration_since(minute.began) >= PERIOD {
            (minute.began, minute.count) = (now, 0);
        }
        minute.count = minute.count.saturating_add(1);
        match minute.count.checked_sub(self.max) {
            None | Some(0) => Share::Within,
            Some(1) => Share::FirstOver,
            Some(_) => Share::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 60;

    #[test]
    fn a_uid_other_than_root_has_a_quota_a_minute() {
        let (quota, now) = (Quota::new(MAX), Instant::now());
        for _ in 0..MAX {
            assert!(quota.has_room(1000, now) && quota.has_room(1000, now));
            assert_eq!(quota.take(1000, now), Share::Within);
        }
        assert!(!quota.has_room(1000, now) && quota.has_room(1001, now));
        assert!(quota.has_room(1000, now + PERIOD));
        assert_eq!(quota.take(1000, now), Share::FirstOver);
        assert_eq!(quota.take(1000, now), Share::Over);
        assert_eq!(quota.take(1001, now), Share::Within);
        assert!((0..1000).all(|_| quota.take(0, now) == Share::Within));
        assert_eq!(quota.take(1000, now + PERIOD), Share::Within);
    }
}
