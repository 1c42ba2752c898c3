//! Dates and times: `2026-12-01`, `2026-12-01 08:00`, RFC 3339, and `2026-12-01 08:00 Europe/Berlin`.
//!
//! The grammar is stricter than jiff's, which reads second 60 as 59 and lets a local time ignore an
//! offset.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// A point in time, as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// With an offset or a time zone.
    At(Timestamp),
    /// Without either: it is one of the host's time zone.
    Local(DateTime),
}

/// Why a text is not a date, or not one that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MomentError {
    /// A time without a date.
    NoDate,
    /// Neither a date nor a date and time.
    Malformed,
    /// A date or time that does not exist, such as February 31 or second 60.
    NotInCalendar,
    /// Both an offset and a time zone.
    OffsetAndZone,
    /// A time zone that this host does not have.
    UnknownZone(String),
    /// A moment before 1970.
    BeforeEpoch,
}

impl Moment {
    /// Parses a date, or a date and time. A date alone is midnight.
    ///
    /// # Errors
    /// [`MomentError`] if the text is neither.
    pub fn parse(text: &str) -> Result<Self, MomentError> {
        Self::parse_as(text, DateAlone::Begin)
    }

    /// Parses the end of something: a date, or a date and time. A date alone includes that day: it is
    /// the midnight after it.
    ///
    /// # Errors
    /// [`MomentError`] if the text is neither.
    pub fn parse_end(text: &str) -> Result<Self, MomentError> {
        Self::parse_as(text, DateAlone::End)
    }

    fn parse_as(text: &str, date_alone: DateAlone) -> Result<Self, MomentError> {
        let text = text.trim();
        let (text, zone) = match text.rsplit_once(char::is_whitespace) {
            Some((text, zone)) if zone.starts_with(char::is_alphabetic) => {
                (text.trim_end(), Some(zone))
            }
            _ => (text, None),
        };
        let (local, offset) = date_and_time(text, date_alone)?;
        let zone = match (offset, zone) {
            (None, None) => return Ok(Self::Local(local)),
            (Some(_), Some(_)) => return Err(MomentError::OffsetAndZone),
            (Some(offset), None) => offset.to_time_zone(),
            (None, Some(name)) => {
                TimeZone::get(name).map_err(|_| MomentError::UnknownZone(name.to_owned()))?
            }
        };
        in_zone(local, &zone).map(Self::At)
    }

    /// Seconds since 1970, on a host of that time zone. A local time that the clocks skip is moved
    /// forward by the gap. A local time that occurs twice is the first one.
    ///
    /// # Errors
    /// [`MomentError::BeforeEpoch`], or [`MomentError::NotInCalendar`] beyond the year 9999.
    pub fn seconds(self, zone: &TimeZone) -> Result<u64, MomentError> {
        let at = match self {
            Self::At(at) => at,
            Self::Local(local) => in_zone(local, zone)?,
        };
        u64::try_from(at.as_second()).map_err(|_| MomentError::BeforeEpoch)
    }
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Result<Timestamp, MomentError> {
    zone.to_timestamp(local)
        .map_err(|_| MomentError::NotInCalendar)
}

/// Which moment of the day a date without a time is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DateAlone {
    /// The midnight before the day.
    Begin,
    /// The midnight after the day.
    End,
}

