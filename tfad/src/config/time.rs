//! Time spans and dates. The grammar is that of `tfa_text`; a TOML date is read like its text.

use std::time::Duration;

use tfa_core::Time;
use tfa_text::{DurationError, Moment, MomentError, duration};
use toml::de::DeValue;

use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::values::Value;

/// Ten years of 365.25 days. A longer time span is a slip, or no user would ever have to enroll.
const MAX_TIME_SPAN: Duration = Duration::from_secs(10 * 31_557_600);

/// Reads a time span.
pub(super) fn time_span(value: Value<'_, '_>) -> Result<Duration, Problem> {
    match value.toml() {
        DeValue::String(text) => parse_time_span(text),
        DeValue::Integer(number) if number.as_str().bytes().all(|digit| digit == b'0') => {
            Ok(Duration::ZERO)
        }
        DeValue::Integer(number) if number.radix() == 10 && !number.as_str().starts_with('-') => {
            Err(errors::no_unit(number.as_str()))
        }
        DeValue::Integer(number) => Err(errors::not_a_time_span(&number.to_string())),
        other => Err(errors::wrong_type(Expected::TimeSpan, other)),
    }
}

fn parse_time_span(text: &str) -> Result<Duration, Problem> {
    match duration::parse(text) {
        Ok(span) if span <= MAX_TIME_SPAN => Ok(span),
        Ok(_) | Err(DurationError::TooLong) => Err(errors::time_span_too_long(text)),
        Err(DurationError::Empty) => Err(errors::empty_time_span()),
        Err(DurationError::NoUnit(number)) => Err(errors::no_unit(&number)),
        Err(DurationError::UnknownUnit { unit, lower_case }) => Err(match lower_case {
            Some(near) => errors::misspelled_unit(&unit, near),
            None => errors::unknown_unit(&unit),
        }),
        Err(DurationError::Malformed) => Err(errors::not_a_time_span(text)),
    }
}

/// Reads a date, or a date and time. Without a time zone it is in the one of the host.
pub(super) fn date(value: Value<'_, '_>) -> Result<Time, Problem> {
    moment(value, Moment::parse)
}

/// Reads an end: as [`date`], but a date alone includes that day.
pub(super) fn end(value: Value<'_, '_>) -> Result<Time, Problem> {
    moment(value, Moment::parse_end)
}

