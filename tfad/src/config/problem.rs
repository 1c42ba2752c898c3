//! What is wrong in a configuration, and where.

use tfa_core::Source;

/// An error in a value or a key. Its position is added by the code that knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// The byte of the text at which it is.
    offset: Option<usize>,
    /// The key whose value is wrong.
    key: Option<&'static str>,
    what: String,
    help: Option<String>,
    /// Further problems of the same value.
    others: Vec<Problem>,
}

/// A position in one of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The index of the file, in the order of reading.
    pub(super) file_index: usize,
    /// The name of the file; empty for a built-in default.
    pub(super) file: String,
    /// From 1.
    pub(super) line: u32,
    /// From 1, in characters.
    pub(super) column: u32,
}

/// A value, with the position of its key.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) position: Position,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            offset: None,
            key: None,
            what: what.into(),
            help: None,
            others: Vec::new(),
        }
    }

    /// Adds what to do about it.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another problem of the same value.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.others.push(other);
        self
    }

    /// Adds the byte of the text. A byte that is already set stays: it is more exact.
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// Adds the key whose value is wrong.
    pub(super) fn of(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self.others = self.others.into_iter().map(|one| one.of(key)).collect();
        self
    }

    /// The byte of the text, if it is known.
    pub(super) fn offset(&self) -> Option<usize> {
        self.offset
    }

    /// This problem and the further ones of the same value.
    pub(super) fn split(mut self) -> impl Iterator<Item = Self> {
        let others = std::mem::take(&mut self.others);
        std::iter::once(self).chain(others)
    }

    /// `KEY: WHAT; HELP`.
    pub(super) fn text(&self) -> String {
        let what = match self.key {
            Some(key) => format!("{key}: {}", self.what),
            None => self.what.clone(),
        };
        match &self.help {
            Some(help) => format!("{what}; {help}"),
            None => what,
        }
    }
}

impl Position {
    /// The file and line as the policy names them.
    pub(super) fn source(&self) -> Source {
        Source {
            file: self.file.clone(),
            line: self.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_position_of_a_problem_stays() {
        assert_eq!(Problem::new("").at(3).at(1).offset(), Some(3));
    }
}
