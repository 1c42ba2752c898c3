//! Time spans as in systemd.time(7): `7d`, `1w 2d`, `12h`, `0`.
//!
//! The grammar is written here because no crate has it. jiff knows no `M`, and needs a calendar for
//! months. humantime 2.4 reads `1 2d` as twelve days, and panics at some sums of large numbers.

use std::time::Duration;

const DAY: u64 = 24 * 3600;
const YEAR: u64 = 31_557_600; // 365.25 days

/// The units of systemd.time(7) from the second on. `m` is a minute and `M` a month.
const UNITS: [(&[&str], u64); 7] = [
    (&["s", "sec", "second", "seconds"], 1),
    (&["m", "min", "minute", "minutes"], 60),
    (&["h", "hr", "hour", "hours"], 3600),
    (&["d", "day", "days"], DAY),
    (&["w", "week", "weeks"], 7 * DAY),
    (&["M", "month", "months"], 2_630_016), // 30.44 days
    (&["y", "year", "years"], YEAR),
];

/// Why a text is not a time span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DurationError {
    /// The text is empty.
    Empty,
    /// A number without a unit, as it was written.
    NoUnit(String),
    /// A unit that systemd.time(7) does not have.
    UnknownUnit {
        /// The unit as it was written.
        unit: String,
        /// The same unit in lower case, if that exists.
        lower_case: Option<&'static str>,
    },
    /// Not a list of whole numbers with units.
    Malformed,
    /// More seconds than fit into 64 bits.
    TooLong,
}

/// Parses a time span.
///
/// # Errors
/// [`DurationError`] if the text is not one.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let (number, behind) = split(rest, |c| c.is_ascii_digit());
        let (name, behind) = split(behind.trim_start(), char::is_alphabetic);
        match (number, name, behind.chars().next()) {
            ("", _, _) => return Err(DurationError::Malformed),
            (number, "", None | Some('0'..='9')) => {
                return Err(DurationError::NoUnit(number.to_owned()));
            }
            (_, "", Some(_)) => return Err(DurationError::Malformed),
            _ => {}
        }
        let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
        seconds = number
            .checked_mul(unit(name)?)
            .and_then(|more| seconds.checked_add(more))
            .ok_or(DurationError::TooLong)?;
        rest = behind.trim_start();
    }
    Ok(Duration::from_secs(seconds))
}

/// The longest start of a text whose characters all fit, and the rest.
fn split(text: &str, fits: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The seconds of a unit.
fn unit(written: &str) -> Result<u64, DurationError> {
    if let Some((_, seconds)) = find(written) {
        return Ok(seconds);
    }
    Err(DurationError::UnknownUnit {
        unit: written.to_owned(),
        lower_case: find(&written.to_lowercase()).map(|(name, _)| name),
    })
}

fn find(written: &str) -> Option<(&'static str, u64)> {
    UNITS.iter().find_map(|(names, seconds)| {
        let name = names.iter().find(|name| **name == written)?;
        Some((*name, *seconds))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_as_systemd_reads_them() {
        for (text, seconds) in [
            ("7d", 7 * DAY),
            ("1w 2d", 9 * DAY),
            ("1w2d", 9 * DAY),
            ("  2   weeks ", 14 * DAY),
            ("12h", 12 * 3600),
            ("90min", 5400),
            ("90m", 5400),
            ("30s", 30),
            ("1month", 2_630_016),
            ("1M", 2_630_016),
            ("1M 1m", 2_630_076),
            ("1y 12month", YEAR + 12 * 2_630_016),
            ("2 h", 7200),
            ("2hours", 7200),
            ("48hr", 48 * 3600),
            ("0", 0),
            ("0d", 0),
            ("10y", 10 * YEAR),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text:?}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        let no_unit = |number: &str| DurationError::NoUnit(number.to_owned());
        let unknown = |unit: &str, lower_case| DurationError::UnknownUnit {
            unit: unit.to_owned(),
            lower_case,
        };
        for (text, error) in [
            ("", DurationError::Empty),
            (" ", DurationError::Empty),
            ("7", no_unit("7")),
            ("1 2d", no_unit("1")),
            ("7 30min", no_unit("7")),
            ("1d 12", no_unit("12")),
            ("7D", unknown("D", Some("d"))),
            ("7 Days", unknown("Days", Some("days"))),
            ("7fortnights", unknown("fortnights", None)),
            ("500ms", unknown("ms", None)),
            ("d", DurationError::Malformed),
            ("1.5h", DurationError::Malformed),
            ("-7d", DurationError::Malformed),
            ("7d ago", DurationError::Malformed),
            ("1d, 2h", DurationError::Malformed),
            ("P7D", DurationError::Malformed),
            ("infinity", DurationError::Malformed),
            ("99999999999999999999999d", DurationError::TooLong),
            ("18446744073709551615s 1s", DurationError::TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text:?}");
        }
    }
}
