//! A limit on the total time that a connection may block.

use std::time::{Duration, Instant};

/// The time that is left, and since when it decreases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeBudget {
    left: Duration,
    running_since: Option<Instant>,
}

impl TimeBudget {
    /// A budget of that much time, which starts to run now.
    pub fn start(limit: Duration) -> Self {
        Self {
            left: limit,
            running_since: Some(Instant::now()),
        }
    }

    /// Stops the time.
    pub fn pause(&mut self) {
        self.left = self.left();
        self.running_since = None;
    }

    /// Lets the time run again.
    pub fn resume(&mut self) {
        self.running_since.get_or_insert_with(Instant::now);
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        let used = self
            .running_since
            .map_or(Duration::ZERO, |since| since.elapsed());
        self.left.saturating_sub(used)
    }
}
