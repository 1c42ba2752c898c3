//! Durations as systemd.time(7) has them: `"7d"`, `"1w 2d"`, `"12h"`, `"0"`.
//!
//! No crate reads them so: jiff knows no `M`, and months only of a calendar; humantime 2.4 takes
//! `"1 2d"` for twelve days, and panics at some sums of large numbers.

use std::time::Duration;

use toml::de::DeValue;

use super::mistake::Wrong;
use super::values::{Value, not_a, shown};

const DAY: u64 = 24 * 3600;
const YEAR: u64 = 31_557_600;
/// More than that is a slip, or nobody would ever be asked.
const LONGEST: u64 = 10 * YEAR;

/// What systemd knows from the second on; `m` are minutes there and `M` months.
const UNITS: [(&[&str], u64); 7] = [
    (&["s", "sec", "second", "seconds"], 1),
    (&["m", "min", "minute", "minutes"], 60),
    (&["h", "hr", "hour", "hours"], 3600),
    (&["d", "day", "days"], DAY),
    (&["w", "week", "weeks"], 7 * DAY),
    (&["M", "month", "months"], 2_630_016), // 30.44 days
    (&["y", "year", "years"], YEAR),
];

/// A duration of at most ten years.
pub(super) fn duration(value: &Value<'_>) -> Result<Duration, Wrong> {
    match value.get_ref() {
        DeValue::String(text) => parse(text),
        DeValue::Integer(number) if number.as_str().bytes().all(|digit| digit == b'0') => {
            Ok(Duration::ZERO)
        }
        DeValue::Integer(number) if number.radix() == 10 && !number.as_str().starts_with('-') => {
            Err(no_unit(number.as_str()))
        }
        DeValue::Integer(number) => Err(no_duration(&number.to_string())),
        other => Err(not_a("a duration such as \"7d\"", other)),
    }
}

fn parse(text: &str) -> Result<Duration, Wrong> {
    let too_long = || Wrong::new(format!("{} is longer than ten years", shown(text)));
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(Wrong::new("the duration is empty").help("write \"0\" for none"));
    }
    let mut seconds = 0_u64;
    while !rest.is_empty() {
        let (number, behind) = split(rest, |c| c.is_ascii_digit());
        let (name, behind) = split(behind.trim_start(), char::is_alphabetic);
        match (number, name, behind.chars().next()) {
            ("", _, _) => return Err(no_duration(text)),
            (number, "", None | Some('0'..='9')) => return Err(no_unit(number)),
            (_, "", Some(_)) => return Err(no_duration(text)),
            _ => {}
        }
        let number: u64 = number.parse().map_err(|_| too_long())?;
        let sum = number
            .checked_mul(unit(name)?)
            .and_then(|more| seconds.checked_add(more));
        seconds = sum.filter(|sum| *sum <= LONGEST).ok_or_else(too_long)?;
        rest = behind.trim_start();
    }
    Ok(Duration::from_secs(seconds))
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit(name: &str) -> Result<u64, Wrong> {
    let find = |name: &str| UNITS.iter().find(|(names, _)| names.contains(&name));
    if let Some((_, seconds)) = find(name) {
        return Ok(*seconds);
    }
    let wrong = Wrong::new(format!("unknown unit {}", shown(name)));
    let small = name.to_lowercase();
    Err(match find(&small) {
        Some(_) => wrong.meant(Some(&small)),
        None => wrong.help("known are s, min, h, d, w, month, y"),
    })
}

fn no_unit(number: &str) -> Wrong {
    let number: String = number.chars().take(20).collect();
    Wrong::new(format!("{number} has no unit")).help(format!("write \"{number}d\" for days"))
}

fn no_duration(text: &str) -> Wrong {
    Wrong::new(format!("{} is not a duration", shown(text)))
        .help("write whole numbers with units, as in \"1w 2d\" or \"12h\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_systemd_reads_them() {
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
            ("10y", LONGEST),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_said_to_be_none() {
        for (text, why) in [
            ("", "write \\\"0\\\" for none"),
            ("7", "write \\\"7d\\\" for days"),
            ("1 2d", "1 has no unit"),
            ("7 30min", "7 has no unit"),
            ("1d 12", "12 has no unit"),
            ("7D", "did you mean \\\"d\\\"?"),
            ("7 Days", "did you mean \\\"days\\\"?"),
            ("7fortnights", "known are s, min, h, d, w, month, y"),
            ("500ms", "unknown unit"),
            ("d", "is not a duration"),
            ("1.5h", "is not a duration"),
            ("-7d", "is not a duration"),
            ("7d ago", "is not a duration"),
            ("1d, 2h", "is not a duration"),
            ("P7D", "is not a duration"),
            ("infinity", "is not a duration"),
            ("11y", "longer than ten years"),
            ("10y 1s", "longer than ten years"),
            ("99999999999999999999999d", "longer than ten years"),
            ("18446744073709551615s 1s", "longer than ten years"),
        ] {
            let said = format!("{:?}", parse(text).unwrap_err());
            assert!(said.contains(why), "{text:?}: {said}");
        }
    }
}
