//! Removes from texts what could control a terminal or forge a log line.

use std::ffi::CString;

use tfa_proto::is_misleading;

/// For the screen: drops misleading characters except the line feed.
pub(crate) fn for_screen(text: &str) -> CString {
    c_string(text.chars().filter(|&c| c == '\n' || !is_misleading(c)))
}

/// For the log: one line, with `?` for each misleading character.
pub(crate) fn for_log(text: &str) -> CString {
    c_string(text.chars().map(|c| if is_misleading(c) { '?' } else { c }))
}

/// For a field of a log line whose fields are separated by spaces.
pub(crate) fn log_field(text: &str) -> String {
    let letter = |c: char| if c.is_whitespace() { '?' } else { c };
    text.chars().map(letter).collect()
}

fn c_string(chars: impl Iterator<Item = char>) -> CString {
    // NUL is a control character, so the text has none.
    CString::new(chars.collect::<String>()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_gets_no_control_character_but_the_line_feed() {
        let text = "\u{202e}a\u{1b}[2Jb\r\n\tc\0d\u{7f}e\u{9b}1mf\u{2588}\u{e9}";
        assert_eq!(for_screen(text).to_str(), Ok("a[2Jb\ncde1mf\u{2588}\u{e9}"));
    }

    #[test]
    fn a_log_field_has_no_spaces() {
        assert_eq!(
            log_field("alice rhost=192.0.2.66\u{a0}x\t"),
            "alice?rhost=192.0.2.66?x?"
        );
    }

    #[test]
    fn the_log_gets_one_line() {
        assert_eq!(
            for_log("bob\nroot: hello\0\u{1b}\u{2067}\u{200b}").to_str(),
            Ok("bob?root: hello????")
        );
    }
}
