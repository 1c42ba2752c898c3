//! The documents of the present database, in the one that replaces it.

use std::path::Path;

use rusqlite::params;

use super::connection::{Access, connect, connect_new};
use super::error::{cause, damaged};
use super::meta::Meta;
use super::schema;
use crate::{DocumentId, DocumentKind, KeyId, StoreError};

const ALL: &str = "SELECT kind, name, revision, sealed FROM document";
const INSERT: &str = "INSERT INTO document VALUES (?1, ?2, ?3, ?4)";

/// The documents of a database, sealed.
pub(crate) struct KeptDocuments {
    rows: Vec<Row>,
    /// The last revision that was reserved there.
    revision: i64,
}

/// The document that a row is about.
pub(super) fn document_id(kind: &str, name: &str) -> Result<DocumentId, StoreError> {
    let kind = DocumentKind::ALL.into_iter().find(|it| it.word() == kind);
    match kind.and_then(|kind| DocumentId::new(kind, name).ok()) {
        Some(id) => Ok(id),
        None => damaged("a document has a name that no document has"),
    }
}

/// Kind, name, revision and bytes.
type Row = (String, String, i64, Vec<u8>);

impl KeptDocuments {
    /// Documents of another store, whose last revision this is.
    pub(crate) fn of(documents: Vec<(DocumentId, Vec<u8>)>, revision: i64) -> Self {
        let row = |(id, sealed): (DocumentId, _)| {
            (
                id.kind().word().to_owned(),
                id.name().to_owned(),
                revision,
                sealed,
            )
        };
        let rows = documents.into_iter().map(row).collect();
        Self { rows, revision }
    }

    /// Each of them, sealed.
    pub(crate) fn documents(self) -> Result<Vec<(DocumentId, Vec<u8>)>, StoreError> {
        let document = |(kind, name, _, sealed): Row| Ok((document_id(&kind, &name)?, sealed));
        self.rows.into_iter().map(document).collect()
    }

    /// Reads them from a database that is not in use.
    ///
    /// # Errors
    /// [`StoreError::KeyLost`] if another key than this one has sealed them, and the errors of the database.
    pub(crate) fn read(present: &Path, key: KeyId) -> Result<Self, StoreError> {
        let db = connect(present, Access::ReadWrite).map_err(cause)?;
        let Meta { revision, key: own } = Meta::read(&db)?;
        let mut rows = Vec::new();
        if schema::has_documents(&db)? {
            let mut select = db.prepare(ALL).map_err(cause)?;
            let found = select.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            });
            for row in found.map_err(cause)? {
                match row {
                    Ok(row) => rows.push(row),
                    Err(_) => {
                        return damaged("a row of a document has values that were never written");
                    }
                }
            }
        }
        if own != key && !rows.is_empty() {
            return Err(StoreError::KeyLost {
                remedy: "the published policy and the hosts of the fleet are sealed with another key than \
                         the restored records would be"
                    .to_owned(),
            });
        }
        Ok(Self { rows, revision })
    }

    /// Puts them into a new database without documents. They keep their revisions, and none is given again.
    ///
    /// # Errors
    /// Those of the database, which cannot be used then.
    pub(crate) fn put_into(&self, new: &Path) -> Result<(), StoreError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut db = connect_new(new).map_err(cause)?;
        let tx = db.transaction().map_err(cause)?;
        schema::add_documents(&tx).map_err(cause)?;
        for (kind, name, revision, sealed) in &self.rows {
            let values = params![kind, name, revision, sealed];
            tx.execute(INSERT, values).map_err(cause)?;
        }
        let meta = Meta::read(&tx)?;
        let revision = meta.revision.max(self.revision);
        Meta { revision, ..meta }.update(&tx)?;
        tx.commit().map_err(cause)?;
        db.close().map_err(|(_, error)| cause(error))
    }
}
