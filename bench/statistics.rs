//! Medians, percentiles and rates.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Times of the same thing, in nanoseconds, in the order in which they were taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    /// Adds one.
    pub(crate) fn push(&mut self, time: Duration) {
        self.0
            .push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds others.
    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The median; zero where nothing was measured.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    /// The value below which `percent` of the times lie, between neighbours by proportion.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let Some(last) = sorted.len().checked_sub(1) else {
            return 0.0;
        };
        let place = percent / 100.0 * last as f64;
        let at = |place: f64| sorted.get(place as usize).map_or(0.0, |time| *time as f64);
        let (below, above) = (at(place.floor()), at(place.ceil()));
        below + (above - below) * place.fract()
    }

    /// In short.
    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            median: self.median(),
            p99: self.percentile(99.0),
        }
    }
}

/// What is said of some times, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// How many there were.
    pub(crate) count: usize,
    /// Their median.
    pub(crate) median: f64,
    /// Their 99th percentile.
    pub(crate) p99: f64,
}

/// How often an operation completed in a measured time.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Rate {
    /// The measured time.
    pub(crate) elapsed: Duration,
    /// The duration of each operation.
    pub(crate) times: Times,
}

impl Rate {
    pub(crate) fn per_second(&self) -> f64 {
        self.times.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// Adds another slice of the measurement.
    pub(crate) fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.times.extend(&other.times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(nanoseconds: &[u64]) -> Times {
        Times(nanoseconds.to_vec())
    }

    #[test]
    fn a_median_lies_in_the_middle_whatever_the_order() {
        assert_eq!(times(&[9, 1, 5]).median(), 5.0);
        assert_eq!(times(&[8, 2, 4, 6]).median(), 5.0);
        assert_eq!(times(&[7]).median(), 7.0);
        assert_eq!(times(&[]).median(), 0.0);
    }

    #[test]
    fn a_percentile_lies_between_its_neighbours() {
        let hundred: Vec<u64> = (0..=100).collect();
        assert_eq!(times(&hundred).percentile(99.0), 99.0);
        assert_eq!(times(&[0, 100]).percentile(99.0), 99.0);
        assert_eq!(times(&[3, 1, 2]).percentile(100.0), 3.0);
    }
}
