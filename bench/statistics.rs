//! Medians, percentiles and rates.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Durations of one operation in nanoseconds, in the order of the samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Times(Vec<u64>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0
            .push(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn extend(&mut self, others: &Self) {
        self.0.extend(&others.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The median, or 0 without samples.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(50.0)
    }

    /// The percentile, interpolated linearly between the two nearest samples. 0 without samples.
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

    pub(crate) fn summary(&self) -> Summary {
        Summary {
            count: self.count(),
            median: self.median(),
            p99: self.percentile(99.0),
        }
    }
}

/// The figures that are reported, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The number of samples.
    pub(crate) count: usize,
    pub(crate) median: f64,
    /// The 99th percentile.
    pub(crate) p99: f64,
}

/// The figures of a rate that are reported.
#[derive(Serialize)]
pub(crate) struct RateSummary {
    per_second: f64,
    times: Summary,
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

    pub(crate) fn summary(&self) -> RateSummary {
        RateSummary {
            per_second: self.per_second(),
            times: self.times.summary(),
        }
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
    fn a_median_does_not_depend_on_the_order() {
        assert_eq!(times(&[9, 1, 5]).median(), 5.0);
        assert_eq!(times(&[8, 2, 4, 6]).median(), 5.0);
        assert_eq!(times(&[7]).median(), 7.0);
        assert_eq!(times(&[]).median(), 0.0);
    }

    #[test]
    fn a_percentile_is_interpolated() {
        let hundred: Vec<u64> = (0..=100).collect();
        assert_eq!(times(&hundred).percentile(99.0), 99.0);
        assert_eq!(times(&[0, 100]).percentile(99.0), 99.0);
        assert_eq!(times(&[3, 1, 2]).percentile(100.0), 3.0);
    }
}
