//! Values of keys: texts, words, booleans, numbers, and lists of them.

use jiff::tz::TimeZone;
use toml::Spanned;
use toml::de::{DeInteger, DeValue};

use super::HostZone;
use super::messages::errors::{self, Expected};
use super::problem::Problem;
use super::suggestion::nearest;

/// A TOML value, and what is needed to read it.
#[derive(Clone, Copy)]
pub(super) struct Value<'d, 't> {
    toml: &'d Spanned<DeValue<'t>>,
    /// The time zone of dates that name none.
    zone: &'d HostZone,
}

impl<'d, 't> Value<'d, 't> {
    pub(super) fn new(toml: &'d Spanned<DeValue<'t>>, zone: &'d HostZone) -> Self {
        Self { toml, zone }
    }

    pub(super) fn toml(self) -> &'d DeValue<'t> {
        self.toml.get_ref()
    }

    /// The byte of the text at which it begins.
    pub(super) fn offset(self) -> usize {
        self.toml.span().start
    }

    pub(super) fn zone(self) -> &'d TimeZone {
        self.zone
    }
}

/// Reads a text.
pub(super) fn text<'d>(value: Value<'d, '_>) -> Result<&'d str, Problem> {
    let toml = value.toml();
    toml.as_str()
        .ok_or_else(|| errors::wrong_type(Expected::Text, toml))
}

/// Reads `true` or `false`.
pub(super) fn flag(value: Value<'_, '_>) -> Result<bool, Problem> {
    match value.toml() {
        DeValue::Boolean(flag) => Ok(*flag),
        DeValue::String(text) if matches!(text.as_ref(), "true" | "false") => {
            Err(errors::quoted_boolean())
        }
        other => Err(errors::wrong_type(Expected::Boolean, other)),
    }
}

/// Reads one of some words.
pub(super) fn word<T: Copy>(
    value: Value<'_, '_>,
    words: &[(&'static str, T)],
) -> Result<T, Problem> {
    let written = text(value)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == written) {
        return Ok(*meaning);
    }
    let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let near = nearest(written, words.iter().copied());
    Err(errors::not_one_of(written, &words, near))
}

/// Reads a uid or gid.
pub(super) fn number(value: &DeInteger<'_>) -> Result<u32, Problem> {
    u32::from_str_radix(value.as_str(), value.radix())
        .map_err(|_| errors::not_a_number(&value.to_string()))
}

/// Reads a list, which may be empty. Each wrong entry is a problem.
pub(super) fn list<'d, 't, T>(
    value: Value<'d, 't>,
    read: impl Fn(Value<'d, 't>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let DeValue::Array(entries) = value.toml() else {
        return Err(errors::not_a_list(value.toml()));
    };
    let mut list = Vec::with_capacity(entries.len());
    let mut problem: Option<Problem> = None;
    for entry in entries {
        let entry = Value::new(entry, value.zone);
        match read(entry) {
            Ok(entry) => list.push(entry),
            Err(other) => {
                let other = other.at(entry.offset());
                problem = Some(match problem {
                    None => other,
                    Some(problem) => problem.and(other),
                });
            }
        }
    }
    problem.map_or(Ok(list), Err)
}

/// Reads a list outside a rule, with at least one entry.
pub(super) fn some_of<'d, 't, T>(
    value: Value<'d, 't>,
    read: impl Fn(Value<'d, 't>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let list = list(value, read)?;
    if list.is_empty() {
        return Err(errors::nothing_listed());
    }
    Ok(list)
}

/// Reads a list of a rule, with at least one entry.
pub(super) fn non_empty_list<'d, 't, T>(
    value: Value<'d, 't>,
    read: impl Fn(Value<'d, 't>) -> Result<T, Problem>,
) -> Result<Vec<T>, Problem> {
    let list = list(value, read)?;
    if list.is_empty() {
        return Err(errors::empty_list());
    }
    Ok(list)
}
