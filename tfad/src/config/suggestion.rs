//! The known word that a misspelled one was probably meant to be.

/// A longer text is not a misspelled word.
const MAX_LENGTH: usize = 40;

/// The nearest of the words, if one is near enough.
pub(super) fn nearest<'w>(
    written: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    if written.len() > MAX_LENGTH {
        return None;
    }
    let written = written.to_lowercase();
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&written, word), word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_word_has_a_suggestion_and_another_word_has_none() {
        let words = ["off", "optional", "required"];
        for (written, meant) in [
            ("requird", Some("required")),
            ("Required", Some("required")),
            ("optinoal", Some("optional")),
            ("of", Some("off")),
            ("mandatory", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, words), meant, "{written:?}");
        }
        assert_eq!(nearest(&"o".repeat(100_000), words), None);
    }
}
