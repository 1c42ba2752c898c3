//! One file as TOML tables, with the position of each key.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::HostZone;
use super::keys::{self, Settings};
use super::messages::errors::{self, Expected};
use super::problem::{Position, Problem};
use super::report::Problems;
use super::schema::Section;
use super::suggestion::nearest;
use super::values::Value;

/// The text of one file.
pub(super) struct Document<'t> {
    /// Its index, in the order of reading.
    pub(super) file_index: usize,
    pub(super) name: &'t str,
    pub(super) text: &'t str,
    /// The time zone of dates that name none.
    pub(super) zone: &'t HostZone,
    /// Where its problems go.
    pub(super) problems: &'t Problems,
}

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Table<'d, 't> {
    document: &'d Document<'t>,
    entries: &'d DeTable<'t>,
}

impl<'t> Document<'t> {
    /// The TOML of the file; `None` if it is not TOML.
    pub(super) fn parse(&self) -> Option<DeTable<'t>> {
        let (entries, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Some(entries.into_inner());
        }
        for error in errors {
            let span = error.span().unwrap_or_default();
            let problem = match (error.message(), self.text.get(span.clone())) {
                ("duplicate key", Some(key)) => errors::duplicate(key),
                (message, _) => errors::syntax(message),
            };
            self.report(problem.at(span.start));
        }
        None
    }

    pub(super) fn table<'d>(&'d self, entries: &'d DeTable<'t>) -> Table<'d, 't> {
        Table {
            document: self,
            entries,
        }
    }

    /// Reports a problem and those with it, each at its position if it has one.
    pub(super) fn report(&self, problem: Problem) {
        for problem in problem.split() {
            match problem.offset() {
                Some(offset) => self.problems.at(&problem, &self.position(offset)),
                None => self.problems.in_file(&problem, self.file_index, self.name),
            }
        }
    }

    /// The position of a byte of the text.
    pub(super) fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position {
            file_index: self.file_index,
            file: self.name.to_owned(),
            line: count(before.matches('\n').count().saturating_add(1)),
            column: count(line.chars().count().saturating_add(1)),
        }
    }
}

impl<'d, 't> Table<'d, 't> {
    /// Reports each name that the section does not have. Returns whether there is none.
    pub(super) fn has_known_names(self, section: Section) -> bool {
        let mut all_known = true;
        for name in self.entries.keys() {
            let written = name.get_ref().as_ref();
            if !keys::names(section).any(|known| known == written) {
                let problem = unknown_key(section, written);
                self.document.report(problem.at(name.span().start));
                all_known = false;
            }
        }
        all_known
    }

    /// Stores the values of the section's keys. A value that is already there is replaced.
    pub(super) fn read_into(self, settings: &mut Settings, section: Section) {
        for (name, toml) in self.entries {
            let Some(key) = keys::find(section, name.get_ref()) else {
                continue;
            };
            let value = Value::new(toml, self.document.zone);
            let position = self.document.position(name.span().start);
            if let Err(problem) = (key.set)(settings, value, position) {
                self.document
                    .report(problem.of(key.name).at(value.offset()));
            }
        }
    }

    /// Whether a key is there, with any value.
    pub(super) fn has(self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The table of a section inside this one.
    pub(super) fn section(self, section: Section) -> Option<Self> {
        let toml = self.entries.get(section.name())?;
        match toml.get_ref() {
            DeValue::Table(entries) => Some(self.document.table(entries)),
            other => {
                let problem = errors::wrong_type(Expected::Table, other);
                self.report_of(section, problem, toml);
                None
            }
        }
    }

    /// The tables of a section that can occur several times, with the byte at which each begins.
    pub(super) fn sections(self, section: Section) -> Vec<(usize, Self)> {
        let Some(toml) = self.entries.get(section.name()) else {
            return Vec::new();
        };
        let values = match toml.get_ref() {
            DeValue::Array(values) if values.is_empty() => {
                self.report_of(section, errors::no_rules(), toml);
                return Vec::new();
            }
            DeValue::Array(values) => values,
            other => {
                self.report_of(section, errors::not_rules(other), toml);
                return Vec::new();
            }
        };
        let mut tables = Vec::with_capacity(values.len());
        for toml in values {
            match toml.get_ref() {
                DeValue::Table(entries) => {
                    tables.push((toml.span().start, self.document.table(entries)));
                }
                other => {
                    let problem = errors::wrong_type(Expected::Table, other);
                    self.report_of(section, problem, toml);
                }
            }
        }
        tables
    }

    /// Reports a section that may not be here.
    pub(super) fn refuse(self, section: Section, problem: fn(&str) -> Problem) {
        if let Some(toml) = self.entries.get(section.name()) {
            self.report_of(section, problem(section.header()), toml);
        }
    }

    fn report_of(self, section: Section, problem: Problem, toml: &Spanned<DeValue<'_>>) {
        let problem = problem.of(section.name());
        self.document.report(problem.at(toml.span().start));
    }

    /// Whether it sets no key: it is empty, or has only empty tables.
    pub(super) fn is_empty(self) -> bool {
        self.entries.values().all(|value| {
            let table = value.get_ref().as_table();
            table.is_some_and(DeTable::is_empty)
        })
    }
}

/// The error for a name that the section does not have.
fn unknown_key(section: Section, written: &str) -> Problem {
    let header = section.header();
    if written == Section::Rule.name() {
        return errors::rule_header(written, header);
    }
    match keys::section_of(written) {
        Some(Section::Policy) if section == Section::Rule => {
            errors::policy_key_in_rule(written, header)
        }
        Some(home) => errors::key_of_another_section(written, header, home.header()),
        None => {
            let known: Vec<_> = keys::names(section).collect();
            match nearest(written, known.iter().copied()) {
                Some(near) => errors::misspelled_key(written, header, near),
                None => errors::unknown_key_among(written, header, &known),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        let problems = Problems::default();
        let document = Document {
            problems: &problems,
            file_index: 0,
            name: "a.toml",
            text: "ab\r\n# äöü x\n",
            zone: &HostZone::new(Box::new(|| TimeZone::UTC)),
        };
        let position = |offset| {
            let position = document.position(offset);
            (position.line, position.column)
        };
        assert_eq!(position(0), (1, 1));
        assert_eq!(position(1), (1, 2));
        assert_eq!(position(4), (2, 1));
        assert_eq!(position(document.text.find('x').unwrap()), (2, 7));
        assert_eq!(position(document.text.len()), (3, 1));
        assert_eq!(position(usize::MAX), (3, 1));
    }
}
