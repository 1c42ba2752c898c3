//! Points in time: for machines in RFC 3339 and UTC, for people in the zone of this host.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Seconds since the epoch.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// `2026-12-01T13:05:00Z`.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    timestamp(seconds).to_string()
}

/// `2026-12-01 14:05`, in the zone of this host.
#[must_use]
pub fn local(seconds: u64) -> String {
    format(seconds, "%Y-%m-%d %H:%M")
}

/// `1 December 2026`, in the zone of this host.
#[must_use]
pub fn date(seconds: u64) -> String {
    format(seconds, "%-d %B %Y")
}

/// A length of time by its largest unit, rounded up, so that nobody tries too early: the number
/// and one of `second`, `minute`, `hour`, `day`.
#[must_use]
pub fn left(seconds: u64) -> (u64, &'static str) {
    match seconds {
        0..=90 => (seconds, "second"),
        91..=5_400 => (seconds.div_ceil(60), "minute"),
        5_401..=129_600 => (seconds.div_ceil(3_600), "hour"),
        _ => (seconds.div_ceil(86_400), "day"),
    }
}

fn format(seconds: u64, pattern: &str) -> String {
    timestamp(seconds)
        .to_zoned(TimeZone::system())
        .strftime(pattern)
        .to_string()
}

/// The end of time for a number that no calendar reaches.
fn timestamp(seconds: u64) -> Timestamp {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_read_utc_with_a_z() {
        assert_eq!(rfc3339(1_796_133_900), "2026-12-01T14:05:00Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_beyond_every_calendar_is_no_panic() {
        assert!(rfc3339(u64::MAX).starts_with("9999-12-30"));
        assert!(!local(u64::MAX).is_empty());
    }

    #[test]
    fn what_is_left_is_never_rounded_down() {
        assert_eq!(left(30), (30, "second"));
        assert_eq!(left(91), (2, "minute"));
        assert_eq!(left(3_600), (60, "minute"));
        assert_eq!(left(7_201), (3, "hour"));
        assert_eq!(left(7 * 86_400), (7, "day"));
    }
}
