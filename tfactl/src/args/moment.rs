//! When a supposed login is.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use tfa_client::Failure;

use super::length;
use crate::messages;

/// A moment, as people type it: a date, a date and a time of this host's zone, RFC 3339, or a
/// length of time from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The same everywhere.
    At(Timestamp),
    /// By the clock on the wall.
    Local(DateTime),
    /// So many seconds from now.
    After(u64),
}

impl Moment {
    /// The same by this host's zone.
    pub(crate) fn on_this_host(self, now: u64) -> Result<u64, Failure> {
        let at = self.seconds(now, &TimeZone::system());
        at.ok_or_else(|| Failure::Refused(messages::BEYOND_TIME.to_owned()))
    }

    /// In seconds since the epoch; `None` for what is before it or beyond every calendar.
    pub(crate) fn seconds(self, now: u64, zone: &TimeZone) -> Option<u64> {
        let at = match self {
            Self::At(at) => at,
            Self::Local(local) => zone.to_timestamp(local).ok()?,
            Self::After(seconds) => return now.checked_add(seconds),
        };
        u64::try_from(at.as_second()).ok()
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let typed = typed.trim();
        if let Some(later) = typed.strip_prefix('+') {
            let seconds = length::seconds(later).ok_or(messages::NO_MOMENT)?;
            return Ok(Self::After(seconds));
        }
        // With an offset it is a moment everywhere, without one it is local.
        if let Ok(at) = typed.parse() {
            return Ok(Self::At(at));
        }
        // With a time zone behind it, as in tfad.toml.
        if let Some((local, zone)) = typed.rsplit_once(char::is_whitespace)
            && zone.starts_with(char::is_alphabetic)
        {
            let local: DateTime = local.trim().parse().map_err(|_| messages::NO_MOMENT)?;
            let zone = TimeZone::get(zone).map_err(|_| messages::NO_MOMENT)?;
            let at = zone.to_timestamp(local).map_err(|_| messages::NO_MOMENT)?;
            return Ok(Self::At(at));
        }
        let local = typed.parse().map_err(|_| messages::NO_MOMENT)?;
        Ok(Self::Local(local))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_796_133_900;

    fn read(typed: &str) -> Option<u64> {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        typed.parse::<Moment>().ok()?.seconds(NOW, &zone)
    }

    #[test]
    fn dates_and_times_are_of_this_host_and_an_offset_makes_them_the_same_everywhere() {
        assert_eq!(read("2026-12-01 15:05"), Some(NOW));
        assert_eq!(read("2026-12-01T15:05:00"), Some(NOW));
        assert_eq!(read("2026-12-01"), Some(NOW - 15 * 3600 - 5 * 60));
        assert_eq!(read("2026-12-01T14:05:00Z"), Some(NOW));
        assert_eq!(read("2026-12-01T09:05:00-05:00"), Some(NOW));
        assert_eq!(read("2026-12-01 14:05 UTC"), Some(NOW));
        assert_eq!(read("2026-12-01 14:05 Nowhere/Atall"), None);
    }

    #[test]
    fn a_plus_counts_from_now() {
        assert_eq!(read("+3d"), Some(NOW + 3 * 86_400));
        assert_eq!(read("+2 weeks"), Some(NOW + 14 * 86_400));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for typed in [
            "",
            "+",
            "3d",
            "+-3d",
            "tomorrow",
            "2026-13-01",
            "1960-01-01",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
