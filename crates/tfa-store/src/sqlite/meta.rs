//! The one row of the table `head`.

use rusqlite::{Connection, OptionalExtension, params};

use super::checksum::{CHECKSUM_BYTES, checksum};
use super::error::{cause, damaged};
use crate::{KeyId, StoreError};

/// What the database knows about itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    /// The last reserved revision: none above it was ever given.
    pub(super) revision: i64,
    /// The key that seals the records.
    pub(super) key: KeyId,
}

impl Meta {
    const SELECT: &str = "SELECT revision, key, sum FROM head WHERE id = 1";
    const UPDATE: &str = "UPDATE head SET revision = ?1, key = ?2, sum = ?3 WHERE id = 1";

    pub(super) fn read(db: &Connection) -> Result<Self, StoreError> {
        let mut select = db.prepare_cached(Self::SELECT).map_err(cause)?;
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

    /// Writes it.
    pub(super) fn update(&self, db: &Connection) -> Result<(), StoreError> {
        let mut update = db.prepare_cached(Self::UPDATE).map_err(cause)?;
        update
            .execute(params![self.revision, self.key.as_bytes(), self.checksum()])
            .map(drop)
            .map_err(cause)
    }

    pub(super) fn checksum(&self) -> [u8; CHECKSUM_BYTES] {
        checksum("head", &[&self.revision.to_be_bytes(), self.key.as_bytes()])
    }
}
