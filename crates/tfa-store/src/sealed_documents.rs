//! Documents under the same sealing as records.

use crate::documents::check_changes;
use crate::limits::MAX_RECORD_BYTES;
use crate::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, Page, PolicyStamp, ReadTogether,
    Record, Revision, Sealed, Store, StoreError,
};

impl<S: Store + Documents> Sealed<S> {
    fn unseal_document(
        &self,
        id: &DocumentId,
        (sealed, revision): (Record, Revision),
    ) -> Result<(Record, Revision), StoreError> {
        let keys = self.keys().get();
        let keys = keys.as_ref().map_err(Clone::clone)?;
        let opened = keys.unseal_document(id, sealed);
        let opened = opened.map_err(|error| StoreError::DocumentDamaged {
            document: id.to_string(),
            why: error.to_string(),
            revision,
        })?;
        Ok((opened, revision))
    }
}

impl<S: Store + Documents> Documents for Sealed<S> {
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        match self.inner().document(id)? {
            None => Ok(None),
            Some(sealed) => self.unseal_document(id, sealed).map(Some),
        }
    }

    fn read_together(
        &self,
        id: &DocumentId,
        other: &DocumentId,
        names: &[&str],
    ) -> Result<ReadTogether, StoreError> {
        let found = self.inner().read_together(id, other, names)?;
        let document = found
            .document
            .map(|sealed| self.unseal_document(id, sealed));
        let unseal = |user: &str, (sealed, revision)| Ok((self.unseal(user, sealed)?, revision));
        Ok(ReadTogether {
            document: document.transpose()?,
            record: found.record.map(|record| record.and_then(unseal)),
            ..found
        })
    }

    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let Page { records, next } = self.inner().documents(kind, after, limit)?;
        let records = records.into_iter().map(|(name, found)| {
            let opened = found.and_then(|sealed| {
                let id = DocumentId::new(kind, &name)?;
                self.unseal_document(&id, sealed)
            });
            (name, opened)
        });
        let records = records.collect();
        Ok(Page { records, next })
    }

    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        check_changes(changes, MAX_RECORD_BYTES)?;
        // Until it is made: a rotation of the key waits for what the key of before has sealed.
        let keys = self.keys().get();
        let in_use = keys.as_ref().map_err(Clone::clone)?;
        let sealed = changes.iter().map(|one| {
            let document = one.document;
            document
                .map(|document| in_use.seal_document(one.id, document))
                .transpose()
        });
        let sealed: Vec<Option<Vec<u8>>> = sealed.collect::<Result<_, _>>()?;
        let changes = changes.iter().zip(&sealed);
        let changes: Vec<DocumentChange<'_>> = changes
            .map(|(one, sealed)| DocumentChange {
                document: sealed.as_deref(),
                ..*one
            })
            .collect();
        self.inner().change_documents(&changes)
    }

    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        self.inner().newest_policy()
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        self.inner().newest_policy_met()
    }
}