fn moment(
    value: Value<'_, '_>,
    parse: impl Fn(&str) -> Result<Moment, MomentError>,
) -> Result<Time, Problem> {
    let written = match value.toml() {
        DeValue::Datetime(stamp) => stamp.to_string(),
        DeValue::String(text) => text.to_string(),
        other => return Err(errors::wrong_type(Expected::Date, other)),
    };
    let moment = parse(&written).and_then(|moment| moment.seconds(value.zone()));
    moment.map(Time::from_secs).map_err(|error| match error {
        MomentError::NoDate => errors::time_without_date(&written),
        MomentError::Malformed => errors::not_a_date(&written),
        MomentError::NotInCalendar => errors::not_in_calendar(&written),
        MomentError::OffsetAndZone => errors::offset_and_zone(&written),
        MomentError::UnknownZone(zone) => errors::unknown_zone(&zone),
        MomentError::BeforeEpoch => errors::before_1970(&written),
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use crate::config::HostZone;

    use super::*;

    const DAY: u64 = 24 * 3600;
    /// 2026-12-01 00:00 UTC.
    const DECEMBER: u64 = 1_796_083_200;

    fn berlin() -> HostZone {
        HostZone::new(Box::new(|| {
            TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
        }))
    }

    /// The value of the TOML `v = ...` in Berlin.
    fn read(toml: &str) -> Result<u64, Problem> {
        let berlin = berlin();
        let toml = DeValue::parse(toml).unwrap();
        date(Value::new(&toml, &berlin)).map(Time::as_secs)
    }

    #[test]
    fn a_time_span_is_at_most_ten_years() {
        for (text, seconds) in [
            ("7d", 7 * DAY),
            ("1w 2d", 9 * DAY),
            ("0", 0),
            ("10y", 10 * 31_557_600),
        ] {
            let span = parse_time_span(text);
            assert_eq!(span, Ok(Duration::from_secs(seconds)), "{text:?}");
        }
        for text in [
            "11y",
            "10y 1s",
            "99999999999999999999999d",
            "18446744073709551615s 1s",
        ] {
            let said = parse_time_span(text).unwrap_err().text();
            assert!(said.contains("longer than ten years"), "{text:?}: {said}");
        }
    }

    #[test]
    fn every_error_of_a_time_span_has_a_message() {
        for (text, why) in [
            ("", "write \"0\""),
            ("7", "write \"7d\""),
            ("1 2d", "1 has no unit"),
            ("7D", "did you mean \"d\"?"),
            ("7 Days", "did you mean \"days\"?"),
            ("7fortnights", "known units are s, min, h, d, w, month, y"),
            ("500ms", "unknown unit"),
            ("1.5h", "is not a time span"),
            ("-7d", "is not a time span"),
        ] {
            let said = parse_time_span(text).unwrap_err().text();
            assert!(said.contains(why), "{text:?}: {said}");
        }
    }

    #[test]
    fn a_date_is_read_from_toml_or_from_a_text() {
        for (toml, moment) in [
            ("2026-12-01", DECEMBER - 3600),
            ("\"2026-12-01\"", DECEMBER - 3600),
            ("2026-12-01 08:00", DECEMBER + 7 * 3600),
            ("2026-12-01T08:00:30", DECEMBER + 7 * 3600 + 30),
            ("2026-12-01T08:00:00.5", DECEMBER + 7 * 3600),
            ("\"2026-12-01 08:00\"", DECEMBER + 7 * 3600),
            ("2026-12-01T08:00:00Z", DECEMBER + 8 * 3600),
            ("2026-12-01 08:00:00-05:30", DECEMBER + 13 * 3600 + 1800),
            ("\"2026-12-01 08:00 UTC\"", DECEMBER + 8 * 3600),
            ("2026-03-29 02:30", 1_774_747_800),
            ("2026-10-25 02:30", 1_792_888_200),
        ] {
            assert_eq!(read(toml), Ok(moment), "{toml}");
        }
    }

    #[test]
    fn an_end_without_a_time_includes_the_day() {
        let berlin = berlin();
        for (toml, moment) in [
            ("2026-11-30", DECEMBER - 3600),
            ("\"2026-11-30 UTC\"", DECEMBER),
            ("2026-12-01 08:00", DECEMBER + 7 * 3600),
            ("2026-12-01T08:00:00Z", DECEMBER + 8 * 3600),
        ] {
            let value = DeValue::parse(toml).unwrap();
            let read = end(Value::new(&value, &berlin)).map(Time::as_secs);
            assert_eq!(read, Ok(moment), "{toml}");
        }
    }

    #[test]
    fn every_error_of_a_date_has_a_message() {
        for (toml, why) in [
            ("08:00", "has no date"),
            ("\"08:00\"", "has no date"),
            (
                "20261201",
                "must be a date such as 2026-12-01, not a number",
            ),
            ("\"tomorrow\"", "is not a date"),
            ("\"\"", "is not a date"),
            ("\"2026-02-31\"", "is not a date"),
            ("\"2026-12-1\"", "is not a date"),
            ("\"2026-12-01 8:00\"", "is not a date"),
            ("\"2026-12-01 08:00 Mars/Base\"", "no time zone"),
            ("\"2026-12-01 08:00 ../../../etc/passwd\"", "is not a date"),
            ("\"2026-12-01 08:00 etc/../../passwd\"", "no time zone"),
            (
                "\"2026-12-01 08:00Z UTC\"",
                "both an offset and a time zone",
            ),
            ("2026-12-01 23:59:60", "is not a date and time that exists"),
            ("1969-12-31", "before 1970"),
            ("0000-01-01T00:00:00+23:59", "before 1970"),
        ] {
            let said = read(toml).unwrap_err().text();
            assert!(said.contains(why), "{toml}: {said}");
        }
    }
}
