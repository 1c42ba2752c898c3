//! How long an invitation code is valid, and how long a user is exempt.

use std::ops::RangeInclusive;

use tfa_proto::{EXEMPTION_SECONDS, HOST_INVITATION_SECONDS, INVITATION_SECONDS};
use tfa_text::duration;

use crate::messages;

/// A time span as in `tfad.toml`: `12h`, `3d`, `2 weeks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length(u64);

impl Length {
    pub(crate) fn seconds(self) -> u64 {
        self.0
    }

    /// Parses the validity of an invitation code.
    pub(crate) fn of_invitation(typed: &str) -> Result<Self, &'static str> {
        parse(typed, &INVITATION_SECONDS, messages::VALIDITY_OUT_OF_RANGE)
    }

    /// Parses the validity of the token of a host.
    pub(crate) fn of_host_invitation(typed: &str) -> Result<Self, &'static str> {
        let out_of_range = messages::TOKEN_VALIDITY_OUT_OF_RANGE;
        parse(typed, &HOST_INVITATION_SECONDS, out_of_range)
    }

    /// Parses the length of an exemption.
    pub(crate) fn of_exemption(typed: &str) -> Result<Self, &'static str> {
        parse(typed, &EXEMPTION_SECONDS, messages::EXEMPTION_OUT_OF_RANGE)
    }
}

fn parse(
    typed: &str,
    range: &RangeInclusive<u64>,
    out_of_range: &'static str,
) -> Result<Length, &'static str> {
    let length = duration::parse(typed).map_err(|_| messages::NOT_A_TIME_SPAN)?;
    let seconds = length.as_secs();
    if range.contains(&seconds) {
        Ok(Length(seconds))
    } else {
        Err(out_of_range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_time_span_as_in_the_configuration() {
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
            assert_eq!(Length::of_invitation(typed), Ok(Length(seconds)), "{typed}");
            assert_eq!(Length::of_exemption(typed), Ok(Length(seconds)), "{typed}");
        }
    }

    #[test]
    fn other_texts_and_spans_out_of_range_are_refused() {
        for typed in ["", "3", "tomorrow", "-3d", "3 days ago"] {
            let why = Err(messages::NOT_A_TIME_SPAN);
            assert_eq!(Length::of_invitation(typed), why, "{typed}");
            assert_eq!(Length::of_exemption(typed), why, "{typed}");
        }
        for typed in ["0d", "59s", "91d", "3 months", "999999999999d"] {
            let why = Err(messages::VALIDITY_OUT_OF_RANGE);
            assert_eq!(Length::of_invitation(typed), why, "{typed}");
            let why = Err(messages::EXEMPTION_OUT_OF_RANGE);
            assert_eq!(Length::of_exemption(typed), why, "{typed}");
        }
    }
}
