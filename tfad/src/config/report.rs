//! All problems of one reading, and the error made of them.

use std::cell::RefCell;
use std::fmt;

use super::messages::errors;
use super::problem::{Position, Problem};

/// How many problems are listed; the rest is counted.
const MAX_PROBLEMS: usize = 50;

/// A configuration that cannot be used: its problems in the order of their positions, a line each,
/// `FILE:LINE:COLUMN: KEY: WHAT; HELP`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    problems: Vec<Entry>,
    /// How many more there are.
    more: usize,
}

/// One line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The index of the file, in the order of reading.
    file_index: usize,
    pub(super) file: String,
    pub(super) line_and_column: Option<(u32, u32)>,
    pub(super) text: String,
}

/// The problems that a reading has found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Entry>>);

impl Problems {
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    /// Adds a problem at a position.
    pub(super) fn at(&self, problem: &Problem, position: &Position) {
        let at = Some((position.line, position.column));
        self.add(problem, position.file_index, &position.file, at);
    }

    /// Adds a problem of a file as a whole.
    pub(super) fn in_file(&self, problem: &Problem, file_index: usize, file: &str) {
        self.add(problem, file_index, file, None);
    }

    fn add(&self, problem: &Problem, file_index: usize, file: &str, at: Option<(u32, u32)>) {
        self.0.borrow_mut().push(Entry {
            file_index,
            file: file.to_owned(),
            line_and_column: at,
            text: problem.text(),
        });
    }

    /// An error if there is any problem.
    pub(super) fn none(&self) -> Result<(), BadConfig> {
        match self.count() {
            0 => Ok(()),
            _ => Err(self.all()),
        }
    }

    /// The error with all problems so far.
    pub(super) fn all(&self) -> BadConfig {
        let mut problems = self.0.borrow().clone();
        // A problem of a file as a whole comes before those of its lines.
        problems.sort_by_key(|entry| (entry.file_index, entry.line_and_column));
        let more = problems.len().saturating_sub(MAX_PROBLEMS);
        problems.truncate(MAX_PROBLEMS);
        BadConfig { problems, more }
    }
}

impl BadConfig {
    /// How many problems there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.problems.len().saturating_add(self.more)
    }

    /// The problems that are listed.
    pub(super) fn problems(&self) -> impl Iterator<Item = &Entry> {
        self.problems.iter()
    }

    /// How many more there are.
    pub(super) const fn more(&self) -> usize {
        self.more
    }

    /// The problems, a line each, and how many more there are.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let more = (self.more > 0).then(|| errors::more(self.more));
        self.problems.iter().map(Entry::to_string).chain(more)
    }

    /// The first problem, and how many there are, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let first = self.problems.first().map(Entry::to_string);
        let first = first.unwrap_or_default();
        match self.count() {
            0 | 1 => first,
            count => errors::first_of(&first, count),
        }
    }
}

impl fmt::Display for BadConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.lines().collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some((line, column)) = self.line_and_column {
            write!(formatter, ":{line}:{column}")?;
        }
        write!(formatter, ": {}", self.text)
    }
}

impl std::error::Error for BadConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(line: u32) -> Position {
        Position {
            file_index: 0,
            file: "a.toml".to_owned(),
            line,
            column: 8,
        }
    }

    #[test]
    fn a_problem_is_one_line_with_its_position_and_help() {
        let problems = Problems::default();
        problems.at(
            &Problem::new("no").of("key").help("write yes"),
            &position(2),
        );
        problems.in_file(&Problem::new("no"), 0, "a.toml");
        let bad = problems.none().unwrap_err();
        let lines: Vec<String> = bad.lines().collect();
        let expected = ["a.toml: no", "a.toml:2:8: key: no; write yes"];
        assert_eq!(lines, expected);
        assert_eq!(
            bad.summary(),
            "a.toml: no (the first of 2 errors; to list them, run: tfad --check)"
        );
    }

    #[test]
    fn the_number_of_listed_problems_is_bounded() {
        let problems = Problems::default();
        for line in 0..1000 {
            problems.at(&Problem::new("no"), &position(line));
        }
        let bad = problems.none().unwrap_err();
        assert_eq!(bad.lines().count(), MAX_PROBLEMS + 1);
        assert!(bad.to_string().ends_with("\nand 950 more errors"));
    }
}
