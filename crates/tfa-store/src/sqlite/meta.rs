//! The one row of the table `head`.

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::checksum::{CHECKSUM_BYTES, checksum};
use super::error::{cause, damaged};
use crate::{KeyId, StoreError};

/// What the database knows about itself.
#[derive(Clone, Copy)]
pub(super) struct Meta {
    /// The last reserved revision: none above it was ever given.
    pub(super) revision: i64,
    /// The key that seals the records.
    pub(super) key: KeyId,
}

impl Meta {
    pub(super) const SELECT: &str = "SELECT revision, key, sum FROM head WHERE id = 1";
    pub(super) const UPDATE: &str =
        "UPDATE head SET revision = ?1, key = ?2, sum = ?3 WHERE id = 1";

    pub(super) fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut select = db.prepare(Self::SELECT).map_err(cause)?;
        Self::query(&mut select)
    }

    /// Reads it with a statement of [`Meta::SELECT`].
    pub(super) fn query(select: &mut Statement<'_>) -> Result<Self, StoreError> {
        let row = select.query_row([], |row| {
            let key = KeyId::from_bytes(row.get_ref(1)?.as_blob()?);
            Ok((row.get(0)?, key, row.get::<_, Vec<u8>>(2)?))
        });
        match row.optional().map_err(cause)? {
            Some((revision @ 0.., Some(key), sum))
                if Self { revision, key }.checksum() == sum.as_slice() =>
            {
                Ok(Self { revision, key })
            }
            _ => damaged("the row that counts the revisions is not what was written"),
        }
    }

    /// Writes the first one.
    pub(super) fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        db.execute(
            "INSERT INTO head VALUES (1, ?1, ?2, ?3)",
            params![self.revision, self.key.as_bytes(), self.checksum()],
        )?;
        Ok(())
    }

    /// Writes it with a statement of [`Meta::UPDATE`].
    pub(super) fn update(&self, update: &mut Statement<'_>) -> Result<(), StoreError> {
        update
            .execute(params![self.revision, self.key.as_bytes(), self.checksum()])
            .map(drop)
            .map_err(cause)
    }

    fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        checksum("head", &[&self.revision.to_be_bytes(), self.key.as_bytes()])
    }
}
