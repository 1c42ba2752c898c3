//! The choice between singular and plural.

/// Chooses between two whole sentences by a number, as `ngettext(3)` does.
///
/// Each sentence is complete, so that a translation can give a language's other plural forms.
#[must_use]
pub fn plural(number: u64, one: impl Into<String>, other: impl Into<String>) -> String {
    if number == 1 {
        one.into()
    } else {
        other.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_singular() {
        assert_eq!(plural(1, "1 code", "codes"), "1 code");
        assert_eq!(plural(0, "code", "0 codes"), "0 codes");
        assert_eq!(plural(2, "code", "2 codes"), "2 codes");
    }
}
