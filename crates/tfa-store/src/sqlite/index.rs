//! The indexes of users and of uids, which show that there is *no* record.
//!
//! Each index is split into a fixed number of parts. A part is a row with a checksum that exists from
//! the start. A part that is missing, damaged or in the place of another one shows nothing. A part
//! holds entries, each after its length: a user name, or a uid and the name of its record.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use sha2::{Digest, Sha256};

use super::checksum::{CHECKSUM_BYTES, checksum};
use super::error::{cause, damaged};
use crate::StoreError;
use crate::limits::{MAX_USER_BYTES, NO_UID};

/// How many parts an index has. With a million users a part has 10 to 15 KB.
pub(super) const PARTS: i64 = 1024;

/// The uid in the index of a record whose uid is not known, because the record could not be read when
/// the index was made.
pub(super) const UNKNOWN_UID: u32 = NO_UID;

/// An index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Index {
    /// The users with a record.
    Users,
    /// The uids with a record, and the names of the records.
    Uids,
}

impl Index {
    const fn select(self) -> &'static str {
        match self {
            Self::Users => "SELECT names FROM roll WHERE part = ?1",
            Self::Uids => "SELECT entries FROM uid_index WHERE part = ?1",
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::Users => "UPDATE roll SET names = ?2 WHERE part = ?1",
            Self::Uids => "UPDATE uid_index SET entries = ?2 WHERE part = ?1",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Users => "INSERT INTO roll VALUES (?1, ?2)",
            Self::Uids => "INSERT INTO uid_index VALUES (?1, ?2)",
        }
    }

    const fn table(self) -> &'static str {
        match self {
            Self::Users => "roll",
            Self::Uids => "uid_index",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Users => "index of users",
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
    /// The part that a user belongs to.
    pub(super) fn of_user(user: &str) -> i64 {
        let digest = Sha256::digest(user);
        let [high, low, ..] = <[u8; 32]>::from(digest);
        i64::from(u16::from_be_bytes([high, low])) % PARTS
    }

    /// The part that a uid belongs to.
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
            Some((found, entries)) if *found == Self::checksum(index, number, entries) => {
                Ok(Self {
                    index,
                    number,
                    entries: entries.to_vec(),
                })
            }
            _ => damaged(format!(
                "part {number} of the {} is not what was written",
                index.title()
            )),
        }
    }

    /// Reads it.
    pub(super) fn query(index: Index, number: i64, db: &Connection) -> Result<Self, StoreError> {
        let mut select = db.prepare_cached(index.select()).map_err(cause)?;
        let mut rows = select.query([number]).map_err(cause)?;
        let row = rows.next().map_err(cause)?;
        let row = row.and_then(|row| row.get_ref(0).ok()?.as_blob().ok());
        Self::decode(index, number, row)
    }

    /// Writes it.
    pub(super) fn update(&self, db: &Connection) -> Result<(), StoreError> {
        let mut update = db.prepare_cached(self.index.update()).map_err(cause)?;
        let changed = update.execute(params![self.number, self.encode()]);
        if changed.map_err(cause)? != 1 {
            return damaged(format!(
                "a part of the {} was read and cannot be written",
                self.index.title()
            ));
        }
        Ok(())
    }

    /// The contents of the row.
    pub(super) fn encode(&self) -> Vec<u8> {
        let sum = Self::checksum(self.index, self.number, &self.entries);
        [&sum, self.entries.as_slice()].concat()
    }

    fn checksum(index: Index, number: i64, entries: &[u8]) -> [u8; CHECKSUM_BYTES] {
        checksum(index.table(), &[&number.to_be_bytes(), entries])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn has_user(&self, user: &str) -> bool {
        self.entries().any(|entry| entry == user.as_bytes())
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &[u8]> {
        self.entries()
    }

    pub(super) fn add_user(&mut self, user: &str) {
        self.append(&[user.as_bytes()]);
    }

    pub(super) fn remove_user(&mut self, user: &str) {
        self.retain(|entry| entry != user.as_bytes());
    }

    /// The names of the records of a uid.
    pub(super) fn names_of_uid(&self, uid: u32) -> impl Iterator<Item = &[u8]> {
        let belongs = move |(found, name)| (found == uid).then_some(name);
        self.entries().filter_map(uid_and_name).filter_map(belongs)
    }

    pub(super) fn add_uid(&mut self, uid: u32, user: &str) {
        self.append(&[&uid.to_be_bytes(), user.as_bytes()]);
    }

    /// Removes every uid of this user. Returns whether there was one.
    pub(super) fn remove_uids_of(&mut self, user: &str) -> bool {
        let before = self.entries.len();
        self.retain(|entry| uid_and_name(entry).is_none_or(|(_, name)| name != user.as_bytes()));
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

    fn retain(&mut self, keep: impl Fn(&[u8]) -> bool) {
        let mut others = Self::empty(self.index, self.number);
        self.entries()
            .filter(|entry| keep(entry))
            .for_each(|entry| others.append(&[entry]));
        *self = others;
    }

    fn append(&mut self, entry: &[&[u8]]) {
        const {
            assert!(
                MAX_USER_BYTES + size_of::<u32>() <= u16::MAX as usize,
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

/// The fields of an entry of the index of uids.
fn uid_and_name(entry: &[u8]) -> Option<(u32, &[u8])> {
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

/// Whether an index certainly has no entry.
pub(super) fn is_empty(db: &Connection, index: Index) -> Result<bool, StoreError> {
    let mut select = db.prepare(index.select()).map_err(cause)?;
    for number in 0..PARTS {
        let row: Option<Vec<u8>> = select
            .query_row([number], |row| row.get(0))
            .optional()
            .map_err(cause)?;
        if !Part::decode(index, number, row.as_deref())?.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}
