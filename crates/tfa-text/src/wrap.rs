//! Word wrapping.

/// Wraps each line between words to the width. A word that is longer than the width stays whole.
/// The indent of a line is repeated on each of its rows.
#[must_use]
pub fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(2 * text.len() + 16);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let body = line.trim_start_matches(' ');
        let indent = line.get(..line.len() - body.len()).unwrap_or_default();
        out.push_str(indent);
        let mut column = indent.len();
        for word in body.split(' ') {
            let length = word.chars().count();
            if column > indent.len() && column + 1 + length > width {
                out.push('\n');
                out.push_str(indent);
                column = indent.len();
            } else if column > indent.len() {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += length;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wrap_between_words_and_long_words_stay_whole() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("unbreakable x", 4), "unbreakable\nx");
        assert_eq!(wrapped("one\n\ntwo\n", 9), "one\n\ntwo\n");
        assert_eq!(wrapped("one two: ", 7), "one\ntwo: ");
    }

    #[test]
    fn an_indent_is_repeated_on_every_row() {
        assert_eq!(wrapped("  AAAA BBBB CCCC", 12), "  AAAA BBBB\n  CCCC");
        assert_eq!(wrapped("  unbreakable", 4), "  unbreakable");
    }
}
