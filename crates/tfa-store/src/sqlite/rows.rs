//! Records page by page, while others write.

use rusqlite::params;

use super::database::Database;
use super::error::cause;
use crate::StoreError;

const PAGE: &str = "SELECT user, uid, sealed FROM account WHERE user > ?1 ORDER BY user LIMIT ?2";

/// A row of the table of records.
pub(crate) struct Row {
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) sealed: Vec<u8>,
}

impl Database {
    /// The number of records, as far as the table shows.
    pub(crate) fn count(&self) -> Result<u64, StoreError> {
        let count: i64 = self
            .db
            .query_row("SELECT count(*) FROM account", [], |row| row.get(0))
            .map_err(cause)?;
        Ok(count.unsigned_abs())
    }

    /// The first `limit` records of those whose names are greater than `after`. The table alone does not show
    /// that one is missing: [`Snapshot`](super::snapshot::Snapshot) does.
    pub(crate) fn rows(&self, after: &str, limit: u32) -> Result<Vec<Row>, StoreError> {
        let mut select = self.db.prepare_cached(PAGE).map_err(cause)?;
        let rows = select.query_map(params![after, limit], |row| {
            Ok(Row {
                user: row.get(0)?,
                uid: row.get(1)?,
                sealed: row.get(2)?,
            })
        });
        rows.and_then(Iterator::collect).map_err(cause)
    }
}
