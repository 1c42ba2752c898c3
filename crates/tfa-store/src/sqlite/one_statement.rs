//! The commit of a login that is alone, in one statement.
//!
//! The general way reads the row of `head` and the revision of the record, changes the record, and needs
//! statements to begin and to end the transaction. This one statement is its own transaction. It changes
//! the record if `head` is what a transaction of this connection has left there, and the record has the
//! revision that is expected. If not, nothing is changed, and the general way finds out why.

use rusqlite::{Connection, params};

use super::change::NewRecord;
use super::checksum::CHECKSUM_BYTES;
use super::error::cause;
use super::meta::Meta;
use super::revisions::Revisions;
use crate::{KeyId, Revision, StoreError};

const REPLACE: &str = "UPDATE account SET revision = ?3, sealed = ?4 \
     WHERE user = ?1 AND uid = ?2 AND revision = ?5 AND EXISTS \
     (SELECT 1 FROM head WHERE id = 1 AND revision = ?6 AND key = ?7 AND sum = ?8)";

/// The row of `head`, as it was read or written.
#[derive(Clone, Copy)]
pub(super) struct Head {
    meta: Meta,
    sum: [u8; CHECKSUM_BYTES],
}

impl Head {
    pub(super) fn new(meta: Meta) -> Self {
        Self {
            meta,
            sum: meta.checksum(),
        }
    }

    pub(super) fn holds(&self, meta: Meta) -> bool {
        self.meta == meta
    }

    /// Replaces a record that is sealed with this key. Returns its new revision; `None` if that needs the
    /// general way.
    pub(super) fn replace(
        &self,
        db: &Connection,
        key: Option<KeyId>,
        revisions: &mut Revisions,
        record: &NewRecord,
    ) -> Result<Option<i64>, StoreError> {
        let Self { meta, sum } = self;
        if key != Some(meta.key) || record.expected == Revision::NONE {
            return Ok(None);
        }
        let Some(revision) = revisions.take_reserved(meta) else {
            return Ok(None);
        };
        let NewRecord {
            user,
            uid,
            bytes,
            expected,
        } = record;
        let mut replace = db.prepare_cached(REPLACE).map_err(cause)?;
        let changed = replace
            .execute(params![
                user,
                uid,
                revision,
                bytes,
                expected.get().cast_signed(),
                meta.revision,
                meta.key.as_bytes(),
                sum,
            ])
            .map_err(cause)?;
        Ok((changed == 1).then_some(revision))
    }
}
