//! The table of documents. The first document adds it to the database.

use std::sync::atomic::Ordering;

use rusqlite::{Connection, OptionalExtension, Row, params};
use zeroize::Zeroizing;

use super::change::{Change, NewDocument};
use super::error::cause;
use super::kept_documents::document_id;
use super::schema;
use super::store::SqliteStore;
use crate::documents::check_changes;
use crate::limits::MAX_STORED_BYTES;
use crate::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, Page, PolicyStamp, Record,
    Revision, StoreError,
};

/// The longest page, in documents.
const MAX_PAGE: usize = 1000;

const DOCUMENT: &str = "SELECT revision, sealed FROM document WHERE kind = ?1 AND name = ?2";
const NAMES: &str = "SELECT name FROM document WHERE kind = ?1 AND (?2 IS NULL OR name > ?2) ORDER BY name LIMIT ?3";
const IDS: &str = "SELECT kind, name FROM document ORDER BY kind, name";
const PUT: &str = "INSERT OR REPLACE INTO document VALUES (?1, ?2, ?3, ?4)";
const RESEAL: &str =
    "UPDATE document SET sealed = ?4 WHERE kind = ?1 AND name = ?2 AND revision = ?3";
const DELETE: &str = "DELETE FROM document WHERE kind = ?1 AND name = ?2";

impl Documents for SqliteStore {
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        self.read(|reader| {
            reader.check()?;
            load(reader.db(), id)
        })
    }

    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let reader = self.unpooled_reader()?;
        let db = reader.db();
        let limit = limit.clamp(1, MAX_PAGE);
        let mut names = names(db, kind, after, limit + 1)?;
        let more_follow = names.len() > limit;
        names.truncate(limit);
        let load = |name: &str| load(db, &DocumentId::new(kind, name)?);
        Ok(Page::of_names(names, more_follow, load))
    }

    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        check_changes(changes, MAX_STORED_BYTES)?;
        let mut kinds = changes.iter().map(|one| one.id.kind());
        let of_policy = kinds.any(|kind| kind == DocumentKind::Policy);
        let changes = changes.iter().map(|one| NewDocument {
            id: one.id.clone(),
            expected: one.expected,
            bytes: one.document.map(<[u8]>::to_vec),
        });
        let changed = self.write(Change::Documents(changes.collect()));
        // Also after an error: the change may have been made.
        if of_policy && changed != Ok(Commit::Conflict) {
            self.policies.fetch_add(1, Ordering::AcqRel);
        }
        changed
    }

    /// Only this store changes its documents, so it reads nothing.
    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        Ok(self.newest_policy_met())
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        PolicyStamp::new(self.policies.load(Ordering::Acquire))
    }
}

impl SqliteStore {
    /// All documents that there are.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] for one of a kind that this version does not know, and those of a read.
    pub(crate) fn document_ids(&self) -> Result<Vec<DocumentId>, StoreError> {
        let reader = self.unpooled_reader()?;
        if !schema::has_documents(reader.db())? {
            return Ok(Vec::new());
        }
        let mut select = reader.db().prepare(IDS).map_err(cause)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let rows: Vec<(String, String)> = rows.and_then(Iterator::collect).map_err(cause)?;
        let ids = rows.iter().map(|(kind, name)| document_id(kind, name));
        ids.collect()
    }

    /// Replaces documents by the same documents, sealed with another key. One that has another revision
    /// by now is left out.
    pub(crate) fn reseal_documents(&self, documents: Vec<NewDocument>) -> Result<(), StoreError> {
        self.write(Change::ResealDocuments(documents)).map(drop)
    }
}

fn load(db: &Connection, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
    if !schema::has_documents(db)? {
        return Ok(None);
    }
    let mut select = db.prepare_cached(DOCUMENT).map_err(cause)?;
    let found = select
        .query_row([id.kind().word(), id.name()], |row| Ok(decode(row)))
        .optional()
        .map_err(cause)?;
    match found {
        None => Ok(None),
        Some(Some(found)) => Ok(Some(found)),
        Some(None) => Err(damaged(id)),
    }
}

fn damaged(id: &DocumentId) -> StoreError {
    StoreError::DocumentDamaged {
        document: id.to_string(),
        why: "its row has values that were never written".to_owned(),
        revision: Revision::NONE,
    }
}

fn decode_revision(row: &Row<'_>) -> Option<Revision> {
    let revision = u64::try_from(row.get::<_, i64>(0).ok()?).ok()?;
    (revision > 0).then_some(Revision::new(revision))
}

fn decode(row: &Row<'_>) -> Option<(Record, Revision)> {
    let revision = decode_revision(row)?;
    let sealed = row.get_ref(1).ok()?.as_blob().ok()?;
    let document = Record::new(Zeroizing::new(sealed.to_vec()));
    Some((document, revision))
}

fn names(
    db: &Connection,
    kind: DocumentKind,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    if !schema::has_documents(db)? {
        return Ok(Vec::new());
    }
    let mut select = db.prepare_cached(NAMES).map_err(cause)?;
    let names = select.query_map(params![kind.word(), after, limit as i64], |row| row.get(0));
    names.and_then(Iterator::collect).map_err(cause)
}

/// The revision of a document, [`Revision::NONE`] if it does not exist. Its bytes may be damaged.
pub(super) fn revision(db: &Connection, id: &DocumentId) -> Result<Revision, StoreError> {
    if !schema::has_documents(db)? {
        return Ok(Revision::NONE);
    }
    let mut select = db.prepare_cached(DOCUMENT).map_err(cause)?;
    let found = select
        .query_row([id.kind().word(), id.name()], |row| {
            Ok(decode_revision(row))
        })
        .optional()
        .map_err(cause)?;
    match found {
        None => Ok(Revision::NONE),
        Some(Some(revision)) => Ok(revision),
        Some(None) => Err(damaged(id)),
    }
}

/// Puts and removes documents, in a transaction.
pub(super) fn apply(
    db: &Connection,
    changes: &[NewDocument],
    revision: i64,
) -> Result<(), StoreError> {
    if !schema::has_documents(db)? {
        schema::add_documents(db).map_err(cause)?;
    }
    for NewDocument { id, bytes, .. } in changes {
        let (kind, name) = (id.kind().word(), id.name());
        let changed = match bytes {
            Some(bytes) => db
                .prepare_cached(PUT)
                .and_then(|mut put| put.execute(params![kind, name, revision, bytes])),
            None => db
                .prepare_cached(DELETE)
                .and_then(|mut delete| delete.execute([kind, name])),
        };
        changed.map_err(cause)?;
    }
    Ok(())
}

/// Replaces documents that still have their revision, in a transaction.
pub(super) fn reseal(db: &Connection, documents: &[NewDocument]) -> Result<(), StoreError> {
    for one in documents {
        let expected = one.expected.unwrap_or(Revision::NONE);
        let revision = expected.get().cast_signed();
        let (kind, name) = (one.id.kind().word(), one.id.name());
        db.prepare_cached(RESEAL)
            .and_then(|mut reseal| reseal.execute(params![kind, name, revision, one.bytes]))
            .map_err(cause)?;
    }
    Ok(())
}
