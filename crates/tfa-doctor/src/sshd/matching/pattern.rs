//! Patterns of sshd (`match.c`): `*` and `?` in a text, lists of them, and a text for each combination of
//! patterns that one text can match.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How many states of the search for texts are visited.
const MAX_STATES: usize = 2_000;

/// What a list of patterns says of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListMatch {
    /// A pattern behind `!` matches it.
    Negated,
    /// No pattern matches it.
    None,
    /// A pattern matches it, and none behind `!` does.
    Positive,
}

/// The patterns of a list, with whether they stand behind `!`.
pub(super) fn patterns(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let patterns = list.split(',').filter(|pattern| !pattern.is_empty());
    patterns.map(|pattern| match pattern.strip_prefix('!') {
        Some(pattern) => (true, pattern),
        None => (false, pattern),
    })
}

/// Whether a pattern of a list, by `matches`, matches.
pub(super) fn match_list(list: &str, matches: impl Fn(&str) -> bool) -> ListMatch {
    let mut found = ListMatch::None;
    for (is_negated, pattern) in patterns(list) {
        if matches(pattern) {
            if is_negated {
                return ListMatch::Negated;
            }
            found = ListMatch::Positive;
        }
    }
    found
}

/// Whether a pattern matches a text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    // Most patterns are names, and a host may have many users.
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let mut states = start(&pattern);
    for c in text.chars() {
        states = step(&pattern, &states, c);
    }
    accepts(&pattern, &states)
}

/// The places in a pattern that a text has reached.
type States = BTreeSet<usize>;

fn start(pattern: &[char]) -> States {
    closure(pattern, States::from([0]))
}

fn accepts(pattern: &[char], states: &States) -> bool {
    states.contains(&pattern.len())
}

/// Adds the places that are reached if a `*` matches nothing more.
fn closure(pattern: &[char], mut states: States) -> States {
    for (place, c) in pattern.iter().enumerate() {
        if *c == '*' && states.contains(&place) {
            states.insert(place + 1);
        }
    }
    states
}

fn step(pattern: &[char], states: &States, next: char) -> States {
    let reached = states.iter().filter_map(|place| match pattern.get(*place) {
        Some('*') => Some(*place),
        Some(c) if *c == '?' || *c == next => Some(place + 1),
        _ => None,
    });
    closure(pattern, reached.collect())
}

/// A shortest text for each combination of patterns that one text can match, and whether the search was cut
/// short.
pub(super) fn texts(patterns: &BTreeSet<String>) -> (Vec<String>, bool) {
    let patterns: Vec<Vec<char>> = patterns.iter().map(|p| p.chars().collect()).collect();
    let named = patterns.iter().flatten().copied();
    let mut alphabet: BTreeSet<char> = named.filter(|c| !matches!(c, '*' | '?')).collect();
    alphabet.extend(('a'..='z').find(|c| !alphabet.contains(c)));
    let first: Vec<States> = patterns.iter().map(|pattern| start(pattern)).collect();
    let mut found: BTreeMap<Vec<bool>, String> = BTreeMap::new();
    let mut known = BTreeSet::from([first.clone()]);
    let mut queue = VecDeque::from([(first, String::new())]);
    let mut is_incomplete = false;
    while let Some((states, text)) = queue.pop_front() {
        let pairs = patterns.iter().zip(&states);
        let combination = pairs.map(|(pattern, states)| accepts(pattern, states));
        found
            .entry(combination.collect())
            .or_insert_with(|| text.clone());
        for c in &alphabet {
            let pairs = patterns.iter().zip(&states);
            let next: Vec<States> = pairs
                .map(|(pattern, states)| step(pattern, states, *c))
                .collect();
            if known.contains(&next) {
                continue;
            }
            if known.len() >= MAX_STATES {
                is_incomplete = true;
                continue;
            }
            known.insert(next.clone());
            queue.push_back((next, format!("{text}{c}")));
        }
    }
    (found.into_values().collect(), is_incomplete)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_sshd() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("?", "", false),
            ("a*c", "ac", true),
            ("a*c", "abbc", true),
            ("a*c", "acb", false),
            ("**?", "x", true),
            ("dev*", "devs", true),
            ("Dev", "dev", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_negated_pattern_wins_wherever_it_stands() {
        let judge = |list, text: &str| match_list(list, |pattern| matches(pattern, text));
        assert_eq!(judge("a*,!ab", "ab"), ListMatch::Negated);
        assert_eq!(judge("!ab,a*", "ab"), ListMatch::Negated);
        assert_eq!(judge("a*,!ab", "ac"), ListMatch::Positive);
        assert_eq!(judge("a*,,!ab", "b"), ListMatch::None);
    }

    #[test]
    fn each_combination_of_patterns_has_a_text() {
        let patterns = ["a*", "*b", "ab", "a?b"].map(str::to_owned);
        let (texts, is_incomplete) = texts(&BTreeSet::from(patterns.clone()));
        assert!(!is_incomplete);
        let combination = |text: &str| patterns.clone().map(|pattern| matches(&pattern, text));
        let found: BTreeSet<_> = texts.iter().map(|text| combination(text)).collect();
        let mut expected = BTreeSet::from([combination("")]);
        for letters in ["a", "b", "x", "ab", "axb", "axxb", "ax", "xb", "ba"] {
            expected.insert(combination(letters));
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn the_search_ends() {
        let patterns = (0..12).map(|n| format!("*{n}*{n}*"));
        assert!(texts(&patterns.collect()).1);
    }
}
