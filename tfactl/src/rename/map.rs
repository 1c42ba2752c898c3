//! A map of names: a line each, the old name and the new one.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use tfa_client::Failure;

use crate::messages;

/// Reads a map. Empty lines, and what comes behind `#`, say nothing.
pub(super) fn read(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Refused(messages::not_read(file, &error)))?;
    parse(&text).map_err(|mistakes| Failure::Refused(messages::wrong_map(file, &mistakes)))
}

/// What is wrong with which line.
type Mistakes = Vec<(usize, String)>;

/// The pairs, or every mistake.
fn parse(text: &str) -> Result<Vec<(String, String)>, Mistakes> {
    let (mut pairs, mut mistakes) = (Vec::new(), Vec::new());
    let (mut olds, mut news) = (HashMap::new(), HashMap::new());
    for (line, number) in text.lines().zip(1..) {
        let said = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = said.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [old, new] => {
                for (name, seen) in [(old, &mut olds), (new, &mut news)] {
                    if let Some(before) = seen.insert((*name).to_owned(), number) {
                        mistakes.push((number, messages::twice_in_map(name, before)));
                    }
                }
                pairs.push(((*old).to_owned(), (*new).to_owned()));
            }
            _ => mistakes.push((number, messages::NOT_TWO_NAMES.to_owned())),
        }
    }
    if mistakes.is_empty() {
        Ok(pairs)
    } else {
        Err(mistakes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_has_two_names_a_line_and_comments() {
        let text = "# from the old directory\nalice CORP\\alice\n\n  bob\tbob  # a new uid\n";
        let pairs = parse(text).unwrap();
        let named = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(pairs, [named("alice", "CORP\\alice"), named("bob", "bob")]);
        assert!(parse("").unwrap().is_empty());
    }

    #[test]
    fn every_mistake_of_a_map_is_told_with_its_line() {
        let text = "alice\nbob robert\nbob roberto\ncarol robert\na b c\n";
        let mistakes = parse(text).unwrap_err();
        let lines: Vec<usize> = mistakes.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 3, 4, 5]);
        assert!(mistakes[1].1.contains("bob") && mistakes[1].1.contains("line 2"));
    }
}
