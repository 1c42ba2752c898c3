//! The number of lines that one uid may cause.
//!
//! The log daemon bounds what it takes from this daemon. A user who is not root must not use that up
//! for the others.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The lines a minute of a uid other than root.
const MAX_LINES: u32 = 60;
/// The minute.
const PERIOD: Duration = Duration::from_secs(60);

/// The lines of each uid.
#[derive(Default)]
pub(super) struct Quota {
    uids: Mutex<HashMap<u32, Minute>>,
}

/// The lines of a uid in its current minute.
struct Minute {
    began: Instant,
    lines: u32,
}

/// Whether a line is within the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// It is.
    Within,
    /// It is the first that is not.
    FirstOver,
    /// It is not.
    Over,
}

impl Quota {
    /// Counts a line of a uid. Root has no quota.
    pub(super) fn take(&self, uid: u32, now: Instant) -> Share {
        if uid == 0 {
            return Share::Within;
        }
        let mut uids = self.uids.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = uids.entry(uid).or_insert(Minute {
            began: now,
            lines: 0,
        });
        if now.saturating_duration_since(minute.began) >= PERIOD {
            (minute.began, minute.lines) = (now, 0);
        }
        minute.lines = minute.lines.saturating_add(1);
        match minute.lines {
            0..=MAX_LINES => Share::Within,
            lines if lines == MAX_LINES + 1 => Share::FirstOver,
            _ => Share::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_other_than_root_has_a_quota_of_lines_a_minute() {
        let (quota, now) = (Quota::default(), Instant::now());
        for _ in 0..MAX_LINES {
            assert_eq!(quota.take(1000, now), Share::Within);
        }
        assert_eq!(quota.take(1000, now), Share::FirstOver);
        assert_eq!(quota.take(1000, now), Share::Over);
        assert_eq!(quota.take(1001, now), Share::Within);
        assert!((0..1000).all(|_| quota.take(0, now) == Share::Within));
        assert_eq!(quota.take(1000, now + PERIOD), Share::Within);
    }
}
