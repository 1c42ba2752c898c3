//! The variables of a unit, and the words of its command line with their values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::bounded::whole_bytes;
use super::super::environment::{Piece, assignments, pieces, words};
use super::super::include;
use super::super::missed::in_time;
use crate::messages;

/// The variables of a unit.
#[derive(Default)]
pub(super) struct Variables {
    /// Their values, and where they stand.
    pub(super) known: BTreeMap<String, (String, String)>,
    /// The names of those that systemd passes on from its own environment.
    pub(super) passed: BTreeSet<String>,
    /// The environment files.
    pub(super) files: BTreeSet<String>,
}

/// A word of a command line, and where it stands.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: String,
    /// It has the value of each variable.
    pub(super) is_whole: bool,
}

impl Variables {
    pub(super) fn add(&mut self, pairs: &[String], place: &str) {
        let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
        let known =
            pairs.map(|(name, value)| (name.to_owned(), (value.to_owned(), place.to_owned())));
        self.known.extend(known);
    }

    /// Adds those of the environment files that a pattern matches, or tells which one was not read.
    pub(super) fn read(&mut self, pattern: &str) -> Result<(), String> {
        let not_read = |file: &str| messages::environment_not_read(file);
        let all = pattern.to_owned();
        let files = in_time(move || {
            let files = include::matching(&all)?.into_iter();
            let read = |file: String| (whole_bytes(Path::new(&file)), file);
            Some(files.map(read).collect::<Vec<_>>())
        });
        for (bytes, file) in files.flatten().ok_or_else(|| not_read(pattern))? {
            let read = bytes.and_then(|bytes| assignments(&bytes));
            for (name, value) in read.ok_or_else(|| not_read(&file))? {
                self.known.insert(name, (value, file.clone()));
            }
            self.files.insert(file);
        }
        Ok(())
    }

    /// Whether systemd may set a variable that is not known here.
    fn may_be_set(&self, name: &str) -> bool {
        const OF_SYSTEMD: [&str; 6] = ["HOME", "INVOCATION_ID", "LOGNAME", "PATH", "SHELL", "USER"];
        self.passed.contains(name) || OF_SYSTEMD.contains(&name) || name.ends_with("_DIRECTORY")
    }

    /// The words after the program. `$NAME` is replaced by the words of the variable, and `${NAME}` by its value
    /// (`replace_env_argv`).
    pub(super) fn expand(&self, unit: &str, all: &[String]) -> Vec<Word> {
        let mut expanded = Vec::new();
        for word in all.iter().skip(1) {
            let name = word
                .strip_prefix('$')
                .filter(|name| !name.starts_with(['{', '$']));
            let Some(name) = name else {
                expanded.push(self.fill(unit, word));
                continue;
            };
            if let Some((value, place)) = self.known.get(name) {
                expanded.extend(words(value).into_iter().map(|text| Word {
                    text,
                    place: place.clone(),
                    is_whole: true,
                }));
            } else if self.may_be_set(name) {
                expanded.push(Word {
                    text: word.clone(),
                    place: unit.to_owned(),
                    is_whole: false,
                });
            }
        }
        expanded
    }

    fn fill(&self, unit: &str, word: &str) -> Word {
        let mut filled = Word {
            text: String::new(),
            place: unit.to_owned(),
            is_whole: true,
        };
        for piece in pieces(word) {
            match piece {
                Piece::Text(text) => filled.text.push_str(&text),
                Piece::Variable(name) => match self.known.get(&name) {
                    Some((value, _)) => filled.text.push_str(value),
                    None => filled.is_whole &= !self.may_be_set(&name),
                },
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_file_without_variables_is_known_too() {
        let folder = std::env::temp_dir().join(format!("tfactl-sshd-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = |name: &str| format!("{}/{name}", folder.display());
        std::fs::write(file("a.env"), "# SSHD_OPTS=\n").unwrap();
        std::fs::write(file("b.env"), "SSHD_OPTS=-D\n").unwrap();
        let mut variables = Variables::default();
        variables.read(&file("*.env")).unwrap();
        variables.read(&file("absent")).unwrap();
        let expected = [file("a.env"), file("b.env")];
        assert_eq!(variables.files, expected.into());
        assert_eq!(variables.known["SSHD_OPTS"].1, file("b.env"));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
