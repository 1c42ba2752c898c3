//! Time spans and dates.

use super::did_you_mean;
use crate::config::messages::quoted;
use crate::config::problem::Problem;

pub(in crate::config) fn empty_time_span() -> Problem {
    Problem::new("the time span is empty").help("for no time, write \"0\"")
}

/// `number` consists of digits.
pub(in crate::config) fn no_unit(number: &str) -> Problem {
    let number: String = number.chars().take(20).collect();
    Problem::new(format!("{number} has no unit")).help(format!("for days, write \"{number}d\""))
}

pub(in crate::config) fn unknown_unit(unit: &str) -> Problem {
    Problem::new(format!("unknown unit {}", quoted(unit)))
        .help("known units are s, min, h, d, w, month, y")
}

pub(in crate::config) fn misspelled_unit(unit: &str, near: &str) -> Problem {
    Problem::new(format!("unknown unit {}", quoted(unit))).help(did_you_mean(near))
}

pub(in crate::config) fn not_a_time_span(written: &str) -> Problem {
    Problem::new(format!("{} is not a time span", quoted(written)))
        .help("write whole numbers with units, as in \"1w 2d\" or \"12h\"")
}

pub(in crate::config) fn time_span_too_long(written: &str) -> Problem {
    Problem::new(format!("{} is longer than ten years", quoted(written)))
}

const DATES: &str = "write 2026-12-01 or \"2026-12-01 08:00 UTC\"";

pub(in crate::config) fn not_a_date(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a date or date and time",
        quoted(written)
    ))
    .help(DATES)
}

pub(in crate::config) fn time_without_date(written: &str) -> Problem {
    Problem::new(format!("{} has no date", quoted(written))).help(DATES)
}

pub(in crate::config) fn not_in_calendar(written: &str) -> Problem {
    Problem::new(format!(
        "{} is not a date and time that exists",
        quoted(written)
    ))
}

pub(in crate::config) fn offset_and_zone(written: &str) -> Problem {
    Problem::new(format!(
        "{} has both an offset and a time zone",
        quoted(written)
    ))
    .help("remove one of them")
}

pub(in crate::config) fn unknown_zone(zone: &str) -> Problem {
    Problem::new(format!("this host has no time zone {}", quoted(zone)))
        .help("to list the time zones, run: timedatectl list-timezones")
}

pub(in crate::config) fn before_1970(written: &str) -> Problem {
    Problem::new(format!("{} is before 1970", quoted(written)))
}
