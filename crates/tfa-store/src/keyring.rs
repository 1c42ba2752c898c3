//! The keys that a store uses: one seals, and during a rotation a former one still opens.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use zeroize::Zeroizing;

use crate::seal::{SealError, Sealing, seal, seal_as, unseal_as};
use crate::{DocumentId, Record, SealingKey, StoreError};

/// The keys of a store, or the error where they are lost.
pub(crate) struct KeyRing(RwLock<Result<Keys, StoreError>>);

/// The keys in use.
pub(crate) struct Keys {
    /// The key that seals.
    seals: SealingKey,
    /// The key of records that are not sealed anew yet.
    former: Option<SealingKey>,
}

impl KeyRing {
    pub(crate) fn new(keys: Result<Keys, StoreError>) -> Self {
        Self(RwLock::new(keys))
    }

    /// Borrows the keys. While a caller holds them, no other key begins to seal.
    pub(crate) fn get(&self) -> RwLockReadGuard<'_, Result<Keys, StoreError>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals with another key from now on. When this returns, no record is under way that was sealed
    /// with the key of before.
    pub(crate) fn seal_with(&self, next: SealingKey) -> Result<(), StoreError> {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let keys = keys.as_mut().map_err(|lost| lost.clone())?;
        if keys.seals.id() != next.id() {
            let former = std::mem::replace(&mut keys.seals, next);
            keys.former = Some(former);
        }
        Ok(())
    }

    /// Drops the former key: no record needs it.
    pub(crate) fn drop_former(&self) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Ok(keys) = keys.as_mut() {
            keys.former = None;
        }
    }
}

impl Keys {
    /// One key for all.
    pub(crate) fn one(key: SealingKey) -> Self {
        Self {
            seals: key,
            former: None,
        }
    }

    /// The key of the database; and the next one, which then seals, if a rotation is under way.
    pub(crate) fn in_rotation(key: SealingKey, next: Option<SealingKey>) -> Self {
        match next {
            None => Self::one(key),
            Some(next) => Self {
                seals: next,
                former: Some(key),
            },
        }
    }

    pub(crate) fn seal(&self, user: &str, record: &[u8]) -> Result<Vec<u8>, StoreError> {
        seal(&self.seals, user, record)
    }

    pub(crate) fn seal_document(
        &self,
        id: &DocumentId,
        document: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        seal_as(Sealing::Document(id), &self.seals, document)
    }

    /// Opens a record, with the former key if it has to be.
    pub(crate) fn unseal(&self, user: &str, sealed: Record) -> Result<Record, SealError> {
        self.open(Sealing::Record(user), sealed)
    }

    /// Opens a document, with the former key if it has to be.
    pub(crate) fn unseal_document(
        &self,
        id: &DocumentId,
        sealed: Record,
    ) -> Result<Record, SealError> {
        self.open(Sealing::Document(id), sealed)
    }

    fn open(&self, what: Sealing<'_>, sealed: Record) -> Result<Record, SealError> {
        let Some(former) = &self.former else {
            return unseal_as(what, &self.seals, sealed);
        };
        let copy = Record::new(Zeroizing::new(sealed.as_bytes().to_vec()));
        unseal_as(what, &self.seals, copy).or_else(|_| unseal_as(what, former, sealed))
    }

    /// Whether a record is sealed with the key that seals.
    pub(crate) fn is_sealed_anew(&self, user: &str, sealed: &[u8]) -> bool {
        self.is_sealed(Sealing::Record(user), sealed)
    }

    /// Whether a document is sealed with the key that seals.
    pub(crate) fn is_document_sealed_anew(&self, id: &DocumentId, sealed: &[u8]) -> bool {
        self.is_sealed(Sealing::Document(id), sealed)
    }

    fn is_sealed(&self, what: Sealing<'_>, sealed: &[u8]) -> bool {
        let copy = Record::new(Zeroizing::new(sealed.to_vec()));
        unseal_as(what, &self.seals, copy).is_ok()
    }
}
