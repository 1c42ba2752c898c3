//! The delay before the next attempt to reach a host.

use std::time::Duration;

use crate::spread;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// The delays between attempts that fail: each is up to twice as long as the one before, from 0.1 to
/// 30 seconds. A random part keeps the members of a fleet from returning all at once.
#[derive(Debug, Clone)]
pub struct BackOff {
    next: Duration,
}

impl BackOff {
    /// Begins with the shortest delay.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: SHORTEST }
    }

    /// Returns the delay before the next attempt, and doubles the one after it. The random number
    /// chooses a delay between half of the longest possible one and all of it.
    pub fn delay(&mut self, random: u32) -> Duration {
        let whole = self.next;
        self.next = whole.saturating_mul(2).min(LONGEST);
        spread(whole, random)
    }
}

impl Default for BackOff {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_longest() {
        let mut back_off = BackOff::new();
        let delays: Vec<_> = (0..12)
            .map(|_| back_off.delay(u32::MAX).as_millis())
            .collect();
        let expected = [
            100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000,
        ];
        assert_eq!(delays, expected);
    }

    #[test]
    fn random_part_is_at_most_half_of_the_delay() {
        assert_eq!(BackOff::new().delay(0), SHORTEST / 2);
        assert_eq!(BackOff::new().delay(u32::MAX), SHORTEST);
    }
}
