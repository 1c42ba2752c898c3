//! The time from which the log is printed.

use std::str::FromStr;

use tfa_client::Failure;
use tfa_text::duration;

use super::Moment;
use crate::messages;

/// A date and time as in `tfad.toml`, or a time span before now such as `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// A date and time.
    At(Moment),
    /// So many seconds before now.
    Before(u64),
}

impl Since {
    /// Seconds since 1970, in this host's time zone.
    pub(crate) fn on_this_host(self, now: u64) -> Result<u64, Failure> {
        match self {
            Self::At(moment) => moment.on_this_host(now),
            Self::Before(seconds) => Ok(now.saturating_sub(seconds)),
        }
    }
}

impl FromStr for Since {
    type Err = &'static str;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        let typed = typed.trim();
        // journalctl wants the word.
        let span = typed.strip_suffix(" ago").unwrap_or(typed);
        if let Ok(span) = duration::parse(span) {
            return Ok(Self::Before(span.as_secs()));
        }
        match typed.parse() {
            Ok(moment @ Moment::At(_)) => Ok(Self::At(moment)),
            Ok(Moment::After(_)) | Err(_) => Err(messages::NOT_A_START),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_796_133_900;

    #[test]
    fn a_span_counts_back_and_a_date_is_a_date() {
        let read = |typed: &str| typed.parse::<Since>().unwrap().on_this_host(NOW).unwrap();
        assert_eq!(read("2d"), NOW - 2 * 86_400);
        assert_eq!(read("90m"), NOW - 5_400);
        assert_eq!(read("10 minutes ago"), NOW - 600);
        assert_eq!(read("2026-12-01T14:05:00Z"), NOW);
        assert_eq!(read("1000000 days"), 0);
    }

    #[test]
    fn a_time_to_come_and_other_texts_are_refused() {
        for typed in ["", "+2d", "-2d", "yesterday", " ago", "2026-12-01 ago"] {
            assert_eq!(
                typed.parse::<Since>(),
                Err(messages::NOT_A_START),
                "{typed}"
            );
        }
    }
}
