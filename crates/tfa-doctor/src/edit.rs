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

    /// The changes that make one text of a file the other.
    pub(crate) fn between(file: &str, old: &str, new: &str) -> Vec<Self> {
        let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let mut edits = Vec::new();
        let (mut from, mut to) = (0, 0);
        for (kept, same) in common_lines(&old, &new)
            .into_iter()
            .chain([(old.len(), new.len())])
        {
            let lines = |lines: Option<&[&str]>| -> Vec<String> {
                let lines = lines.unwrap_or_default().iter();
                lines.map(|line| (*line).to_owned()).collect()
            };
            let edit = Self {
                file: file.to_owned(),
                after: from,
                removed: lines(old.get(from..kept)),
                added: lines(new.get(to..same)),
            };
            if edit.removed.len() + edit.added.len() > 0 {
                edits.push(edit);
            }
            (from, to) = (kept + 1, same + 1);
        }
        edits
    }

    /// Whether both are about the same line, or add lines at the same place.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let [one, two] = [self, other].map(|edit| (edit.after, edit.after + edit.removed.len()));
        let is_same_place = one == two;
        self.file == other.file && (is_same_place || (one.0 < two.1 && two.0 < one.1))
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

/// The longest sequence of lines that both texts have, by their indices.
fn common_lines(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let rows = old.len() + 1;
    let columns = new.len() + 1;
    // How many lines the rests of the texts have in common.
    let mut lengths = vec![0_usize; rows * columns];
    let at = |row: usize, column: usize| row * columns + column;
    let get = |lengths: &[usize], index: usize| lengths.get(index).copied().unwrap_or_default();
    for (row, one) in old.iter().enumerate().rev() {
        for (column, other) in new.iter().enumerate().rev() {
            let length = match one == other {
                true => get(&lengths, at(row + 1, column + 1)) + 1,
                false => get(&lengths, at(row + 1, column)).max(get(&lengths, at(row, column + 1))),
            };
            if let Some(place) = lengths.get_mut(at(row, column)) {
                *place = length;
            }
        }
    }
    let mut common = Vec::new();
    let (mut row, mut column) = (0, 0);
    while let (Some(one), Some(other)) = (old.get(row), new.get(column)) {
        if one == other {
            common.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if get(&lengths, at(row + 1, column)) >= get(&lengths, at(row, column + 1)) {
            row += 1;
        } else {
            column += 1;
        }
    }
    common
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

    #[test]
    fn changes_between_texts_make_one_the_other() {
        let texts = [
            "",
            "a\n",
            "a\nb\n",
            "b\na\n",
            "a\nx\nb\nc\n",
            "c\nb\nb\na\n",
        ];
        for old in texts {
            for new in texts {
                let edits = Edit::between("/f", old, new);
                assert_eq!(Edit::apply(&edits, "/f", old), new, "{old:?}, {edits:?}");
            }
        }
        let edits = Edit::between("/f", "a\nb\nc\n", "a\nB\nc\nd\n");
        assert_eq!(edits, [edit(1, &["b"], &["B"]), edit(3, &[], &["d"])]);
    }

    #[test]
    fn changes_of_one_line_overlap() {
        let line = edit(2, &["old"], &["new"]);
        assert!(line.overlaps(&edit(1, &["x", "old"], &[])));
        assert!(line.overlaps(&line));
        assert!(!line.overlaps(&edit(1, &["x"], &["y"])));
        assert!(!line.overlaps(&edit(2, &[], &["y"])));
        assert!(edit(2, &[], &["x"]).overlaps(&edit(2, &[], &["y"])));
        assert!(edit(2, &[], &["x"]).overlaps(&edit(1, &["2", "3"], &[])));
    }
}
