//! Times and durations as text. A time is in seconds since 1970 (UTC).

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::plural;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// RFC 3339 in UTC: `2026-12-01T13:05:00Z`.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    timestamp(seconds).to_string()
}

/// Date and time in the time zone of this host: `2026-12-01 14:05`.
#[must_use]
pub fn date_time(seconds: u64) -> String {
    local(seconds, "%Y-%m-%d %H:%M")
}

/// Date and time with seconds in the time zone of this host: `2026-12-01 14:05:00`.
#[must_use]
pub fn date_time_seconds(seconds: u64) -> String {
    local(seconds, "%Y-%m-%d %H:%M:%S")
}

/// A time to wait, in its largest unit. It is rounded up, so that a retry is never too early.
#[must_use]
pub fn wait(seconds: u64) -> String {
    match seconds {
        0..=90 => self::seconds(seconds),
        91..=5_400 => minutes(seconds.div_ceil(MINUTE)),
        5_401..=129_600 => hours(seconds.div_ceil(HOUR)),
        _ => days(seconds.div_ceil(DAY)),
    }
}

/// The time until a deadline. It is rounded down, so that no more time is promised than is left.
#[must_use]
pub fn time_left(seconds: u64) -> String {
    match seconds / HOUR {
        0 => "less than 1 hour".to_owned(),
        number @ 1..48 => hours(number),
        _ => days(seconds / DAY),
    }
}

/// A difference between two clocks, rounded.
#[must_use]
pub fn difference(seconds: u64) -> String {
    match seconds {
        0..120 => self::seconds(seconds),
        _ => minutes(seconds.div_ceil(MINUTE)),
    }
}

fn seconds(number: u64) -> String {
    plural(number, "1 second", format!("{number} seconds"))
}

fn minutes(number: u64) -> String {
    plural(number, "1 minute", format!("{number} minutes"))
}

fn hours(number: u64) -> String {
    plural(number, "1 hour", format!("{number} hours"))
}

fn days(number: u64) -> String {
    plural(number, "1 day", format!("{number} days"))
}

fn local(seconds: u64, pattern: &str) -> String {
    timestamp(seconds)
        .to_zoned(TimeZone::system())
        .strftime(pattern)
        .to_string()
}

/// The last time of the calendar for a number beyond it.
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
    fn rfc3339_is_in_utc_with_a_z() {
        assert_eq!(rfc3339(1_796_133_900), "2026-12-01T14:05:00Z");
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_time_beyond_the_calendar_does_not_panic() {
        assert!(rfc3339(u64::MAX).starts_with("9999-12-30"));
        assert!(!date_time(u64::MAX).is_empty());
    }

    #[test]
    fn a_wait_is_never_rounded_down() {
        assert_eq!(wait(1), "1 second");
        assert_eq!(wait(30), "30 seconds");
        assert_eq!(wait(91), "2 minutes");
        assert_eq!(wait(3_600), "60 minutes");
        assert_eq!(wait(7_201), "3 hours");
        assert_eq!(wait(7 * 86_400), "7 days");
    }

    #[test]
    fn the_time_left_is_never_rounded_up() {
        assert_eq!(time_left(3_599), "less than 1 hour");
        assert_eq!(time_left(7_199), "1 hour");
        assert_eq!(time_left(47 * 3_600), "47 hours");
        assert_eq!(time_left(3 * 86_400 - 1), "2 days");
    }
}
