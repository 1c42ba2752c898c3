//! Accounts as plain columns without drawn lines, for people, screen readers and `awk`.

use tfa_proto::Status;

use crate::messages;

/// The table with its header, and notes about records below it. It does not end with a line feed.
pub(crate) fn format(accounts: &[Status], now: u64, columns: usize) -> String {
    let mut rows = vec![messages::COLUMNS.map(str::to_owned)];
    rows.extend(accounts.iter().map(|status| messages::row(status, now)));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..messages::COLUMNS.len()).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let padded: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    });
    let notes = accounts.iter();
    let notes = notes.filter_map(|status| messages::note(status, columns));
    lines.chain(notes).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_wrapped() {
        let noted = Status {
            user: "alice".to_owned(),
            note: Some("word ".repeat(40)),
            ..Status::default()
        };
        let table = format(&[noted], 0, 60);
        assert!(
            table.contains("\nalice: word") && table.contains("\n  word"),
            "{table}"
        );
        assert!(table.lines().all(|line| line.len() <= 60), "{table}");
    }

    #[test]
    fn columns_are_aligned_and_no_line_ends_in_spaces() {
        let named = |user: &str| Status {
            user: user.to_owned(),
            state: Some(tfa_proto::State::Enabled.into()),
            ..Status::default()
        };
        let table = format(&[named("al"), named("a-rather-long-name")], 0, 80);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        let state = |line: &str, word: &str| line.find(word).unwrap();
        assert_eq!(state(lines[0], "STATE"), state(lines[1], "on"));
        assert_eq!(state(lines[1], "on"), "a-rather-long-name  ".len());
        assert!(lines.iter().all(|line| line.trim_end() == *line));
    }
}
