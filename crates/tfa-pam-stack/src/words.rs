//! The words of a line.

/// The words of a line, one after the other.
pub(crate) struct Words<'a>(Option<&'a [u8]>);

impl<'a> Words<'a> {
    pub(crate) fn new(line: &'a [u8]) -> Self {
        Self(Some(line))
    }
}

impl Iterator for Words<'_> {
    type Item = Vec<u8>;

    /// The next word. What stands in brackets is one, without them; `\]` in it is a bracket. A bracket
    /// behind the start of a word is a part of the word.
    fn next(&mut self) -> Option<Vec<u8>> {
        let text = self.0.take()?;
        let start = text.iter().position(|byte| !b" \n\t".contains(byte))?;
        let text = text.get(start..)?;
        let (word, length) = match text.strip_prefix(b"[") {
            Some(inner) => {
                let (word, length) = bracketed(inner);
                (word, length + 1)
            }
            None => {
                let length = text
                    .iter()
                    .take_while(|byte| !b" \n\t".contains(byte))
                    .count();
                (text.get(..length)?.to_vec(), length)
            }
        };
        // The byte that ends the word is skipped, whatever it is.
        self.0 = text.get(length + 1..).filter(|rest| !rest.is_empty());
        Some(word)
    }
}

/// The word up to the closing bracket, and where that stands. Without one, the rest is the word.
fn bracketed(text: &[u8]) -> (Vec<u8>, usize) {
    let mut word = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at).filter(|byte| **byte != b']') {
        let is_escape = *byte == b'\\' && text.get(at + 1) == Some(&b']');
        word.push(if is_escape { b']' } else { *byte });
        at += 1 + usize::from(is_escape);
    }
    (word, at)
}
