//! Numbers of users: `"0-999"`, `1000`, or a list of these.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::mistake::Wrong;
use super::values::{Value, not_a, number, shown, some};

/// One of them, or a list.
pub(super) fn uids(value: &Value<'_>) -> Result<Vec<RangeInclusive<u32>>, Wrong> {
    match value.get_ref() {
        DeValue::Array(_) => some(value, range),
        _ => Ok(vec![range(value)?]),
    }
}

fn range(value: &Value<'_>) -> Result<RangeInclusive<u32>, Wrong> {
    match value.get_ref() {
        DeValue::Integer(uid) => number(uid).map(|uid| uid..=uid),
        DeValue::String(text) => parse(text),
        other => Err(not_a("a number or a range such as \"0-999\"", other)),
    }
}

fn parse(text: &str) -> Result<RangeInclusive<u32>, Wrong> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (uid(first), uid(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        (Some(first), Some(last)) => {
            let wrong = Wrong::new(format!("{} is the wrong way round", shown(text)));
            Err(wrong.help(format!("write \"{last}-{first}\"")))
        }
        _ => Err(Wrong::new(format!(
            "{} is not a number or a range such as \"0-999\"",
            shown(text)
        ))),
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
    fn ranges_are_read_and_what_is_none_is_not_guessed_at() {
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
        let said = format!("{:?}", parse("999-0"));
        assert!(said.contains(r#"write \"0-999\""#), "{said}");
    }
}
