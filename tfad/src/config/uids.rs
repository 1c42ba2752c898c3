//! User ids: `"0-999"`, `1000`, or a list of these.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::values::{Value, non_empty_list, number};

/// Reads a number, a range, or a list of these.
pub(super) fn uids(value: Value<'_, '_>) -> Result<Vec<RangeInclusive<u32>>, Problem> {
    match value.toml() {
        DeValue::Array(_) => non_empty_list(value, range),
        _ => Ok(vec![range(value)?]),
    }
}

fn range(value: Value<'_, '_>) -> Result<RangeInclusive<u32>, Problem> {
    match value.toml() {
        DeValue::Integer(uid) => number(uid).map(|uid| uid..=uid),
        DeValue::String(text) => parse(text),
        other => Err(errors::wrong_type(Expected::Uids, other)),
    }
}

fn parse(text: &str) -> Result<RangeInclusive<u32>, Problem> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (uid(first), uid(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        (Some(first), Some(last)) => Err(errors::reversed_range(text, first, last)),
        _ => Err(errors::not_a_range(text)),
    }
}

fn uid(text: &str) -> Option<u32> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_other_texts_are_refused() {
        for (text, range) in [
            ("0-999", Some(0..=999)),
            ("1000 - 1999", Some(1000..=1999)),
            ("7", Some(7..=7)),
            ("7-7", Some(7..=7)),
            ("0-4294967295", Some(0..=u32::MAX)),
            ("0-4294967296", None),
            ("999-0", None),
            ("1000-", None),
            ("-1000", None),
            ("-", None),
            ("", None),
            ("+1", None),
            ("1-2-3", None),
            ("root", None),
        ] {
            assert_eq!(parse(text).ok(), range, "{text:?}");
        }
        let said = parse("999-0").unwrap_err().text();
        assert!(said.contains("write \"0-999\""), "{said}");
    }
}
