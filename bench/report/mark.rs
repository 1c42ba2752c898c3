//! Marks the figures of a noisy run.

use serde_json::{Value, json};

/// The mark of a figure that is not valid.
pub(crate) const NOISY: char = '~';

/// Marks each figure in the tables of a text, in these rows. The first column has names.
pub(crate) fn mark_figures(text: &str, is_marked: impl Fn(&str) -> bool) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix("| ") {
        Some(row) if is_marked(row) => {
            let (names, figures) = row.split_once(" |").unwrap_or((row, ""));
            let figures: Vec<String> = figures.split('|').map(mark_cell).collect();
            format!("| {names} |{}\n", figures.join("|"))
        }
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// Puts the mark into the space before a figure.
fn mark_cell(cell: &str) -> String {
    let figure = cell.trim_start();
    let is_figure = figure
        .trim_start_matches(['+', '-'])
        .starts_with(|char: char| char.is_ascii_digit());
    match cell.len() - figure.len() {
        space @ 1.. if is_figure => format!("{}{NOISY}{figure}", " ".repeat(space - 1)),
        _ => cell.to_owned(),
    }
}

/// Marks each object with a figure in it.
pub(crate) fn mark_objects(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(mark_objects),
        Value::Object(fields) => {
            fields.values_mut().for_each(mark_objects);
            if fields.values().any(Value::is_number) {
                fields.insert("noisy".to_owned(), json!(true));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_marked_in_place() {
        let table = "\
The p99 is 7.

| 10 users | median | goal   |
| -------- | -----: | -----: |
| 1 to 2   |  1.719 | <= 0.5 |
| none     |      - |        |
| left     |    +68 |     -1 |
";
        let marked = "\
The p99 is 7.

| 10 users | median | goal   |
| -------- | -----: | -----: |
| 1 to 2   | ~1.719 | <= 0.5 |
| none     |      - |        |
| left     |   ~+68 |    ~-1 |
";
        assert_eq!(mark_figures(table, |_| true), marked);
        assert_eq!(mark_figures(table, |_| false), table);
    }

    #[test]
    fn objects_with_figures_are_marked() {
        let mut value = json!({ "times": [{ "median": 1.5 }], "host": { "name": "x" } });
        mark_objects(&mut value);
        let marked = json!({
            "times": [{ "median": 1.5, "noisy": true }],
            "host": { "name": "x" },
        });
        assert_eq!(value, marked);
    }
}
