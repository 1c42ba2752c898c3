//! A change to a file.

use crate::shell::printable;

/// A change to a file: lines that go, and lines that come in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub file: String,
    /// The line before the change, in the file as it is; 0 before the first one.
    pub after: usize,
    /// The lines that go.
    pub removed: Vec<String>,
    /// The lines that come.
    pub added: Vec<String>,
}

impl Edit {
    /// The text of a file after those of the changes that are about it.
    #[must_use]
    pub fn apply(edits: &[Self], file: &str, text: &str) -> String {
        let mut lines: Vec<&str> = text.lines().collect();
        let mut edits: Vec<&Self> = edits.iter().filter(|edit| edit.file == file).collect();
        edits.sort_by_key(|edit| edit.after);
        for edit in edits.into_iter().rev() {
            let start = edit.after.min(lines.len());
            let end = (start + edit.removed.len()).min(lines.len());
            lines.splice(start..end, edit.added.iter().map(String::as_str));
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Its place, and the lines as diff(1) shows a change.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let (file, before, first) = (&self.file, self.after, self.after + 1);
        let place = match self.removed.len() {
            0 if before == 0 => format!("{file}, at the start:"),
            0 => format!("{file}, after line {before}:"),
            1 => format!("{file}, line {first}:"),
            count => format!("{file}, lines {first} to {}:", before + count),
        };
        let removed = self.removed.iter().map(|line| format!("- {line}"));
        let added = self.added.iter().map(|line| format!("+ {line}"));
        let lines = [place].into_iter().chain(removed).chain(added);
        // A tab is a blank; other control characters do not reach a terminal.
        lines.map(|line| printable(&line.replace('\t', " ")))
    }

    /// The changes with neighbours as one.
    pub(crate) fn join(edits: Vec<Self>) -> Vec<Self> {
        let mut joined: Vec<Self> = Vec::new();
        for edit in edits {
            match joined.last_mut() {
                Some(last)
                    if last.file == edit.file && last.after + last.removed.len() == edit.after =>
                {
                    last.removed.extend(edit.removed);
                    last.added.extend(edit.added);
                }
                _ => joined.push(edit),
            }
        }
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(after: usize, removed: &[&str], added: &[&str]) -> Edit {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Edit {
            file: "/f".to_owned(),
            after,
            removed: lines(removed),
            added: lines(added),
        }
    }

    #[test]
    fn changes_count_the_lines_of_the_file_as_it_is() {
        let edits = [
            edit(0, &[], &["zero"]),
            edit(1, &["two"], &["2"]),
            edit(3, &[], &["end"]),
        ];
        let text = "one\ntwo\nthree";
        assert_eq!(
            Edit::apply(&edits, "/f", text),
            "zero\none\n2\nthree\nend\n"
        );
        assert_eq!(Edit::apply(&edits, "/other", "a\n"), "a\n");
    }

    #[test]
    fn neighbours_are_shown_as_one_change() {
        let joined = Edit::join(vec![edit(1, &["two"], &["2"]), edit(2, &[], &["new"])]);
        let shown: Vec<String> = joined.iter().flat_map(Edit::lines).collect();
        assert_eq!(shown, ["/f, line 2:", "- two", "+ 2", "+ new"]);
    }

    #[test]
    fn each_change_is_shown_with_its_place() {
        let place = |edit: Edit| edit.lines().next().unwrap();
        assert_eq!(place(edit(0, &[], &["x"])), "/f, at the start:");
        assert_eq!(place(edit(2, &[], &["x"])), "/f, after line 2:");
        assert_eq!(place(edit(2, &["a", "b"], &["x"])), "/f, lines 3 to 4:");
    }
}