/// Parses `YYYY-MM-DD`, and then `[T ]HH:MM[:SS[.FRACTION]]`, and then `Z` or `±HH:MM`. The
/// fraction is dropped.
fn date_and_time(
    text: &str,
    date_alone: DateAlone,
) -> Result<(DateTime, Option<Offset>), MomentError> {
    let mut scanner = Scanner(text);
    let Some([year, month, day]) = scanner.date() else {
        let is_time = Scanner(text).time().is_some();
        return Err(if is_time {
            MomentError::NoDate
        } else {
            MomentError::Malformed
        });
    };
    let mut time = [0, 0, 0];
    let mut offset = None;
    let is_whole_day = scanner.0.is_empty() && date_alone == DateAlone::End;
    if scanner.eat(&['T', 't', ' ']).is_some() {
        time = scanner.time().ok_or(MomentError::Malformed)?;
        offset = scanner.offset().ok_or(MomentError::Malformed)?;
    }
    if !scanner.0.is_empty() {
        return Err(MomentError::Malformed);
    }
    let [hour, minute, second] = time;
    let resolved = || -> Result<_, jiff::Error> {
        let date = Date::new(year, small(month)?, small(day)?)?;
        let date = if is_whole_day { date.tomorrow()? } else { date };
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0)?;
        let offset = offset.map(|minutes| Offset::from_seconds(i32::from(minutes) * 60));
        Ok((date.to_datetime(time), offset.transpose()?))
    };
    resolved().map_err(|_| MomentError::NotInCalendar)
}

fn small(number: i16) -> Result<i8, jiff::Error> {
    i8::try_from(number).map_err(|_| jiff::Error::from_args(format_args!("out of range")))
}

/// The part of a text that is not read yet.
struct Scanner<'t>(&'t str);

