//! The lines that pam-auth-update(8) wrote last, and what was changed in them since.

use std::collections::BTreeSet;

use super::{ADDITIONAL, END, FALLBACK, PRIMARY};

/// What `/var/lib/pam` has for one common file: the names of profiles, and their lines.
pub(super) struct Saved(Vec<(String, String)>);

/// A line that was changed: an option that was added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    line: String,
    option: String,
    is_added: bool,
}

/// How the lines of a common file differ from those that were written last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Diff {
    modules: BTreeSet<String>,
    changes: Vec<Change>,
}

impl Saved {
    pub(super) fn parse(text: &str) -> Self {
        let mut module = String::new();
        let mut lines = Vec::new();
        for line in text.lines() {
            match line.strip_prefix("Module: ") {
                Some(name) => name.clone_into(&mut module),
                None => lines.push((module.clone(), line.to_owned())),
            }
        }
        Self(lines)
    }

    /// The names of the profiles.
    pub(super) fn modules(&self) -> BTreeSet<String> {
        self.0.iter().map(|(module, _)| module.clone()).collect()
    }

    /// How a common file differs; `None` if it has a line that is none of these, or no markers.
    pub(super) fn compare(&self, kind: &str, text: &str) -> Option<Diff> {
        let word = kind.trim_end_matches("-noninteractive");
        let mut saved = self.0.iter();
        let mut diff = Diff::default();
        let mut markers = [PRIMARY, FALLBACK, ADDITIONAL, END].into_iter();
        let (mut next, mut is_inside) = (markers.next(), false);
        for line in text.lines() {
            if next.is_some_and(|marker| line.starts_with(marker)) {
                next = markers.next();
                is_inside = !is_inside;
                continue;
            }
            if is_inside {
                let line = without_kind(line, word);
                let found = saved.find_map(|(module, saved)| {
                    let (key, saved_options) = split(&without_jump(saved))?;
                    let options = without_jump(line).strip_prefix(&key)?.to_owned();
                    Some((module, key, saved_options, options))
                });
                let (module, key, saved_options, options) = found?;
                diff.modules.insert(module.clone());
                diff.add(&key, &saved_options, &options);
            }
        }
        // The last marker may be missing.
        matches!(next, None | Some(END)).then_some(diff)
    }
}

impl Diff {
    pub(super) fn modules(&self) -> impl Iterator<Item = String> {
        self.modules.iter().cloned()
    }

    fn add(&mut self, line: &str, saved: &str, current: &str) {
        for (these, those, is_added) in [(current, saved, true), (saved, current, false)] {
            let options = these.split_whitespace();
            let changed = options.filter(|option| !has_word(those, option));
            self.changes.extend(changed.map(|option| Change {
                line: line.to_owned(),
                option: option.to_owned(),
                is_added,
            }));
        }
    }

    /// The options of a line of a profile, with what was changed.
    pub(super) fn options(&self, line: &str, options: &str) -> Vec<String> {
        let line = without_jump(line);
        let of_line = |is_added| {
            let changes = self.changes.iter();
            let changes = changes.filter(move |change| change.is_added == is_added);
            changes
                .filter(|change| change.line == line)
                .map(|change| change.option.as_str())
        };
        let kept = options
            .split_whitespace()
            .filter(|option| !of_line(false).any(|removed| removed == *option));
        let mut added: Vec<&str> = of_line(true)
            .filter(|added| !has_word(options, added))
            .collect();
        added.sort_unstable();
        kept.chain(added).map(str::to_owned).collect()
    }
}

fn has_word(text: &str, word: &str) -> bool {
    text.split_whitespace().any(|found| found == word)
}

/// A line without the word for its kind.
fn without_kind<'a>(line: &'a str, word: &str) -> &'a str {
    let rest = line.strip_prefix(word);
    let rest = rest.filter(|rest| rest.starts_with(char::is_whitespace));
    rest.map_or(line, str::trim_start)
}

/// The control with the module, as they stand, and the options.
pub(super) fn split(line: &str) -> Option<(String, String)> {
    let control = match line.strip_prefix('[') {
        Some(rest) => rest.find(']')? + 2,
        None => line.find(char::is_whitespace)?,
    };
    let (_, rest) = line.split_at_checked(control)?;
    let blank = rest.len() - rest.trim_start().len();
    let module = rest.trim_start().find(char::is_whitespace);
    let end = module.map_or(line.len(), |length| control + blank + length);
    let (key, options) = line.split_at_checked(end)?;
    (blank > 0 && !rest.trim().is_empty()).then(|| (key.to_owned(), options.trim().to_owned()))
}

/// A line without the number of its first jump, or the word that stands for it.
fn without_jump(line: &str) -> String {
    let Some((before, control)) = line.split_once('[') else {
        return line.to_owned();
    };
    let control = control.replacen("end", "", 1);
    let Some(start) = control.find(|c: char| c.is_ascii_digit()) else {
        return format!("{before}[{control}");
    };
    let (head, rest) = control.split_at(start);
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}[{head}{rest}")
}
