//! One file as tables of keys, each with its place.

use toml::de::{DeTable, DeValue};

use super::keys::Keys;
use super::mistake::{BadConfig, Place, Wrong};
use super::values::{Value, shown};

/// The text of one file.
pub(super) struct Document<'t> {
    /// Which one, in the order of reading.
    pub(super) number: usize,
    /// Its name.
    pub(super) name: &'t str,
    /// What it says.
    pub(super) text: &'t str,
}

/// A table of it, all of whose keys are known.
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
    /// The TOML.
    pub(super) fn entries(&self) -> Result<DeTable<'t>, BadConfig> {
        DeTable::parse(self.text)
            .map(toml::Spanned::into_inner)
            .map_err(|error| {
                let span = error.span().unwrap_or_default();
                let wrong = match (error.message(), self.text.get(span.clone())) {
                    ("duplicate key", Some(key)) => {
                        Wrong::new(format!("{} stands there twice", shown(key)))
                    }
                    (message, _) => Wrong::new(message),
                };
                self.mistake(wrong.at(span.start))
            })
    }

    /// A table, unless it has a key that is not among the known.
    pub(super) fn table<'d>(
        &'d self,
        entries: &'d DeTable<'t>,
        keys: &Keys,
    ) -> Result<Table<'d, 't>, BadConfig> {
        let unknown = entries
            .keys()
            .filter(|key| !keys.names.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        match unknown {
            None => Ok(Table {
                document: self,
                entries,
            }),
            Some(key) => {
                let wrong = keys.unknown(key.get_ref());
                Err(self.mistake(wrong.at(key.span().start)))
            }
        }
    }

    /// What is wrong, with the place.
    pub(super) fn mistake(&self, wrong: Wrong) -> BadConfig {
        match wrong.offset() {
            Some(offset) => {
                let place = self.place(offset);
                wrong.in_place(&place)
            }
            None => wrong.in_file(self.name),
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
    /// What a key says, if it is there.
    pub(super) fn get<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'d Value<'t>) -> Result<T, Wrong>,
    ) -> Result<Option<Said<T>>, BadConfig> {
        let Some((name, value)) = self.entries.get_key_value(key) else {
            return Ok(None);
        };
        let value = read(value)
            .map_err(|wrong| self.document.mistake(wrong.of(key).at(value.span().start)))?;
        let place = self.document.place(name.span().start);
        Ok(Some(Said { value, place }))
    }

    /// A table inside it, if it is there.
    pub(super) fn table(&self, key: &str, keys: &Keys) -> Result<Option<Table<'d, 't>>, BadConfig> {
        let Some(inner) = self.get(key, entries)? else {
            return Ok(None);
        };
        self.document.table(inner.value, keys).map(Some)
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
        let document = Document {
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
