//! What is wrong, where, and what to write instead.

use std::cell::RefCell;
use std::fmt;

use tfa_core::Source;

/// The most mistakes that are told of one configuration; the rest is counted.
const MAX_MISTAKES: usize = 50;

/// A configuration that cannot be used: its mistakes in the order of their places, a line each,
/// `FILE:LINE:COLUMN: what is wrong; what helps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    mistakes: Vec<Mistake>,
    /// How many more there are.
    more: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mistake {
    /// Which file, in the order of reading.
    number: usize,
    file: String,
    line_and_column: Option<(u32, u32)>,
    what: String,
    help: Option<String>,
}

/// The mistakes that a reading has found so far.
#[derive(Debug, Default)]
pub(super) struct Mistakes(RefCell<Vec<Mistake>>);

/// What is wrong with a value, and at which byte of the text, once that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    at: Option<usize>,
    what: String,
    help: Option<String>,
    /// What is wrong with the same value besides.
    others: Vec<Wrong>,
}

/// A place in one of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Which file, in the order of reading.
    pub(super) number: usize,
    /// Its name.
    pub(super) file: String,
    /// From 1.
    pub(super) line: u32,
    /// From 1, in characters.
    pub(super) column: u32,
}

impl Mistakes {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// What is wrong at a place.
    pub(super) fn in_place(&self, wrong: Wrong, place: &Place) {
        let at = Some((place.line, place.column));
        self.note(wrong, place.number, &place.file, at);
    }

    /// What is wrong with a file as a whole.
    pub(super) fn in_file(&self, wrong: Wrong, number: usize, file: &str) {
        self.note(wrong, number, file, None);
    }

    fn note(&self, wrong: Wrong, number: usize, file: &str, at: Option<(u32, u32)>) {
        self.0.borrow_mut().push(Mistake {
            number,
            file: file.to_owned(),
            line_and_column: at,
            what: wrong.what,
            help: wrong.help,
        });
    }

    /// That there is none.
    pub(super) fn none(&self) -> Result<(), BadConfig> {
        match self.count() {
            0 => Ok(()),
            _ => Err(self.all()),
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> BadConfig {
        let mut mistakes = self.0.borrow().clone();
        // What is wrong with a file as a whole comes before its lines.
        mistakes.sort_by_key(|mistake| (mistake.number, mistake.line_and_column));
        let more = mistakes.len().saturating_sub(MAX_MISTAKES);
        mistakes.truncate(MAX_MISTAKES);
        BadConfig { mistakes, more }
    }
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            at: None,
            what: what.into(),
            help: None,
            others: Vec::new(),
        }
    }

    /// What to do instead.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The word that was meant, if there is one like it.
    pub(super) fn meant(mut self, word: Option<&str>) -> Self {
        if let Some(word) = word {
            self.help = Some(format!("did you mean \"{word}\"?"));
        }
        self
    }

    /// And something else is wrong with the same value.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// Where it stands; whoever looked closer has said so already.
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.at.get_or_insert(offset);
        self
    }

    /// With the key whose value it is.
    pub(super) fn of(mut self, key: &str) -> Self {
        self.what = format!("{key}: {}", self.what);
        self.others = self.others.into_iter().map(|one| one.of(key)).collect();
        self
    }

    /// The byte of the text, if it is known.
    pub(super) fn offset(&self) -> Option<usize> {
        self.at
    }

    /// One by one.
    pub(super) fn split(mut self) -> impl Iterator<Item = Self> {
        let others = std::mem::take(&mut self.others);
        std::iter::once(self).chain(others)
    }
}

impl Place {
    /// As the policy names it.
    pub(super) fn source(&self) -> Source {
        Source {
            file: self.file.clone(),
            line: self.line,
        }
    }
}

impl BadConfig {
    /// The mistakes, a line each, and how many more there are.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| format!("and {} more mistakes", self.more));
        self.mistakes.iter().map(Mistake::to_string).chain(more)
    }

    /// All of it in one line: the first mistake, and how many follow.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.mistakes.first().map(Mistake::to_string);
        let first = first.unwrap_or_default();
        match self.mistakes.len().saturating_add(self.more) {
            0 | 1 => first,
            all => format!("{first} (the first of {all} mistakes; tfad --check lists them)"),
        }
    }
}

impl fmt::Display for BadConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some((line, column)) = self.line_and_column {
            write!(formatter, ":{line}:{column}")?;
        }
        write!(formatter, ": {}", self.what)?;
        match &self.help {
            Some(help) => write!(formatter, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for BadConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(line: u32) -> Place {
        Place {
            number: 0,
            file: "a.toml".to_owned(),
            line,
            column: 8,
        }
    }

    #[test]
    fn a_mistake_is_one_line_with_its_place_and_what_helps() {
        let mistakes = Mistakes::default();
        mistakes.in_place(Wrong::new("no").meant(Some("yes")), &place(2));
        mistakes.in_file(Wrong::new("no"), 0, "a.toml");
        let bad = mistakes.none().unwrap_err();
        let lines: Vec<String> = bad.lines().collect();
        let expected = ["a.toml: no", "a.toml:2:8: no; did you mean \"yes\"?"];
        assert_eq!(lines, expected);
        assert_eq!(
            bad.summary(),
            "a.toml: no (the first of 2 mistakes; tfad --check lists them)"
        );
    }

    #[test]
    fn the_number_of_mistakes_told_is_bounded() {
        let mistakes = Mistakes::default();
        for line in 0..1000 {
            mistakes.in_place(Wrong::new("no"), &place(line));
        }
        let bad = mistakes.none().unwrap_err();
        assert_eq!(bad.lines().count(), MAX_MISTAKES + 1);
        assert!(bad.to_string().ends_with("\nand 950 more mistakes"));
    }

    #[test]
    fn whoever_looked_closer_says_where_it_is() {
        assert_eq!(Wrong::new("").at(3).at(1).offset(), Some(3));
    }
}
