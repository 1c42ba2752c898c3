//! Moments: TOML's dates and date-times, and the same as texts, which may name a time zone.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};
use tfa_core::Time;
use toml::de::DeValue;
use toml::value::{Datetime, Offset as Written};

use super::mistake::Wrong;
use super::values::{Value, not_a, shown};

const WRITE: &str = "write 2026-12-01 or \"2026-12-01 08:00 UTC\"";

/// A moment. Without a zone it is one of the host's; a date is its midnight.
pub(super) fn moment(value: &Value<'_>, host: &TimeZone) -> Result<Time, Wrong> {
    match value.get_ref() {
        DeValue::Datetime(stamp) => resolve(stamp, host),
        DeValue::String(text) => parse(text, host),
        other => Err(not_a("a date such as 2026-12-01", other)),
    }
}

fn parse(text: &str, host: &TimeZone) -> Result<Time, Wrong> {
    let text = text.trim();
    let (stamp, zone) = match text.rsplit_once(char::is_whitespace) {
        Some((stamp, zone)) if zone.starts_with(char::is_alphabetic) => (stamp.trim(), Some(zone)),
        _ => (text, None),
    };
    let stamp = stamp.parse::<Datetime>().map_err(|_| {
        Wrong::new(format!("{} is not a date or date and time", shown(text))).help(WRITE)
    })?;
    let Some(name) = zone else {
        return resolve(&stamp, host);
    };
    if stamp.offset.is_some() {
        let wrong = Wrong::new(format!("{} has an offset and a time zone", shown(text)));
        return Err(wrong.help("leave one of them out"));
    }
    let zone = TimeZone::get(name).map_err(|_| {
        let wrong = Wrong::new(format!("this host knows no time zone {}", shown(name)));
        wrong.help("timedatectl list-timezones shows them")
    })?;
    resolve(&stamp, &zone)
}

/// The moment of a date-time. One that the clocks leave out is as much later as they go forward;
/// of one that they show twice it is the first.
fn resolve(stamp: &Datetime, zone: &TimeZone) -> Result<Time, Wrong> {
    let Some(day) = stamp.date else {
        return Err(Wrong::new(format!("{stamp} has no date")).help(WRITE));
    };
    let seconds = || -> Result<i64, jiff::Error> {
        let date = civil::Date::new(small(day.year)?, small(day.month)?, small(day.day)?)?;
        let time = match stamp.time {
            Some(time) => civil::Time::new(
                small(time.hour)?,
                small(time.minute)?,
                small(time.second.unwrap_or(0))?,
                0,
            )?,
            None => civil::Time::midnight(),
        };
        let zone = match stamp.offset {
            Some(Written::Z) => TimeZone::UTC,
            Some(Written::Custom { minutes }) => {
                Offset::from_seconds(i32::from(minutes).saturating_mul(60))?.to_time_zone()
            }
            None => zone.clone(),
        };
        Ok(zone.to_timestamp(date.to_datetime(time))?.as_second())
    };
    let seconds =
        seconds().map_err(|error| Wrong::new(format!("{stamp} is not a moment: {error}")))?;
    u64::try_from(seconds)
        .map(Time::from_secs)
        .map_err(|_| Wrong::new(format!("{stamp} is before 1970")))
}

fn small<T: TryFrom<u16>>(number: impl Into<u16>) -> Result<T, jiff::Error> {
    T::try_from(number.into()).map_err(|_| jiff::Error::from_args(format_args!("out of range")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-01 00:00 UTC.
    const DAY: u64 = 1_796_083_200;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    /// The value of the TOML `v = ...` in Berlin.
    fn read(toml: &str) -> Result<u64, Wrong> {
        let value = DeValue::parse(toml).unwrap();
        moment(&value, &berlin()).map(Time::as_secs)
    }

    #[test]
    fn a_moment_is_written_as_toml_or_as_a_text() {
        for (toml, moment) in [
            ("2026-12-01", DAY - 3600),
            ("\"2026-12-01\"", DAY - 3600),
            ("\" 2026-12-01 \"", DAY - 3600),
            ("2026-12-01 08:00", DAY + 7 * 3600),
            ("2026-12-01T08:00:30", DAY + 7 * 3600 + 30),
            ("\"2026-12-01 08:00\"", DAY + 7 * 3600),
            ("\"2026-12-01T08:00:00.5\"", DAY + 7 * 3600),
            ("2026-12-01T08:00:00Z", DAY + 8 * 3600),
            ("\"2026-12-01 08:00Z\"", DAY + 8 * 3600),
            ("2026-12-01 08:00:00-05:30", DAY + 13 * 3600 + 1800),
            ("\"2026-12-01 08:00 UTC\"", DAY + 8 * 3600),
            ("\"2026-12-01 UTC\"", DAY),
            ("\"2026-12-01 08:00   UTC\"", DAY + 8 * 3600),
            // The clocks go from two to three, and from three back to two.
            ("2026-03-29 02:30", 1_774_747_800),
            ("2026-10-25 02:30", 1_792_888_200),
        ] {
            assert_eq!(read(toml), Ok(moment), "{toml}");
        }
    }

    #[test]
    fn a_zone_may_be_named_where_the_host_knows_zones() {
        let read = read("\"2026-12-01 08:00 America/New_York\"");
        if TimeZone::get("America/New_York").is_ok() {
            assert_eq!(read, Ok(DAY + 13 * 3600));
        } else {
            assert!(read.is_err());
        }
    }

    #[test]
    fn what_is_no_moment_is_said_to_be_none() {
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
            ("\"2026-12-01 08:00Z UTC\"", "an offset and a time zone"),
            ("2026-12-01 23:59:60", "is not a moment"),
            ("1969-12-31", "before 1970"),
            ("0000-01-01T00:00:00+23:59", "before 1970"),
        ] {
            let said = format!("{:?}", read(toml).unwrap_err());
            assert!(said.contains(why), "{toml}: {said}");
        }
    }
}
