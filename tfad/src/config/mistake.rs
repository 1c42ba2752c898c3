//! What is wrong, where, and what to write instead.

use std::fmt;

use tfa_core::Source;

/// A configuration that cannot be used: one line, `FILE:LINE:COLUMN: what is wrong; what helps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadConfig {
    file: String,
    line_and_column: Option<(u32, u32)>,
    wrong: Wrong,
}

/// What is wrong with a value, and at which byte of the text, once that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    at: Option<usize>,
    what: String,
    help: Option<String>,
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

impl Wrong {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            at: None,
            what: what.into(),
            help: None,
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

    /// Where it stands; whoever looked closer has said so already.
    pub(super) fn at(mut self, offset: usize) -> Self {
        self.at.get_or_insert(offset);
        self
    }

    /// With the key whose value it is.
    pub(super) fn of(mut self, key: &str) -> Self {
        self.what = format!("{key}: {}", self.what);
        self
    }

    /// The byte of the text, if it is known.
    pub(super) fn offset(&self) -> Option<usize> {
        self.at
    }

    /// At a place.
    pub(super) fn in_place(self, place: &Place) -> BadConfig {
        BadConfig {
            file: place.file.clone(),
            line_and_column: Some((place.line, place.column)),
            wrong: self,
        }
    }

    /// Of a file as a whole.
    pub(super) fn in_file(self, file: impl Into<String>) -> BadConfig {
        BadConfig {
            file: file.into(),
            line_and_column: None,
            wrong: self,
        }
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

impl fmt::Display for BadConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some((line, column)) = self.line_and_column {
            write!(formatter, ":{line}:{column}")?;
        }
        write!(formatter, ": {}", self.wrong.what)?;
        match &self.wrong.help {
            Some(help) => write!(formatter, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for BadConfig {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_line_with_its_place_and_what_helps() {
        let place = Place {
            number: 0,
            file: "a.toml".to_owned(),
            line: 2,
            column: 8,
        };
        let bad = Wrong::new("no").meant(Some("yes")).in_place(&place);
        assert_eq!(bad.to_string(), "a.toml:2:8: no; did you mean \"yes\"?");
        assert_eq!(Wrong::new("no").in_file("a.toml").to_string(), "a.toml: no");
    }

    #[test]
    fn whoever_looked_closer_says_where_it_is() {
        assert_eq!(Wrong::new("").at(3).at(1).offset(), Some(3));
    }
}
