//! How long an invitation is to be good.

use std::str::FromStr;

use jiff::{Span, SpanRelativeTo};

use crate::messages;

const SHORTEST: u64 = 60;
const LONGEST: u64 = 90 * 24 * 3600;

/// A length of time, as people type it: `12h`, `3d`, `2 weeks`. A day has 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(u64);

impl Length {
    pub(crate) fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Length {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let seconds = seconds(typed).ok_or(messages::NO_LENGTH)?;
        if (SHORTEST..=LONGEST).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(messages::WRONG_LENGTH)
        }
    }
}

/// The seconds of a length of time; months and years have no certain number.
pub(super) fn seconds(typed: &str) -> Option<u64> {
    let span: Span = typed.trim().parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    u64::try_from(length.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_people_type_them() {
        for (typed, seconds) in [
            ("12h", 12 * 3600),
            ("3d", 3 * 86_400),
            ("3 days", 3 * 86_400),
            ("2 weeks", 14 * 86_400),
            ("1d 12h", 36 * 3600),
            ("90d", LONGEST),
            ("1m", 60),
        ] {
            assert_eq!(typed.parse(), Ok(Length(seconds)), "{typed}");
        }
    }

    #[test]
    fn what_is_none_or_too_short_or_too_long_is_refused() {
        for (typed, why) in [
            ("", messages::NO_LENGTH),
            ("3", messages::NO_LENGTH),
            ("tomorrow", messages::NO_LENGTH),
            ("-3d", messages::NO_LENGTH),
            ("3 days ago", messages::NO_LENGTH),
            ("1 month", messages::NO_LENGTH),
            ("0d", messages::WRONG_LENGTH),
            ("59s", messages::WRONG_LENGTH),
            ("91d", messages::WRONG_LENGTH),
            ("999999999999d", messages::NO_LENGTH),
        ] {
            assert_eq!(typed.parse::<Length>(), Err(why), "{typed}");
        }
    }
}
