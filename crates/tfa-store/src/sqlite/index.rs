//! The two indexes, by name and by uid: what says that there is *no* record.
//!
//! Each is spread over a fixed number of parts. A part is a row with a checksum, there from the
//! start: one that is missing, damaged or another part's vouches for nothing. A part holds entries,
//! each after its length: a name, or a uid and the name that its record stands under.

use rusqlite::{Connection, OptionalExtension, Statement, Transaction, params};
use sha2::{Digest, Sha256};

use super::schema::{SUM, damaged, failure, sum};
use crate::{StoreError, USER_LIMIT};

/// Into how many parts an index is split. With a million users a part has 10 to 15 KB.
pub(super) const PARTS: i64 = 1024;

/// The uid that no user can have (it is -1 in C). In the index it stands for the uids that are not
/// known: those of records that could not be read when the index was made.
pub(super) const UNKNOWN_UID: u32 = u32::MAX;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// Who has a record.
    Names,
    /// Whose record belongs to which uid.
    Uids,
}

impl Index {
    pub(super) const fn select(self) -> &'static str {
        match self {
            Self::Names => "SELECT names FROM roll WHERE part = ?1",
            Self::Uids => "SELECT entries FROM uid_index WHERE part = ?1",
        }
    }

    pub(super) const fn update(self) -> &'static str {
        match self {
            Self::Names => "UPDATE roll SET names = ?2 WHERE part = ?1",
            Self::Uids => "UPDATE uid_index SET entries = ?2 WHERE part = ?1",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Names => "INSERT INTO roll VALUES (?1, ?2)",
            Self::Uids => "INSERT INTO uid_index VALUES (?1, ?2)",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Names => "roll",
            Self::Uids => "uid_index",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Names => "roll of names",
            Self::Uids => "index of uids",
        }
    }
}

/// A part of an index.
pub(super) struct Part {
    index: Index,
    number: i64,
    entries: Vec<u8>,
}

impl Part {
    /// The part in which a name stands.
    pub(super) fn of(user: &str) -> i64 {
        let digest = Sha256::digest(user);
        let [high, low, ..] = <[u8; 32]>::from(digest);
        i64::from(u16::from_be_bytes([high, low])) % PARTS
    }

    /// The part in which a uid stands.
    pub(super) fn of_uid(uid: u32) -> i64 {
        i64::from(uid) % PARTS
    }

    pub(super) fn empty(index: Index, number: i64) -> Self {
        Self {
            index,
            number,
            entries: Vec::new(),
        }
    }

    /// Reads what [`Part::encode`] wrote for this part.
    pub(super) fn decode(
        index: Index,
        number: i64,
        row: Option<&[u8]>,
    ) -> Result<Self, StoreError> {
        match row.and_then(<[u8]>::split_first_chunk) {
            Some((found, entries)) if *found == Self::sum(index, number, entries) => Ok(Self {
                index,
                number,
                entries: entries.to_vec(),
            }),
            _ => damaged(format!(
                "part {number} of the {} is not what was written",
                index.title()
            )),
        }
    }

    /// Reads it with a statement of [`Index::select`].
    pub(super) fn query(
        index: Index,
        number: i64,
        select: &mut Statement<'_>,
    ) -> Result<Self, StoreError> {
        let mut rows = select.query([number]).map_err(failure)?;
        let row = rows.next().map_err(failure)?;
        let row = row.and_then(|row| row.get_ref(0).ok()?.as_blob().ok());
        Self::decode(index, number, row)
    }

    /// Writes it with a statement of [`Index::update`].
    pub(super) fn update(&self, update: &mut Statement<'_>) -> Result<(), StoreError> {
        let changed = update.execute(params![self.number, self.encode()]);
        if changed.map_err(failure)? != 1 {
            return damaged(format!(
                "a part of the {} is found and not found",
                self.index.title()
            ));
        }
        Ok(())
    }

    /// The row's contents.
    pub(super) fn encode(&self) -> Vec<u8> {
        let sum = Self::sum(self.index, self.number, &self.entries);
        [&sum, self.entries.as_slice()].concat()
    }

    fn sum(index: Index, number: i64, entries: &[u8]) -> [u8; SUM] {
        sum(index.table(), &[&number.to_be_bytes(), entries])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn has(&self, user: &str) -> bool {
        self.entries().any(|entry| entry == user.as_bytes())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.entries()
    }

    pub(super) fn add(&mut self, user: &str) {
        self.append(&[user.as_bytes()]);
    }

    pub(super) fn strike(&mut self, user: &str) {
        self.keep(|entry| entry != user.as_bytes());
    }

    /// The names that the records of a uid stand under.
    pub(super) fn names_of(&self, uid: u32) -> impl Iterator<Item = &[u8]> {
        let belongs = move |(found, name)| (found == uid).then_some(name);
        self.entries().filter_map(pair).filter_map(belongs)
    }

    pub(super) fn add_uid(&mut self, uid: u32, user: &str) {
        self.append(&[&uid.to_be_bytes(), user.as_bytes()]);
    }

    /// Strikes every entry of this name, whatever uid it has; whether there was one.
    pub(super) fn strike_name(&mut self, user: &str) -> bool {
        let before = self.entries.len();
        self.keep(|entry| pair(entry).is_none_or(|(_, name)| name != user.as_bytes()));
        self.entries.len() != before
    }

    fn entries(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.entries.as_slice();
        std::iter::from_fn(move || {
            let (length, more) = rest.split_first_chunk()?;
            let (entry, more) = more.split_at_checked(u16::from_be_bytes(*length).into())?;
            rest = more;
            Some(entry)
        })
    }

    fn keep(&mut self, stays: impl Fn(&[u8]) -> bool) {
        let mut others = Self::empty(self.index, self.number);
        self.entries()
            .filter(|entry| stays(entry))
            .for_each(|entry| others.append(&[entry]));
        *self = others;
    }

    fn append(&mut self, entry: &[&[u8]]) {
        const {
            assert!(
                USER_LIMIT + size_of::<u32>() <= u16::MAX as usize,
                "an entry's length has two bytes"
            )
        };
        let length: usize = entry.iter().map(|field| field.len()).sum();
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.entries.extend_from_slice(&length.to_be_bytes());
        entry
            .iter()
            .for_each(|field| self.entries.extend_from_slice(field));
    }
}

/// An entry of the index of uids.
fn pair(entry: &[u8]) -> Option<(u32, &[u8])> {
    let (uid, name) = entry.split_first_chunk()?;
    Some((u32::from_be_bytes(*uid), name))
}

/// Fills the table of an index with empty parts.
pub(super) fn create(tx: &Transaction<'_>, index: Index) -> rusqlite::Result<()> {
    let mut insert = tx.prepare(index.insert())?;
    for number in 0..PARTS {
        insert.execute(params![number, Part::empty(index, number).encode()])?;
    }
    Ok(())
}

/// Whether an index has no entry, for certain.
pub(super) fn is_empty(db: &Connection, index: Index) -> Result<bool, StoreError> {
    let mut select = db.prepare(index.select()).map_err(failure)?;
    for number in 0..PARTS {
        let row: Option<Vec<u8>> = select
            .query_row([number], |row| row.get(0))
            .optional()
            .map_err(failure)?;
        if !Part::decode(index, number, row.as_deref())?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
