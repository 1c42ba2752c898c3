//! Every message about a configuration, in one place.
//!
//! Each function is one whole message with named arguments. An error says what is wrong, and its
//! help what to do: `FILE:LINE:COLUMN: KEY: WHAT; HELP`.

pub(super) mod errors;
pub(super) mod findings;

/// How many characters of a value a message repeats.
const MAX_EXCERPT: usize = 40;

/// The start of a value in quotes, without control characters.
fn quoted(written: &str) -> String {
    match written.char_indices().nth(MAX_EXCERPT) {
        Some((end, _)) => format!("{:?}...", written.get(..end).unwrap_or_default()),
        None => format!("{written:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_is_short_and_has_no_control_characters() {
        assert_eq!(quoted("a\u{1b}[31m\n"), "\"a\\u{1b}[31m\\n\"");
        assert_eq!(
            quoted(&"ä".repeat(1000)),
            format!("\"{}\"...", "ä".repeat(40))
        );
    }
}
