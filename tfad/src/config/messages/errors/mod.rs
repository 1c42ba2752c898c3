//! Errors: the configuration cannot be used.

mod addresses;
mod files;
mod keys;
mod names;
mod time;
mod types;

pub(in crate::config) use addresses::*;
pub(in crate::config) use files::*;
pub(in crate::config) use keys::*;
pub(in crate::config) use names::*;
pub(in crate::config) use time::*;
pub(in crate::config) use types::*;

/// Follows the errors that are listed.
pub(in crate::config) fn more(count: usize) -> String {
    match count {
        1 => "and 1 more error".to_owned(),
        _ => format!("and {count} more errors"),
    }
}

/// The first of several errors, in one line.
pub(in crate::config) fn first_of(error: &str, count: usize) -> String {
    format!("{error} (the first of {count} errors; to list them, run: tfad --check)")
}

/// The help for a misspelled word.
fn did_you_mean(word: &str) -> String {
    format!("did you mean \"{word}\"?")
}
