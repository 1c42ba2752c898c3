//! The validity of an invitation.

use std::str::FromStr;

use tfa_proto::INVITATION_SECONDS;
use tfa_text::duration;

use crate::messages;

/// A time span as in `tfad.toml`: `12h`, `3d`, `2 weeks`.
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
        let length = duration::parse(typed).map_err(|_| messages::NO_LENGTH)?;
        let seconds = length.as_secs();
        if INVITATION_SECONDS.contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(messages::WRONG_LENGTH)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_is_a_time_span_as_in_the_configuration() {
        for (typed, seconds) in [
            ("12h", 12 * 3600),
            ("3d", 3 * 86_400),
            ("3 days", 3 * 86_400),
            ("2 weeks", 14 * 86_400),
            ("1d 12h", 36 * 3600),
            ("90d", 90 * 86_400),
            ("1m", 60),
            ("1 month", 2_630_016),
        ] {
            assert_eq!(typed.parse(), Ok(Length(seconds)), "{typed}");
        }
    }

    #[test]
    fn other_texts_and_spans_out_of_range_are_refused() {
        for (typed, why) in [
            ("", messages::NO_LENGTH),
            ("3", messages::NO_LENGTH),
            ("tomorrow", messages::NO_LENGTH),
            ("-3d", messages::NO_LENGTH),
            ("3 days ago", messages::NO_LENGTH),
            ("0d", messages::WRONG_LENGTH),
            ("59s", messages::WRONG_LENGTH),
            ("91d", messages::WRONG_LENGTH),
            ("3 months", messages::WRONG_LENGTH),
            ("999999999999d", messages::WRONG_LENGTH),
        ] {
            assert_eq!(typed.parse::<Length>(), Err(why), "{typed}");
        }
    }
}
