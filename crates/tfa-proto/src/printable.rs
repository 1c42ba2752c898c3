//! Which characters of foreign text must not reach a terminal or a log.

/// Whether a character can steer a terminal, or make a text look like another: control characters,
/// those that change the direction of what follows (CVE-2021-42574), those without width, and the
/// separators of lines and paragraphs.
#[must_use]
pub fn is_misleading(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{115f}'..='\u{1160}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direction_width_and_control_mislead() {
        let bidirectional = ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter();
        let bidirectional = bidirectional.chain('\u{202a}'..='\u{202e}');
        for c in bidirectional.chain('\u{2066}'..='\u{2069}') {
            assert!(is_misleading(c), "{c:?}");
        }
        for c in "\0\u{1b}\u{7f}\u{9b}\n\r\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{2028}".chars() {
            assert!(is_misleading(c), "{c:?}");
        }
    }

    #[test]
    fn letters_of_every_script_and_the_codes_of_qr_do_not() {
        for c in "aZ9 ü\u{308}ß字ﷲא№█▀▄–“”…€🙂".chars() {
            assert!(!is_misleading(c), "{c:?}");
        }
    }
}
