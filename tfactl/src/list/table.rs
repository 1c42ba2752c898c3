//! Accounts as plain columns without drawn lines, for people, screen readers and `awk`.

use tfa_proto::Status;

use crate::messages::{self, COLUMNS, WIDTHS};

/// The names of the columns.
pub(super) fn header() -> String {
    line(&COLUMNS.map(str::to_owned))
}

/// The row of an account, and below it what is to be said of its record. A value that is longer than its
/// column moves the rest of its row.
pub(super) fn row(status: &Status, now: u64, note_width: usize) -> String {
    let mut lines = vec![line(&messages::row(status, now))];
    lines.extend(messages::notes(status, note_width));
    lines.join("\n")
}

fn line(cells: &[String]) -> String {
    let widths = WIDTHS.iter().chain([&0]);
    let padded: Vec<String> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:width$}"))
        .collect();
    padded.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use tfa_proto::State;

    use super::*;

    fn named(user: &str, state: State) -> Status {
        Status {
            user: user.to_owned(),
            state: Some(state.into()),
            ..Status::default()
        }
    }

    #[test]
    fn notes_are_indented_and_wrapped() {
        let noted = Status {
            note: Some("word ".repeat(40)),
            ..named("alice", State::Enabled)
        };
        let table = row(&noted, 0, 60);
        let mut notes = table.lines().skip(1);
        assert!(notes.clone().count() > 1, "{table}");
        assert!(notes.all(|line| line.starts_with("  word") && line.len() <= 60));
    }

    #[test]
    fn name_with_a_line_feed_forges_no_row() {
        let forged = named("bob\nDec 01 v1 tfad[1]: alice verified", State::Enabled);
        let noted = Status {
            problem: Some("bob\nalice  on".to_owned()),
            ..forged.clone()
        };
        for (status, lines) in [(forged, 1), (noted, 2)] {
            let table = row(&status, 0, 80);
            assert_eq!(table.lines().count(), lines, "{table}");
            assert!(table.starts_with("bob\\u{a}Dec 01"), "{table}");
        }
    }

    #[test]
    fn columns_are_aligned_and_fit_a_terminal() {
        let widest = Status {
            backup_codes_left: 10,
            required: true,
            grace_until: Some(1_796_133_900),
            last_login: Some(1_796_133_900),
            ..named("a-name-of-16-abc", State::Pending)
        };
        let lines = [
            header(),
            row(&named("al", State::Enabled), 0, 80),
            row(&widest, 0, 80),
        ];
        let starts = |line: &String| -> Vec<usize> {
            let words = line.split_whitespace();
            words.map(|word| line.find(word).unwrap()).collect()
        };
        assert_eq!(starts(&lines[0]), [0, 18, 30, 38, 56, 64]);
        for line in &lines {
            assert!(line.len() <= 80 && line.trim_end() == line, "{line}");
        }
        assert_eq!(lines[1].find("on"), Some(18));
        assert_eq!(lines[1].find("never"), Some(64));
        assert_eq!(lines[2].len(), 80, "{}", lines[2]);
        assert_eq!(lines[2].find("unfinished"), Some(18));
        assert_eq!(lines[2].rfind("2026-"), Some(64));
    }

    #[test]
    fn a_long_name_moves_its_own_row_only() {
        let long = row(&named("a-name-of-twenty-two-x", State::Enabled), 0, 80);
        assert!(
            long.starts_with("a-name-of-twenty-two-x  on          0"),
            "{long}"
        );
    }
}
