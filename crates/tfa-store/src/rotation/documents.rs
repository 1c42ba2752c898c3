//! The documents in a rotation of the sealing key.

use super::BATCH;
use crate::keyring::KeyRing;
use crate::sqlite::NewDocument;
use crate::{DocumentId, Documents as _, Record, Revision, SqliteStore, StoreError};

/// Seals every document that has another key. No document gets another key meanwhile. A damaged one does
/// not stop the others, and is the error at the end.
pub(super) fn seal_anew(store: &SqliteStore, ring: &KeyRing) -> Result<(), StoreError> {
    let mut damaged = None;
    for batch in store.document_ids()?.chunks(BATCH) {
        let mut resealed = Vec::new();
        for id in batch {
            let found = store.document(id).transpose();
            let anew = found.map(|found| found.and_then(|found| seal_one_anew(ring, id, found)));
            match anew {
                // It was removed since.
                None => {}
                Some(Ok(anew)) => resealed.extend(anew),
                Some(Err(error @ StoreError::DocumentDamaged { .. })) => {
                    damaged = damaged.or(Some(error));
                }
                Some(Err(error)) => return Err(error),
            }
        }
        // A document that has changed meanwhile was sealed with the new key.
        if !resealed.is_empty() {
            store.reseal_documents(resealed)?;
        }
    }
    damaged.map_or(Ok(()), Err)
}

fn seal_one_anew(
    ring: &KeyRing,
    id: &DocumentId,
    (sealed, expected): (Record, Revision),
) -> Result<Option<NewDocument>, StoreError> {
    let keys = ring.get();
    let keys = keys.as_ref().map_err(Clone::clone)?;
    if keys.is_document_sealed_anew(id, sealed.as_bytes()) {
        return Ok(None);
    }
    let document = keys.unseal_document(id, sealed);
    let document = document.map_err(|error| StoreError::DocumentDamaged {
        document: id.to_string(),
        why: error.to_string(),
        revision: expected,
    })?;
    let bytes = Some(keys.seal_document(id, document.as_bytes())?);
    Ok(Some(NewDocument {
        id: id.clone(),
        expected: Some(expected),
        bytes,
    }))
}