impl Scanner<'_> {
    /// `YYYY-MM-DD`.
    fn date(&mut self) -> Option<[i16; 3]> {
        let year = self.digits(4)?;
        self.eat(&['-'])?;
        let month = self.digits(2)?;
        self.eat(&['-'])?;
        Some([year, month, self.digits(2)?])
    }

    /// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.FRACTION`.
    fn time(&mut self) -> Option<[i16; 3]> {
        let hour = self.digits(2)?;
        self.eat(&[':'])?;
        let minute = self.digits(2)?;
        if self.eat(&[':']).is_none() {
            return Some([hour, minute, 0]);
        }
        let second = self.digits(2)?;
        if self.eat(&['.']).is_some() {
            self.digits(1)?;
            self.0 = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        Some([hour, minute, second])
    }

    /// Minutes east of UTC, of `Z` or `±HH:MM`; the inner `None` is for neither.
    fn offset(&mut self) -> Option<Option<i16>> {
        let Some(sign) = self.eat(&['Z', 'z', '+', '-']) else {
            return Some(None);
        };
        if sign.eq_ignore_ascii_case(&'Z') {
            return Some(Some(0));
        }
        let hours = self.digits(2)?;
        self.eat(&[':'])?;
        let minutes = self.digits(2).filter(|minutes| *minutes < 60)?;
        let minutes = hours * 60 + minutes;
        Some(Some(if sign == '-' { -minutes } else { minutes }))
    }

    /// A number of so many digits.
    fn digits(&mut self, count: usize) -> Option<i16> {
        let (number, rest) = self.0.split_at_checked(count)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| number.parse().ok()).flatten()?;
        self.0 = rest;
        Some(number)
    }

    /// One of these characters.
    fn eat(&mut self, any: &[char]) -> Option<char> {
        let next = self.0.chars().next().filter(|next| any.contains(next))?;
        self.0 = self.0.strip_prefix(next)?;
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-12-01 00:00 UTC.
    const DAY: u64 = 1_796_083_200;

    /// The seconds of a text in Berlin.
    fn read(text: &str) -> Result<u64, MomentError> {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        Moment::parse(text)?.seconds(&berlin)
    }

    #[test]
    fn dates_and_times_are_read() {
        for (text, moment) in [
            ("2026-12-01", DAY - 3600),
            (" 2026-12-01 ", DAY - 3600),
            ("2026-12-01 08:00", DAY + 7 * 3600),
            ("2026-12-01T08:00:30", DAY + 7 * 3600 + 30),
            ("2026-12-01T08:00:00.5", DAY + 7 * 3600),
            ("2026-12-01T08:00:00Z", DAY + 8 * 3600),
            ("2026-12-01 08:00Z", DAY + 8 * 3600),
            ("2026-12-01 08:00:00-05:30", DAY + 13 * 3600 + 1800),
            ("2026-12-01 08:00 UTC", DAY + 8 * 3600),
            ("2026-12-01 UTC", DAY),
            ("2026-12-01 08:00   UTC", DAY + 8 * 3600),
        ] {
            assert_eq!(read(text), Ok(moment), "{text:?}");
        }
    }

    #[test]
    fn an_end_includes_a_day_without_a_time() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let end = |text: &str| Moment::parse_end(text)?.seconds(&berlin);
        for (text, moment) in [
            ("2026-11-30", DAY - 3600),
            (" 2026-11-30 ", DAY - 3600),
            ("2026-11-30 UTC", DAY),
            ("2026-12-01 00:00", DAY - 3600),
            ("2026-12-01T00:00:00Z", DAY),
            // A day of 23 hours, and one of 25.
            ("2026-03-29", 1_774_821_600),
            ("2026-10-25", 1_792_969_200),
        ] {
            assert_eq!(end(text), Ok(moment), "{text:?}");
        }
        assert_eq!(end("9999-12-31"), Err(MomentError::NotInCalendar));
        assert_eq!(end("2026-02-29"), Err(MomentError::NotInCalendar));
        assert_eq!(end("08:00"), Err(MomentError::NoDate));
    }

    #[test]
    fn a_skipped_time_moves_forward_and_a_repeated_one_is_the_first() {
        assert_eq!(read("2026-03-29 02:30"), Ok(1_774_747_800));
        assert_eq!(read("2026-10-25 02:30"), Ok(1_792_888_200));
    }

    #[test]
    fn a_zone_can_be_named_if_the_host_has_it() {
        let read = read("2026-12-01 08:00 America/New_York");
        if TimeZone::get("America/New_York").is_ok() {
            assert_eq!(read, Ok(DAY + 13 * 3600));
        } else {
            assert!(read.is_err());
        }
    }

    #[test]
    fn other_texts_are_refused_with_the_reason() {
        use MomentError::{BeforeEpoch, Malformed, NoDate, NotInCalendar, OffsetAndZone};
        let no_zone = |zone: &str| MomentError::UnknownZone(zone.to_owned());
        for (text, error) in [
            ("08:00", NoDate),
            ("08:00:30Z", NoDate),
            ("20261201", Malformed),
            ("tomorrow", Malformed),
            ("", Malformed),
            ("2026-12-1", Malformed),
            ("2026-12-01T", Malformed),
            ("2026-12-01Z", Malformed),
            ("2026-12-01 8:00", Malformed),
            ("2026-12-01 08:00:", Malformed),
            ("2026-12-01 08:00:00.", Malformed),
            ("2026-12-01 08:00+5", Malformed),
            ("2026-12-01 08:00+01:60", Malformed),
            ("2026-12-01T08:00:00Z[UTC]", Malformed),
            ("2026-12-0\u{e4}", Malformed),
            ("2026-12-01 08:00 ../../../etc/passwd", Malformed),
            ("2026-12-01 08:00 Mars/Base", no_zone("Mars/Base")),
            (
                "2026-12-01 08:00 etc/../../passwd",
                no_zone("etc/../../passwd"),
            ),
            ("2026-12-01 08:00Z UTC", OffsetAndZone),
            ("2026-12-01 08:00-05:30 UTC", OffsetAndZone),
            ("2026-02-31", NotInCalendar),
            ("2026-13-01", NotInCalendar),
            ("2026-12-01 25:00", NotInCalendar),
            ("2026-12-01 23:59:60", NotInCalendar),
            ("2026-12-01 08:00+99:00", NotInCalendar),
            ("1969-12-31", BeforeEpoch),
            ("0000-01-01T00:00:00+23:59", BeforeEpoch),
        ] {
            assert_eq!(read(text), Err(error), "{text:?}");
        }
    }
}
