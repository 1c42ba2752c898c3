//! Times with a random part, so that the members of a fleet do not act all at once.

use std::time::Duration;

/// Returns a time between half of the whole and the whole, which the random number chooses.
#[must_use]
pub fn spread(whole: Duration, random: u32) -> Duration {
    let half = whole / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_part_is_at_most_half() {
        for whole in [Duration::from_secs(3600), Duration::from_millis(1)] {
            assert_eq!(spread(whole, 0), whole / 2);
            assert_eq!(spread(whole, u32::MAX), whole);
            assert!((whole / 2..whole).contains(&spread(whole, u32::MAX / 3)));
        }
    }

    #[test]
    fn longest_time_of_all_has_a_random_part_as_well() {
        let whole = Duration::from_secs(u64::MAX);
        assert!(spread(whole, 7) < spread(whole, u32::MAX));
    }
}
