//! What stands behind a key: texts, words, yes or no, numbers, and lists of them.

use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::mistake::Wrong;

/// A value and where it stands.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// How much of what somebody wrote a message repeats.
const SHOWN: usize = 40;

/// What somebody wrote, in quotes, without control characters, and not too much of it.
pub(super) fn shown(written: &str) -> String {
    match written.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}...", written.get(..end).unwrap_or_default()),
        None => format!("{written:?}"),
    }
}

/// The word that somebody may have meant.
pub(super) fn nearest<'w>(
    written: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    if written.len() > SHOWN {
        return None;
    }
    let written = written.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, word), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// It is something else than it should be.
pub(super) fn not_a(wanted: &str, found: &DeValue<'_>) -> Wrong {
    let found = match found {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    Wrong::new(format!("must be {wanted}, not {found}"))
}

/// A text.
pub(super) fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, Wrong> {
    let value = value.get_ref();
    value
        .as_str()
        .ok_or_else(|| not_a("a text in quotes", value))
}

/// Yes or no.
pub(super) fn flag(value: &Value<'_>) -> Result<bool, Wrong> {
    match value.get_ref() {
        DeValue::Boolean(flag) => Ok(*flag),
        DeValue::String(text) if matches!(text.as_ref(), "true" | "false") => {
            Err(Wrong::new("must be true or false, without quotes"))
        }
        other => Err(not_a("true or false", other)),
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(value: &Value<'_>, words: &[(&'static str, T)]) -> Result<T, Wrong> {
    let written = text(value)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == written) {
        return Ok(*meaning);
    }
    let known: Vec<_> = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    let wrong = Wrong::new(format!(
        "{} is none of {}",
        shown(written),
        known.join(", ")
    ));
    Err(wrong.meant(nearest(written, words.iter().map(|(word, _)| *word))))
}

/// A number, as users and groups have them.
pub(super) fn number(value: &DeInteger<'_>) -> Result<u32, Wrong> {
    u32::from_str_radix(value.as_str(), value.radix()).map_err(|_| {
        let written = format!("{value}");
        Wrong::new(format!(
            "{} is not a number from 0 to {}",
            shown(&written).trim_matches('"'),
            u32::MAX
        ))
    })
}

/// A list, which may be empty.
pub(super) fn list<'v, 't, T>(
    value: &'v Value<'t>,
    read: impl Fn(&'v Value<'t>) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    match value.get_ref() {
        DeValue::Array(values) => {
            let mut list = Vec::with_capacity(values.len());
            let mut wrong: Option<Wrong> = None;
            for value in values {
                match read(value) {
                    Ok(entry) => list.push(entry),
                    Err(other) => {
                        let other = other.at(value.span().start);
                        wrong = Some(match wrong {
                            None => other,
                            Some(wrong) => wrong.and(other),
                        });
                    }
                }
            }
            wrong.map_or(Ok(list), Err)
        }
        other => {
            let wrong = not_a("a list", other);
            Err(match other {
                DeValue::String(text) => wrong.help(format!("write [{}]", shown(text))),
                DeValue::Integer(number) => wrong.help(format!("write [{number}]")),
                _ => wrong,
            })
        }
    }
}

/// A list with something in it.
pub(super) fn some<'v, 't, T>(
    value: &'v Value<'t>,
    read: impl Fn(&'v Value<'t>) -> Result<T, Wrong>,
) -> Result<Vec<T>, Wrong> {
    let list = list(value, read)?;
    if list.is_empty() {
        let wrong = Wrong::new("the list is empty, so that the rule would match nobody");
        return Err(wrong.help("leave the key out to match everybody"));
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_another_word_finds_none() {
        let words = ["off", "optional", "required"];
        for (written, meant) in [
            ("requird", Some("required")),
            ("Required", Some("required")),
            ("optinoal", Some("optional")),
            ("of", Some("off")),
            ("mandatory", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, words), meant, "{written:?}");
        }
        assert_eq!(nearest(&"o".repeat(100_000), words), None);
    }

    #[test]
    fn what_is_shown_is_short_and_has_no_control_characters() {
        assert_eq!(shown("a\u{1b}[31m\n"), "\"a\\u{1b}[31m\\n\"");
        assert_eq!(
            shown(&"ä".repeat(1000)),
            format!("\"{}\"...", "ä".repeat(40))
        );
    }
}
