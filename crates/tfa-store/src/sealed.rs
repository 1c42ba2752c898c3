//! Sealing over any store.

use crate::keyring::{KeyRing, Keys};
use crate::limits::{self, MAX_RECORD_BYTES, MAX_STORED_BYTES};
use crate::seal::SEAL_BYTES;
use crate::{ByUid, Commit, Move, Page, Record, Revision, SealingKey, Store, StoreError};

const _: () = assert!(MAX_RECORD_BYTES + SEAL_BYTES <= MAX_STORED_BYTES);

/// A store that seals the records of another store.
///
/// Without the key it still tells who has no record. It refuses every user with a record, and every
/// change but a removal, with [`StoreError::KeyLost`].
pub struct Sealed<S> {
    store: S,
    keys: KeyRing,
}

impl<S: Store> Sealed<S> {
    /// Seals the records of this store with this key.
    pub fn new(store: S, key: SealingKey) -> Self {
        Self::with_keys(store, Keys::one(key))
    }

    pub(crate) fn with_keys(store: S, keys: Keys) -> Self {
        Self {
            store,
            keys: KeyRing::new(Ok(keys)),
        }
    }

    /// A store whose key is lost, with the text for the administrator.
    pub fn without_key(store: S, remedy: String) -> Self {
        Self {
            store,
            keys: KeyRing::new(Err(StoreError::KeyLost { remedy })),
        }
    }

    /// What is wrong with the key, and what to do. `None` if the store has its key.
    pub fn key_lost(&self) -> Option<String> {
        match &*self.keys.get() {
            Err(StoreError::KeyLost { remedy }) => Some(remedy.clone()),
            _ => None,
        }
    }

    /// The store whose records are sealed.
    pub fn into_inner(self) -> S {
        self.store
    }

    pub(crate) fn inner(&self) -> &S {
        &self.store
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub(crate) fn unseal(&self, user: &str, sealed: Record) -> Result<Record, StoreError> {
        let keys = self.keys.get();
        let keys = keys.as_ref().map_err(Clone::clone)?;
        let opened = keys.unseal(user, sealed);
        opened.map_err(|error| StoreError::RecordDamaged {
            user: user.to_owned(),
            why: error.to_string(),
        })
    }
}

impl<S: Store> Store for Sealed<S> {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        match self.store.load(user)? {
            None => Ok(None),
            Some((sealed, revision)) => Ok(Some((self.unseal(user, sealed)?, revision))),
        }
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        match self.store.find(uid) {
            Ok(ByUid::Found(user, sealed, revision)) => {
                let record = self.unseal(&user, sealed)?;
                Ok(ByUid::Found(user, record, revision))
            }
            // The key is what the migration waits for.
            Err(StoreError::NotMigrated) => Err(match &*self.keys.get() {
                Ok(_) => StoreError::NotMigrated,
                Err(lost) => lost.clone(),
            }),
            other => other,
        }
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        limits::check_record(user, uid, record, MAX_RECORD_BYTES)?;
        // Until it is committed: a rotation of the key waits for what the key of before has sealed.
        let keys = self.keys.get();
        let sealed = keys.as_ref().map_err(Clone::clone)?.seal(user, record)?;
        self.store.commit(user, uid, &sealed, expected)
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        limits::check_moves(moves, MAX_RECORD_BYTES)?;
        let keys = self.keys.get();
        let in_use = keys.as_ref().map_err(Clone::clone)?;
        let sealed = moves.iter().map(|one| in_use.seal(one.to, one.record));
        let sealed: Vec<Vec<u8>> = sealed.collect::<Result<_, _>>()?;
        let moves = moves.iter().zip(&sealed);
        let moves: Vec<Move<'_>> = moves
            .map(|(one, sealed)| Move {
                record: sealed,
                ..*one
            })
            .collect();
        self.store.rename(&moves)
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        self.store.remove(user, expected)
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        let Page { records, next } = self.store.list(after, limit)?;
        let records = records.into_iter().map(|(user, found)| {
            let opened =
                found.and_then(|(sealed, revision)| Ok((self.unseal(&user, sealed)?, revision)));
            (user, opened)
        });
        let records = records.collect();
        Ok(Page { records, next })
    }

    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        self.store.names(after, limit)
    }

    fn writable_again(&self) -> Option<bool> {
        self.store.writable_again()
    }

    fn close(&self) {
        self.store.close();
    }
}
