//! The time of a hypothetical login.

use std::str::FromStr;

use jiff::tz::TimeZone;

use tfa_client::Failure;
use tfa_text::duration;

use crate::messages;

/// A date and time as in `tfad.toml`, or a time span from now such as `+3d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A date and time.
    At(tfa_text::Moment),
    /// So many seconds from now.
    After(u64),
}

impl Moment {
    /// Seconds since 1970, in this host's time zone.
    pub(crate) fn on_this_host(self, now: u64) -> Result<u64, Failure> {
        let at = self.seconds(now, &TimeZone::system());
        at.ok_or_else(|| Failure::Refused(messages::TIME_OUT_OF_RANGE.to_owned()))
    }

    /// Seconds since 1970; `None` before that and beyond the calendar.
    pub(crate) fn seconds(self, now: u64, zone: &TimeZone) -> Option<u64> {
        match self {
            Self::At(at) => at.seconds(zone).ok(),
            Self::After(seconds) => now.checked_add(seconds),
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let typed = typed.trim();
        let moment = match typed.strip_prefix('+') {
            Some(later) => {
                let later = duration::parse(later).map_err(|_| messages::NOT_A_TIME)?;
                Self::After(later.as_secs())
            }
            None => Self::At(tfa_text::Moment::parse(typed).map_err(|_| messages::NOT_A_TIME)?),
        };
        Ok(moment)
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
    fn a_time_without_an_offset_is_in_the_zone_of_the_host() {
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
    fn other_texts_are_refused() {
        for typed in [
            "",
            "+",
            "3d",
            "+-3d",
            "tomorrow",
            "2026-13-01",
            "1960-01-01",
            "+18446744073709551615s",
        ] {
            assert_eq!(read(typed), None, "{typed}");
        }
    }
}
