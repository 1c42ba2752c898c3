//! Values of another type than the key takes.

use toml::de::DeValue;

use super::did_you_mean;
use crate::config::messages::quoted;
use crate::config::problem::Problem;

/// What a key takes.
#[derive(Clone, Copy)]
pub(in crate::config) enum Expected {
    Text,
    Boolean,
    List,
    Table,
    ListOfTables,
    TimeSpan,
    Date,
    Uids,
    Group,
    Digits,
    Seconds,
    Number,
}

impl Expected {
    fn noun(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Table => "a table",
            Self::ListOfTables => "a list of tables",
            Self::TimeSpan => "a time span such as \"7d\"",
            Self::Date => "a date such as 2026-12-01",
            Self::Uids => "a number or a range such as \"0-999\"",
            Self::Group => "the name of a group in quotes or its number",
            Self::Digits => "6 or 8",
            Self::Seconds => "a number of seconds such as 30",
            Self::Number => "a number",
        }
    }
}

pub(in crate::config) fn wrong_type(expected: Expected, found: &DeValue<'_>) -> Problem {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Problem::new(format!("must be {}, not {found}", expected.noun()))
}

pub(in crate::config) fn quoted_boolean() -> Problem {
    Problem::new("must be true or false, without quotes")
}

/// A single entry where a list belongs.
pub(in crate::config) fn not_a_list(found: &DeValue<'_>) -> Problem {
    let problem = wrong_type(Expected::List, found);
    match found {
        DeValue::String(text) => problem.help(format!("write [{}]", quoted(text))),
        DeValue::Integer(number) => problem.help(format!("write [{number}]")),
        _ => problem,
    }
}

pub(in crate::config) fn not_rules(found: &DeValue<'_>) -> Problem {
    wrong_type(Expected::ListOfTables, found).help("write [[policy.rule]], with two brackets")
}

pub(in crate::config) fn no_rules() -> Problem {
    Problem::new("the list is empty").help("remove the key")
}

pub(in crate::config) fn empty_list() -> Problem {
    Problem::new("the list is empty, so the rule would match no login")
        .help("to match every login, remove the key")
}

pub(in crate::config) fn every_factor() -> Problem {
    Problem::new("the list names every factor, which is the default").help("remove the key")
}

pub(in crate::config) fn nothing_listed() -> Problem {
    Problem::new("the list is empty").help("list at least one, or remove the key")
}

pub(in crate::config) fn bad_digits(digits: u32) -> Problem {
    Problem::new(format!("must be 6 or 8, not {digits}"))
}

pub(in crate::config) fn bad_period(seconds: u32) -> Problem {
    Problem::new(format!("must be 15 to 120 seconds, not {seconds}"))
}

pub(in crate::config) fn above(written: &str, most: u32) -> Problem {
    let written = quoted(written);
    Problem::new(format!(
        "must be 0 to {most}, not {}",
        written.trim_matches('"')
    ))
}

pub(in crate::config) fn not_one_of(
    written: &str,
    words: &[&'static str],
    near: Option<&str>,
) -> Problem {
    let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let problem = Problem::new(format!(
        "{} is none of {}",
        quoted(written),
        words.join(", ")
    ));
    match near {
        Some(near) => problem.help(did_you_mean(near)),
        None => problem,
    }
}

pub(in crate::config) fn not_a_number(written: &str) -> Problem {
    let written = quoted(written);
    Problem::new(format!(
        "{} is not a number from 0 to {}",
        written.trim_matches('"'),
        u32::MAX
    ))
}
