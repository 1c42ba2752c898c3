//! The change of a store's mark, for a migration.

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Kv, Txn, Write};
use super::mark::{Mark, MarkState, replaced};
use super::store::EtcdStore;
use crate::StoreError;

impl<K: Kv> EtcdStore<K> {
    /// The mark of the store that this line names and that verifiers use, with its revision.
    pub(crate) fn complete_mark(&self, line: &[u8]) -> Result<(Mark, i64), StoreError> {
        let Some((state, revision)) = self.mark()? else {
            return Err(replaced());
        };
        let mark = state.complete()?;
        match mark.line().as_bytes() == line {
            true => Ok((mark, revision)),
            false => Err(replaced()),
        }
    }

    /// The same store, each read of which is refused where etcd has not the mark of this revision any more.
    pub(crate) fn pinned(&self, revision: i64) -> Result<EtcdStore<&K>, StoreError> {
        let [mark] = self.get([self.layout.mark()])?;
        match mark.filter(|mark| mark.revision == revision) {
            Some(mark) => Ok(EtcdStore::new(&self.kv, "").with_mark(mark.value)),
            None => Err(replaced()),
        }
    }

    /// Refuses where etcd does not have the mark of the store.
    pub(crate) fn check_mark(&self) -> Result<(), StoreError> {
        self.get([]).map(drop)
    }

    /// Lets another store take the place of this one, whose accounts the migration of this id has moved away, or
    /// has begun to fill.
    pub(crate) fn give_up(&self, migration: ChangeId) -> Result<(), StoreError> {
        let Some((state, revision)) = self.mark()? else {
            return Ok(());
        };
        match state {
            MarkState::BeingMoved(mark, mover) if mover == migration => {
                self.put_mark(MarkState::Moved(mark), revision, Vec::new())?;
            }
            MarkState::BeingFilled(mark) if mark.id == migration => {
                self.put_mark(MarkState::Moved(mark), revision, Vec::new())?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Puts a mark in the place of the one that has this revision (0: there is none), with further changes in
    /// the same transaction. Returns the revision of the new one.
    ///
    /// Each mark but that of a complete store is another value. So the changes of one migration follow one on
    /// the other: one that arrives late is never made.
    pub(crate) fn put_mark(
        &self,
        state: MarkState,
        revision: i64,
        writes: Vec<Write>,
    ) -> Result<i64, StoreError> {
        let place = self.layout.mark();
        let (id, value) = state.encode()?;
        let mut then = writes;
        then.push(Write::Put(place.clone(), value));
        let txn = Txn {
            compares: vec![Compare::Revision(place.clone(), revision)],
            then,
            otherwise: vec![place],
        };
        match self.make(CommitAttempt::new(id, txn))? {
            Outcome::Applied(revision) => Ok(revision.get().cast_signed()),
            Outcome::Differs(_) => Err(StoreError::Superseded {
                why: "another migration has changed the store in etcd meanwhile. Run the command again"
                    .to_owned(),
            }),
        }
    }
}
