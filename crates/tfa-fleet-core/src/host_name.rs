//! The name of a host, as certificates, rules and logs have it.

use std::fmt;

/// The longest name, in bytes (RFC 1035).
const MAX_LENGTH: usize = 253;
/// The longest part between two dots, in bytes.
const MAX_LABEL: usize = 63;

/// The name of a host: a DNS name of letters, digits and hyphens (RFC 1123), in lower case and
/// without a dot at the end. It is neither an address nor a pattern.
///
/// A host has one spelling of its name only, so that two names are the same host exactly if their
/// bytes are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// Why a text is not the name of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidHostName {
    /// It is empty, or longer than 253 bytes.
    Length,
    /// The part between two dots is empty, or longer than 63 bytes.
    LabelLength,
    /// It has a character other than `a` to `z`, `0` to `9`, the hyphen and the dot.
    Character,
    /// A part begins or ends with a hyphen.
    Hyphen,
    /// The last part is a number: the text is an address.
    Address,
}

impl HostName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidHostName`] says which rule the text breaks.
    pub fn new(text: &str) -> Result<Self, InvalidHostName> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(InvalidHostName::Length);
        }
        for label in text.split('.') {
            check_label(label)?;
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidHostName::Address);
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_label(label: &str) -> Result<(), InvalidHostName> {
    let is_allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if !label.bytes().all(is_allowed) {
        return Err(InvalidHostName::Character);
    }
    if label.is_empty() || label.len() > MAX_LABEL {
        return Err(InvalidHostName::LabelLength);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(InvalidHostName::Hyphen);
    }
    Ok(())
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for InvalidHostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Length => "a host name has 1 to 253 bytes",
            Self::LabelLength => "each part of a host name has 1 to 63 bytes",
            Self::Character => "a host name has lower-case letters, digits, hyphens and dots only",
            Self::Hyphen => "no part of a host name begins or ends with a hyphen",
            Self::Address => "an address is not a host name",
        })
    }
}

impl std::error::Error for InvalidHostName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts_are_accepted() {
        let long = [&*"a".repeat(63); 3].join(".") + "." + &"b".repeat(61);
        assert_eq!(long.len(), MAX_LENGTH);
        for name in [
            "web1",
            "web1.example",
            "3com.example",
            "xn--bcher-kva.example",
            &long,
        ] {
            assert_eq!(HostName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn each_rule_refuses_the_texts_that_break_it() {
        let too_long = [&*"a".repeat(63); 3].join(".") + "." + &"b".repeat(62);
        let cases = [
            ("", InvalidHostName::Length),
            (&too_long, InvalidHostName::Length),
            (".", InvalidHostName::LabelLength),
            ("web1.example.", InvalidHostName::LabelLength),
            ("web1..example", InvalidHostName::LabelLength),
            (&"a".repeat(64), InvalidHostName::LabelLength),
            ("Web1.example", InvalidHostName::Character),
            ("*.example", InvalidHostName::Character),
            ("web_1.example", InvalidHostName::Character),
            ("wéb.example", InvalidHostName::Character),
            ("web1\0.example", InvalidHostName::Character),
            ("web1 .example", InvalidHostName::Character),
            ("-web.example", InvalidHostName::Hyphen),
            ("web-.example", InvalidHostName::Hyphen),
            ("192.0.2.7", InvalidHostName::Address),
            ("7", InvalidHostName::Address),
        ];
        for (text, why) in cases {
            assert_eq!(HostName::new(text), Err(why), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_name_is_printable_and_has_one_spelling(text in "\\PC{0,260}|[a-z0-9.-]{1,260}") {
            if let Ok(name) = HostName::new(&text) {
                proptest::prop_assert_eq!(name.as_str(), &text);
                proptest::prop_assert_eq!(name.as_str(), text.to_ascii_lowercase());
                proptest::prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
                proptest::prop_assert!(text.parse::<std::net::IpAddr>().is_err());
            }
        }
    }
}
