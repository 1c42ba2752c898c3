//! Profiles of pam-auth-update(8), and the lines that they make.

use std::collections::BTreeMap;

use super::saved::{Diff, split};

/// Where the lines of a profile stand in a common file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    Primary,
    Additional,
}

/// A profile: its fields by their names.
pub(super) struct Profile {
    name: String,
    fields: BTreeMap<String, String>,
}

impl Profile {
    pub(super) fn parse(name: &str, text: &str) -> Self {
        let mut fields: BTreeMap<String, String> = BTreeMap::new();
        let mut last = String::new();
        for line in text.lines() {
            let field = line.split_once(':').filter(|(field, value)| {
                let is_word = !field.is_empty() && !field.contains(char::is_whitespace);
                is_word && (value.is_empty() || value.starts_with(char::is_whitespace))
            });
            if let Some((field, value)) = field {
                field.trim_end_matches("-Final").clone_into(&mut last);
                fields.insert(last.clone(), value.trim().to_owned());
            } else if !line.trim().is_empty() {
                let value = fields.entry(last.clone()).or_default();
                if !value.is_empty() {
                    value.push('\n');
                }
                value.push_str(line.trim());
            }
        }
        if !fields.contains_key("Session-Interactive-Only") {
            for end in ["-Type", "", "-Initial"] {
                if let Some(value) = fields.get(&format!("Session{end}")).cloned() {
                    fields.insert(format!("Session-noninteractive{end}"), value);
                }
            }
        }
        Self {
            name: name.to_owned(),
            fields,
        }
    }

    /// The highest comes first.
    pub(super) fn order(&self) -> (i64, &str) {
        let priority = self.field("Priority").and_then(|text| text.parse().ok());
        (priority.unwrap_or_default(), &self.name)
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// The lines of the profiles in one block of a common file, with their ends.
pub(super) fn lines(
    profiles: &[Profile],
    kind: &str,
    block: Block,
    diff: Option<&Diff>,
) -> Vec<String> {
    let mut field = kind.to_owned();
    if let Some(first) = field.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let word = kind.trim_end_matches("-noninteractive");
    let name = match block {
        Block::Primary => "Primary",
        Block::Additional => "Additional",
    };
    let of_block = profiles
        .iter()
        .filter(|profile| profile.field(&format!("{field}-Type")) == Some(name));
    let texts = of_block.enumerate().filter_map(|(index, profile)| {
        let initial = profile.field(&format!("{field}-Initial"));
        let initial = initial.filter(|text| index == 0 && !text.is_empty());
        initial.or_else(|| profile.field(&field))
    });
    let lines: Vec<&str> = texts.flat_map(str::lines).collect();
    if lines.is_empty() && block == Block::Primary {
        return vec![format!("{word}\t[default=1]\t\t\tpam_permit.so\n")];
    }
    // A jump of the last block stays inside the stack.
    let last = usize::from(block == Block::Additional);
    let numbers = (1..=lines.len())
        .rev()
        .map(|left| left.saturating_sub(last));
    let numbered = lines.iter().zip(numbers);
    numbered
        .map(|(line, left)| {
            let (key, options) = split(line).unwrap_or_else(|| ((*line).to_owned(), String::new()));
            let key = key.replace("end", &left.to_string());
            let options = match diff {
                Some(diff) => diff.options(&key, &options).join(" "),
                None => options,
            };
            format!("{word}\t{key} {options}\n")
        })
        .collect()
}
