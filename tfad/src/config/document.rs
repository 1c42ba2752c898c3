//! One file as tables of keys, each with its place.

use toml::de::{DeTable, DeValue};

use super::keys::Keys;
use super::mistake::{Mistakes, Place, Wrong};
use super::values::{Value, shown};

/// The text of one file.
pub(super) struct Document<'t> {
    /// Which one, in the order of reading.
    pub(super) number: usize,
    /// Its name.
    pub(super) name: &'t str,
    /// What it says.
    pub(super) text: &'t str,
    /// Where its mistakes go.
    pub(super) mistakes: &'t Mistakes,
}

/// A table of it.
pub(super) struct Table<'d, 't> {
    document: &'d Document<'t>,
    entries: &'d DeTable<'t>,
}

/// A value, and where its key stands.
#[derive(Debug, Clone)]
pub(super) struct Said<T> {
    /// The value.
    pub(super) value: T,
    /// The place of the key.
    pub(super) place: Place,
}

impl<'t> Document<'t> {
    /// The TOML; `None` where it is none.
    pub(super) fn entries(&self) -> Option<DeTable<'t>> {
        let (entries, errors) = DeTable::parse_recoverable(self.text);
        if errors.is_empty() {
            return Some(entries.into_inner());
        }
        for error in errors {
            let span = error.span().unwrap_or_default();
            let wrong = match (error.message(), self.text.get(span.clone())) {
                ("duplicate key", Some(key)) => {
                    Wrong::new(format!("{} stands there twice", shown(key)))
                }
                (message, _) => Wrong::new(message),
            };
            self.mistake(wrong.at(span.start));
        }
        None
    }

    /// A table, whose unknown keys are mistakes.
    pub(super) fn table<'d>(&'d self, entries: &'d DeTable<'t>, keys: &Keys) -> Table<'d, 't> {
        for key in entries.keys() {
            if !keys.names.contains(&key.get_ref().as_ref()) {
                let wrong = keys.unknown(key.get_ref());
                self.mistake(wrong.at(key.span().start));
            }
        }
        Table {
            document: self,
            entries,
        }
    }

    /// Something is wrong; it knows where.
    pub(super) fn mistake(&self, wrong: Wrong) {
        for wrong in wrong.split() {
            match wrong.offset() {
                Some(offset) => self.mistakes.in_place(wrong, &self.place(offset)),
                None => self.mistakes.in_file(wrong, self.number, self.name),
            }
        }
    }

    /// Where a byte of the text stands.
    pub(super) fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place {
            number: self.number,
            file: self.name.to_owned(),
            line: count(before.matches('\n').count().saturating_add(1)),
            column: count(line.chars().count().saturating_add(1)),
        }
    }
}

impl<'d, 't> Table<'d, 't> {
    /// What a key says, if it is there and makes sense.
    pub(super) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'d Value<'t>) -> Result<T, Wrong>,
    ) -> Option<Said<T>> {
        let (name, value) = self.entries.get_key_value(key)?;
        match read(value) {
            Ok(value) => {
                let place = self.document.place(name.span().start);
                Some(Said { value, place })
            }
            Err(wrong) => {
                self.document.mistake(wrong.of(key).at(value.span().start));
                None
            }
        }
    }

    /// Whether a key is there, whatever it says.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A table inside it, if it is there.
    pub(super) fn table(&self, key: &str, keys: &Keys) -> Option<Table<'d, 't>> {
        let inner = self.get(key, entries)?;
        Some(self.document.table(inner.value, keys))
    }

    /// Whether nothing stands in it, or in the tables that it consists of.
    pub(super) fn sets_nothing(&self) -> bool {
        self.entries.values().all(|value| {
            let table = value.get_ref().as_table();
            table.is_some_and(DeTable::is_empty)
        })
    }
}

fn entries<'d, 't>(value: &'d Value<'t>) -> Result<&'d DeTable<'t>, Wrong> {
    match value.get_ref() {
        DeValue::Table(entries) => Ok(entries),
        other => Err(super::values::not_a("a table in brackets", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters_from_one() {
        let mistakes = Mistakes::default();
        let document = Document {
            mistakes: &mistakes,
            number: 0,
            name: "a.toml",
            text: "ab\r\n# äöü x\n",
        };
        let place = |offset| {
            let place = document.place(offset);
            (place.line, place.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(1), (1, 2));
        assert_eq!(place(4), (2, 1));
        assert_eq!(place(document.text.find('x').unwrap()), (2, 7));
        assert_eq!(place(document.text.len()), (3, 1));
        assert_eq!(place(usize::MAX), (3, 1));
    }
}
