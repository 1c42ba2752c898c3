//! JSON in ASCII. Other characters are escaped, so that the output does not depend on the locale and
//! cannot send control sequences to the terminal.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

/// Formats a value as indented JSON. Characters outside ASCII are escaped.
///
/// # Errors
/// Where the value has no JSON form.
pub fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(ascii(&serde_json::to_string_pretty(value)?))
}

/// Formats a value as JSON on one line. Characters outside ASCII are escaped.
///
/// # Errors
/// As [`json`].
pub fn json_line(value: &impl Serialize) -> io::Result<String> {
    Ok(ascii(&serde_json::to_string(value)?))
}

fn ascii(text: &str) -> String {
    // Only strings can contain other characters, and an escape is valid there.
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_keeps_the_value() {
        let value = [
            "Jürgen",
            "al\u{200b}ice",
            "\u{202e}toor",
            "\u{e0001}\u{7f}\n",
        ];
        let text = json(&value).unwrap();
        assert!(
            text.bytes()
                .all(|byte| byte == b'\n' || byte == b' ' || byte.is_ascii_graphic())
        );
        let read: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(read, value);
    }
}
