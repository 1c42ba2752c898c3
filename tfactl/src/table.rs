//! Accounts as plain columns, for eyes, screen readers and `awk` alike: no line is drawn.

use tfa_proto::Status;

use crate::messages;

/// The table, with a head, and below it what is to be said of which record. No end of line.
pub(crate) fn of(accounts: &[Status], now: u64) -> String {
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
    let remarks = accounts.iter().filter_map(messages::remark);
    lines.chain(remarks).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other_and_no_line_ends_in_blanks() {
        let named = |user: &str| Status {
            user: user.to_owned(),
            state: Some(tfa_proto::State::Enabled.into()),
            ..Status::default()
        };
        let table = of(&[named("al"), named("a-rather-long-name")], 0);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        let state = |line: &str, word: &str| line.find(word).unwrap();
        assert_eq!(state(lines[0], "STATE"), state(lines[1], "on"));
        assert_eq!(state(lines[1], "on"), "a-rather-long-name  ".len());
        assert!(lines.iter().all(|line| line.trim_end() == *line));
    }
}
