//! Text from outside within a line of text.

use std::borrow::Cow;

use tfa_proto::is_misleading;

/// A name or another text from outside, for a part of one line: line feeds, and what else could make it look like another
/// text, are written as `\u{a}`. So a user whose name has a line feed gets no second row in a list.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_misleading) {
        return text.into();
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        match is_misleading(c) {
            true => line.extend(c.escape_unicode()),
            false => line.push(c),
        }
    }
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_in_its_line_and_hides_nothing() {
        assert_eq!(one_line("bob\nalice  on"), "bob\\u{a}alice  on");
        assert_eq!(one_line("root\u{200b}"), "root\\u{200b}");
        assert_eq!(one_line("\u{202e}ecila\r\t"), "\\u{202e}ecila\\u{d}\\u{9}");
    }

    #[test]
    fn names_stand_as_they_are() {
        for name in ["alice", "DOM\\new user", "jürgen@example.org", ""] {
            assert!(matches!(one_line(name), Cow::Borrowed(same) if same == name));
        }
    }
}
