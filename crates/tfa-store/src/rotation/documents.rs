//! The documents in a rotation of the sealing key.

use super::BATCH;
use crate::keyring::KeyRing;
use crate::sqlite::NewDocument;
use crate::{DocumentId, DocumentKind, Documents, Page, Record, Revision, SqliteStore, StoreError};

/// Seals every document that has another key. No document gets another key meanwhile. A damaged one does
/// not stop the others, and is the error at the end.
pub(super) fn seal_anew(store: &SqliteStore, ring: &KeyRing) -> Result<(), StoreError> {
    let mut damaged = None;
    for kind in DocumentKind::ALL {
        let mut after = Some(String::new());
        while let Some(last) = after {
            let Page { records, next } = store.documents(kind, &last, BATCH)?;
            let mut resealed = Vec::new();
            for (name, found) in records {
                let id = DocumentId::new(kind, &name)?;
                match found.and_then(|found| seal_one_anew(ring, id, found)) {
                    Ok(anew) => resealed.extend(anew),
                    Err(error @ StoreError::DocumentDamaged { .. }) => {
                        damaged = damaged.or(Some(error));
                    }
                    Err(error) => return Err(error),
                }
            }
            // A document that has changed meanwhile was sealed with the new key.
            if !resealed.is_empty() {
                store.reseal_documents(resealed)?;
            }
            after = next;
        }
    }
    damaged.map_or(Ok(()), Err)
}

fn seal_one_anew(
    ring: &KeyRing,
    id: DocumentId,
    (sealed, expected): (Record, Revision),
) -> Result<Option<NewDocument>, StoreError> {
    let keys = ring.get();
    let keys = keys.as_ref().map_err(Clone::clone)?;
    if keys.is_document_sealed_anew(&id, sealed.as_bytes()) {
        return Ok(None);
    }
    let document = keys.unseal_document(&id, sealed);
    let document = document.map_err(|error| StoreError::DocumentDamaged {
        document: id.to_string(),
        why: error.to_string(),
        revision: expected,
    })?;
    let bytes = Some(keys.seal_document(&id, document.as_bytes())?);
    Ok(Some(NewDocument {
        id,
        expected: Some(expected),
        bytes,
    }))
}
