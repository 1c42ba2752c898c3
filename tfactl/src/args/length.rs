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
        let length = duration::parse(typed).map_err(|_| messages::NOT_A_TIME_SPAN)?;
        let seconds = length.as_secs();
        if INVITATION_SECONDS.contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(messages::VALIDITY_OUT_OF_RANGE)
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
            ("", messages::NOT_A_TIME_SPAN),
            ("3", messages::NOT_A_TIME_SPAN),
            ("tomorrow", messages::NOT_A_TIME_SPAN),
            ("-3d", messages::NOT_A_TIME_SPAN),
            ("3 days ago", messages::NOT_A_TIME_SPAN),
            ("0d", messages::VALIDITY_OUT_OF_RANGE),
            ("59s", messages::VALIDITY_OUT_OF_RANGE),
            ("91d", messages::VALIDITY_OUT_OF_RANGE),
            ("3 months", messages::VALIDITY_OUT_OF_RANGE),
            ("999999999999d", messages::VALIDITY_OUT_OF_RANGE),
        ] {
            assert_eq!(typed.parse::<Length>(), Err(why), "{typed}");
        }
    }
}
