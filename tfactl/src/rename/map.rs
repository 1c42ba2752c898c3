//! The map of names: each line has the old name and the new one.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use tfa_client::Failure;

use crate::messages;

/// Reads a map. Empty lines and comments (`#`) are ignored.
pub(super) fn read(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Refused(messages::not_read(file, &error)))?;
    parse(file, &text).map_err(|errors| Failure::Refused(messages::wrong_lines(&errors)))
}

/// The pairs, or a message for each error.
fn parse(file: &Path, text: &str) -> Result<Vec<(String, String)>, Vec<String>> {
    let (mut pairs, mut errors) = (Vec::new(), Vec::new());
    let (mut olds, mut news) = (HashMap::new(), HashMap::new());
    for (line, number) in text.lines().zip(1..) {
        let content = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = content.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            [old, new] => {
                for (name, seen) in [(old, &mut olds), (new, &mut news)] {
                    if let Some(before) = seen.insert((*name).to_owned(), number) {
                        errors.push(messages::twice_in_map(file, number, name, before));
                    }
                }
                pairs.push(((*old).to_owned(), (*new).to_owned()));
            }
            _ => errors.push(messages::not_two_names(file, number)),
        }
    }
    if errors.is_empty() {
        Ok(pairs)
    } else {
        Err(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_two_names_and_comments_are_ignored() {
        let text = "# from the old directory\nalice CORP\\alice\n\n  bob\tbob  # a new uid\n";
        let pairs = parse(Path::new("map"), text).unwrap();
        let named = |old: &str, new: &str| (old.to_owned(), new.to_owned());
        assert_eq!(pairs, [named("alice", "CORP\\alice"), named("bob", "bob")]);
        assert!(parse(Path::new("map"), "").unwrap().is_empty());
    }

    #[test]
    fn every_error_is_reported_with_its_line() {
        let text = "alice\nbob robert\nbob roberto\ncarol robert\na b c\n";
        let errors = parse(Path::new("map"), text).unwrap_err();
        assert_eq!(errors.len(), 4);
        for (error, line) in errors.iter().zip([1, 3, 4, 5]) {
            assert!(error.starts_with(&format!("map line {line}: ")), "{error}");
        }
        assert!(errors[1].contains("bob") && errors[1].contains("line 2"));
    }
}
