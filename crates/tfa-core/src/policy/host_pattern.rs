//! A host as a rule names it.

use std::fmt;

use tfa_fleet_core::{HostName, InvalidHostName};

/// The sign that stands for any characters.
const ANY: char = '*';

/// The name of a host, or a pattern of names: `*` stands for any number of any characters, dots too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern(Box<str>);

impl HostPattern {
    /// Checks a pattern.
    ///
    /// # Errors
    /// [`InvalidHostName`] where no host can have such a name.
    pub fn new(text: &str) -> Result<Self, InvalidHostName> {
        // A letter may stand in each place of a name.
        HostName::new(&text.replace(ANY, "a"))?;
        Ok(Self(text.into()))
    }

    /// Whether the pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, host: &HostName) -> bool {
        let mut parts = self.0.split(ANY);
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = host.as_str().strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        // The first place of each part leaves the most to those after it.
        for part in parts {
            let Some((_, after)) = rest.split_once(part) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last)
    }

    /// Whether only the domain keeps the pattern from matching the name: one of the two has none.
    #[must_use]
    pub fn misses_domain(&self, host: &HostName) -> bool {
        let [pattern, name] = [&*self.0, host.as_str()].map(|text| text.split_once('.'));
        let is_same = match (pattern, name) {
            (Some((label, _)), None) => Self(label.into()).matches(host),
            (None, Some((label, _))) => HostName::new(label).is_ok_and(|name| self.matches(&name)),
            _ => false,
        };
        is_same && !self.matches(host)
    }

    /// Whether the pattern matches every name that another one matches, as far as that shows: the same
    /// pattern, or a name.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let name = HostName::new(&other.0);
        self == other || name.is_ok_and(|name| self.matches(&name))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> HostPattern {
        HostPattern::new(text).unwrap()
    }

    fn matches(text: &str, host: &str) -> bool {
        pattern(text).matches(&HostName::new(host).unwrap())
    }

    #[test]
    fn a_star_stands_for_any_characters_and_a_name_for_itself() {
        for (text, fitting, others) in [
            (
                "web1",
                &["web1"][..],
                &["web", "web11", "web1.example", "aweb1"][..],
            ),
            ("web*", &["web", "web1", "web1.example"], &["we", "aweb"]),
            (
                "*.example",
                &["web1.example", "a.b.example"],
                &["example", "web1.example.org"],
            ),
            (
                "web*.example",
                &["web.example", "web1.example"],
                &["web.exampl", "web1example"],
            ),
            ("a*a", &["aa", "aba"], &["a", "ab"]),
            ("a*bc*c", &["abcc", "a-bc-c"], &["abc", "acbc"]),
            ("*", &["web1"], &[]),
        ] {
            for host in fitting {
                assert!(matches(text, host), "{text} {host}");
            }
            for host in others {
                assert!(!matches(text, host), "{text} {host}");
            }
        }
    }

    #[test]
    fn a_pattern_that_no_name_can_match_is_an_error() {
        for text in [
            "",
            "Web*",
            "web?",
            "web_1",
            "-*",
            "*..example",
            "192.0.2.7",
            "*.example.",
        ] {
            assert!(HostPattern::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_pattern_covers_itself_and_the_names_that_it_matches() {
        let covers = |one: &str, other: &str| pattern(one).covers(&pattern(other));
        assert!(covers("web*", "web*") && covers("web*", "web1") && covers("web1", "web1"));
        assert!(!covers("web*", "*") && !covers("web1", "web*") && !covers("web1", "web2"));
    }

    #[test]
    fn a_pattern_with_a_domain_misses_that_of_a_short_name_and_the_reverse() {
        let misses =
            |text: &str, host: &str| pattern(text).misses_domain(&HostName::new(host).unwrap());
        for (text, host) in [
            ("web*.example.org", "web1"),
            ("*.example.org", "web1"),
            ("web1", "web1.example.org"),
            ("*1", "web1.example.org"),
        ] {
            assert!(misses(text, host), "{text} {host}");
        }
        for (text, host) in [
            ("db*.example.org", "web1"),
            ("web1.example.org", "web1.example.net"),
            ("web*", "web1.example.org"),
            ("web1", "web1"),
            ("*", "web1"),
        ] {
            assert!(!misses(text, host), "{text} {host}");
        }
    }

    /// Compares character by character.
    fn expected(pattern: &[u8], host: &[u8]) -> bool {
        match (pattern.split_first(), host.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), next) => {
                expected(rest, host) || next.is_some_and(|(_, after)| expected(pattern, after))
            }
            (Some((sign, rest)), Some((next, after))) => sign == next && expected(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_as_compared_by_character(text in "[ab*]{1,8}", host in "[ab]{1,10}") {
            let is_expected = expected(text.as_bytes(), host.as_bytes());
            prop_assert_eq!(matches(&text, &host), is_expected);
        }
    }
}
