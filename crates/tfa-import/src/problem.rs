//! Why a file cannot be imported.

use std::fmt;

use crate::{MAX_ENTRIES, MAX_LINE};

/// The most problems of one file that are told.
const MAX_PROBLEMS: usize = 1000;

/// What is wrong in which line. It never quotes the line, which may have a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; `None` if it is the file as a whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: What,
}

impl Problem {
    pub(crate) fn at(line: usize, what: What) -> Self {
        Self {
            line: Some(line),
            what,
        }
    }

    pub(crate) fn of_file(what: What) -> Self {
        Self { line: None, what }
    }
}

/// Whether reading goes on after a line; if not, the last problem says why.
pub(crate) fn goes_on(entries: usize, problems: &mut Vec<Problem>, line: usize) -> bool {
    let what = if entries > MAX_ENTRIES {
        What::TooManyEntries(MAX_ENTRIES)
    } else if problems.len() >= MAX_PROBLEMS {
        What::TooManyProblems
    } else {
        return true;
    };
    problems.push(Problem::at(line, what));
    false
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The input is empty.
    Empty,
    /// The input is larger than the number of bytes.
    TooLarge(usize),
    /// The input has more entries than this number.
    TooManyEntries(usize),
    /// The input has more problems than are told.
    TooManyProblems,
    /// The line is not text in UTF-8, or has control characters.
    NotText,
    /// The line is too long.
    LineTooLong,
    /// The last line has no end.
    CutOff,
    /// The line does not have the form that it should have.
    Malformed(&'static str),
    /// The user is missing.
    NoUser,
    /// The key is missing.
    NoKey,
    /// The key is not base32.
    NotBase32,
    /// The key is not hex.
    NotHex,
    /// The value of this option is wrong.
    BadOption(&'static str),
    /// This option stands twice.
    Twice(&'static str),
    /// It is encrypted, and neither a passphrase nor a key was given.
    Encrypted,
    /// The passphrase or the key is wrong, or the file was changed.
    WrongPassphrase,
    /// The XML is not well-formed, has a DTD, or too many elements.
    NotXml,
    /// The algorithm, or the kind, is none that is known.
    Unsupported(&'static str),
}

impl fmt::Display for What {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => formatter.write_str("there is nothing in it"),
            Self::TooLarge(bytes) => write!(formatter, "it has more than {bytes} bytes"),
            Self::TooManyEntries(most) => {
                write!(formatter, "there are more than {most} entries; split the file")
            }
            Self::TooManyProblems => {
                formatter.write_str("there are more problems; is it a file of this kind?")
            }
            Self::NotText => formatter.write_str("not text in UTF-8"),
            Self::LineTooLong => write!(formatter, "longer than {MAX_LINE} bytes"),
            Self::CutOff => formatter.write_str(
                "the last line has no end, so the file may be cut off; if it is complete, add a line \
                 break",
            ),
            Self::Malformed(expected) => write!(formatter, "expected {expected}"),
            Self::NoUser => formatter.write_str("it names no user"),
            Self::NoKey => formatter.write_str("the key is missing"),
            Self::NotBase32 => formatter.write_str("the key is not base32"),
            Self::NotHex => formatter.write_str("the key is not hex"),
            Self::Encrypted => formatter.write_str("it is encrypted; give the passphrase or the key"),
            Self::WrongPassphrase => {
                formatter.write_str("the passphrase or the key is wrong, or the file was changed")
            }
            Self::NotXml => formatter.write_str(
                "not well-formed XML without a document type, or more elements than are read",
            ),
            Self::BadOption(name) => write!(formatter, "the value of {name} is wrong"),
            Self::Twice(name) => write!(formatter, "{name} is there twice"),
            Self::Unsupported(what) => write!(formatter, "{what} is not supported"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "line {line}: {}", self.what),
            None => self.what.fmt(formatter),
        }
    }
}

impl std::error::Error for Problem {}
