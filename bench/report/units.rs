//! Formats of figures.

/// Nanoseconds as milliseconds.
pub(crate) fn ms(nanoseconds: f64) -> String {
    format!("{:.3}", nanoseconds / 1e6)
}

/// A ratio, or "-" if one of the figures was not measured.
pub(crate) fn ratio(part: Option<f64>, whole: Option<f64>) -> String {
    match (part, whole) {
        (Some(part), Some(whole)) => format!("{:.2}", part / whole),
        _ => "-".to_owned(),
    }
}

/// A number with a comma between the thousands.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_have_commas() {
        assert_eq!(thousands(10), "10");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
