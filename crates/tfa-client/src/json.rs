//! JSON in ASCII: whatever a name holds, neither the locale nor the terminal changes what a program
//! reads, and nothing in it steers the terminal.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

/// The value as indented JSON. Characters outside ASCII are escaped.
///
/// # Errors
/// A value that has no JSON form.
pub fn json(value: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string_pretty(value)?;
    // Outside strings JSON is ASCII, so an escape stands in a string.
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    Ok(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_ascii_and_reads_as_the_value() {
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
