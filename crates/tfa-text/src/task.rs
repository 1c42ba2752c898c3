//! How `tfad` reports on a task that `tfactl` starts it for, such as a backup: one line each for the
//! progress, for a result, and for the refusal.
//!
//! `tfactl` holds no secret and knows no store. So it starts the daemon's program, writes one line with
//! the passphrase (or an empty one) to its standard input, and keeps that open. When it closes, the
//! task is cancelled.

use std::fmt;

/// The option with which `tfad` does a task; the name of the task follows.
pub const OPTION: &str = "--task";

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskLine {
    /// So many records of so many are done.
    Progress {
        /// Those that are done.
        done: u64,
        /// All.
        total: u64,
    },
    /// A result: its name, which has no blank, and its value. A name may come several times.
    Result {
        /// The name.
        name: String,
        /// The value.
        value: String,
    },
    /// The task did not come to its end. The reason `asked` means that the daemon will do it, `continues`
    /// that the daemon is doing it, `resumes` that the same command goes on with it; with any other nothing
    /// was changed, unless the text says something else.
    Refused {
        /// Which refusal it is, without a blank.
        reason: String,
        /// The text for the administrator.
        text: String,
    },
}

impl TaskLine {
    /// A result.
    #[must_use]
    pub fn result(name: &str, value: impl fmt::Display) -> Self {
        Self::Result {
            name: name.to_owned(),
            value: value.to_string(),
        }
    }

    /// Parses a line without its end.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let (kind, rest) = line.split_once(' ')?;
        let (first, second) = rest.split_once(' ')?;
        match kind {
            "progress" => Some(Self::Progress {
                done: first.parse().ok()?,
                total: second.parse().ok()?,
            }),
            "result" => Some(Self::result(first, second)),
            "refused" => Some(Self::Refused {
                reason: first.to_owned(),
                text: second.to_owned(),
            }),
            _ => None,
        }
    }
}

impl fmt::Display for TaskLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Progress { done, total } => write!(f, "progress {done} {total}"),
            Self::Result { name, value } => write!(f, "result {name} {}", on_one_line(value)),
            Self::Refused { reason, text } => write!(f, "refused {reason} {}", on_one_line(text)),
        }
    }
}

fn on_one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_parsed_as_it_was_written() {
        let lines = [
            TaskLine::Progress { done: 7, total: 9 },
            TaskLine::result("host", "one.example"),
            TaskLine::result("host", ""),
            TaskLine::Refused {
                reason: "exists".to_owned(),
                text: "the file exists: take another".to_owned(),
            },
        ];
        for line in lines {
            assert_eq!(TaskLine::parse(&line.to_string()), Some(line));
        }
        let broken = TaskLine::result("host", "a\nresult records 9");
        assert_eq!(broken.to_string().lines().count(), 1);
        for line in ["", "progress", "progress 1", "progress x 2", "another a b"] {
            assert_eq!(TaskLine::parse(line), None, "{line}");
        }
    }
}
