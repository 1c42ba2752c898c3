//! A store in etcd that is filled by one migration, and that no verifier uses yet.
//!
//! Changes are collected, and made together. Each transaction puts the mark anew, on the condition that it is
//! the one of the transaction before. So one that arrives late, of this migration or of an interrupted one,
//! is never made, and nothing else changes the store.

use std::collections::BTreeMap;

use super::change_id::ChangeId;
use super::kv::{Kv, Write};
use super::mark::{Mark, MarkState};
use super::store::EtcdStore;
use super::value::{self, Slot, slot};
use crate::{DocumentId, DocumentKind, KeyId, StoreError};

/// How many keys one transaction changes. etcd takes 128, with the mark.
const MAX_KEYS: usize = 120;
/// How long the values of one transaction are, in bytes, before the last one.
const MAX_BYTES: usize = 512 * 1024;

/// A store that is being filled.
pub(crate) struct Fill<'s, K> {
    store: &'s EtcdStore<K>,
    mark: Mark,
    /// The revision of the mark.
    revision: i64,
    /// The changes that are not made yet; `None` deletes a key.
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl<'s, K: Kv> Fill<'s, K> {
    /// Begins, or goes on, with the store of this id. Nothing that an interrupted migration has sent is made
    /// after this.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] where etcd has another store.
    pub(crate) fn begin(
        store: &'s EtcdStore<K>,
        id: ChangeId,
        key: KeyId,
    ) -> Result<Self, StoreError> {
        let found = store.mark()?;
        let revision = match found {
            None if store.has_accounts()? => return Err(other_store()),
            None => 0,
            // What it has is replaced.
            Some((MarkState::Moved(_), revision)) => revision,
            Some((MarkState::BeingFilled(mark), revision)) if mark.id == id => revision,
            Some((
                MarkState::BeingFilled(_) | MarkState::Complete(_) | MarkState::BeingMoved(..),
                _,
            )) => return Err(other_store()),
        };
        let mark = Mark::new(id, key);
        Ok(Self {
            revision: store.put_mark(MarkState::BeingFilled(mark), revision, Vec::new())?,
            store,
            mark,
            writes: BTreeMap::new(),
            bytes: 0,
        })
    }

    pub(crate) fn store(&self) -> &'s EtcdStore<K> {
        self.store
    }

    /// Puts a record in the place of that of this name, which has the uid `former`.
    pub(crate) fn put_record(
        &mut self,
        user: &str,
        uid: u32,
        sealed: &[u8],
        former: Option<u32>,
    ) -> Result<(), StoreError> {
        if let Some(former) = former.filter(|former| *former != uid) {
            self.drop_owner(former, user)?;
        }
        let (account, owner) = (
            self.store.layout.account(user),
            self.store.layout.owner(uid),
        );
        self.write(owner, Some(user.into()));
        let record = value::record(ChangeId::random()?, uid, sealed);
        self.write(account, Some(record));
        self.make_if_many()
    }

    /// Removes the record of this name, which has this uid.
    pub(crate) fn remove_record(&mut self, user: &str, uid: u32) -> Result<(), StoreError> {
        self.drop_owner(uid, user)?;
        let removal = value::removal(ChangeId::random()?);
        self.write(self.store.layout.account(user), Some(removal));
        self.make_if_many()
    }

    /// Puts a document, or removes it.
    pub(crate) fn change_document(
        &mut self,
        id: &DocumentId,
        sealed: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let change = ChangeId::random()?;
        let value = match sealed {
            Some(sealed) => value::of_document(change, sealed),
            None => value::removal(change),
        };
        let layout = &self.store.layout;
        if id.kind() == DocumentKind::Policy {
            self.write(layout.policy(), Some(change.0.to_vec()));
        }
        self.write(layout.document(id.kind(), id.name()), Some(value));
        self.make_if_many()
    }

    /// Makes the changes that were collected.
    pub(crate) fn make(&mut self) -> Result<(), StoreError> {
        if self.writes.is_empty() {
            return Ok(());
        }
        let writes = std::mem::take(&mut self.writes);
        let write = |(key, value)| match value {
            Some(value) => Write::Put(key, value),
            None => Write::Delete(key),
        };
        self.bytes = 0;
        let writes = writes.into_iter().map(write).collect();
        let state = MarkState::BeingFilled(self.mark);
        self.revision = self.store.put_mark(state, self.revision, writes)?;
        Ok(())
    }

    /// Lets verifiers use the store. All changes must be made.
    pub(crate) fn complete(self) -> Result<Mark, StoreError> {
        let state = MarkState::Complete(self.mark);
        self.store.put_mark(state, self.revision, Vec::new())?;
        Ok(self.mark)
    }

    /// Takes a uid out of the index, unless another name has it by now.
    fn drop_owner(&mut self, uid: u32, user: &str) -> Result<(), StoreError> {
        let owner = self.store.layout.owner(uid);
        let name = match self.writes.get(&owner) {
            Some(pending) => pending.clone(),
            None => {
                let [found] = self.store.get([owner.clone()])?;
                found.map(|found| found.value)
            }
        };
        if name.as_deref() == Some(user.as_bytes()) {
            self.write(owner, None);
        }
        Ok(())
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.writes.insert(key, value);
    }

    fn make_if_many(&mut self) -> Result<(), StoreError> {
        // A record changes three keys at most.
        match self.writes.len() + 3 > MAX_KEYS || self.bytes > MAX_BYTES {
            true => self.make(),
            false => Ok(()),
        }
    }
}

/// The records that are in etcd, in the order of their names.
pub(crate) struct RecordsThere {
    /// What was read and not taken yet, the next one last.
    page: Vec<RecordThere>,
    after: String,
    is_last_page: bool,
}

/// A record in etcd.
pub(crate) struct RecordThere {
    pub(crate) user: String,
    pub(crate) uid: u32,
    pub(crate) sealed: Vec<u8>,
}

impl RecordsThere {
    pub(crate) fn new() -> Self {
        Self {
            page: Vec::new(),
            after: String::new(),
            is_last_page: false,
        }
    }

    /// The next record. Removals are passed over.
    pub(crate) fn next<K: Kv>(
        &mut self,
        store: &EtcdStore<K>,
    ) -> Result<Option<RecordThere>, StoreError> {
        while self.page.is_empty() && !self.is_last_page {
            self.read(store)?;
        }
        Ok(self.page.pop())
    }

    fn read<K: Kv>(&mut self, store: &EtcdStore<K>) -> Result<(), StoreError> {
        let found = store.page_of_accounts(&self.after)?;
        self.is_last_page = !found.more;
        for entry in found.entries {
            self.after = store.layout.user(&entry.key)?;
            if let Slot::Taken(stored) = slot(&self.after, Some(&entry))? {
                self.page.push(RecordThere {
                    user: self.after.clone(),
                    uid: stored.uid,
                    sealed: stored.record().as_bytes().to_vec(),
                });
            }
        }
        self.page.reverse();
        Ok(())
    }
}

fn other_store() -> StoreError {
    StoreError::Superseded {
        why: "etcd has another store under this prefix already, of which this host has not been a verifier. \
              Use another prefix in tfa-fleet.toml, or another etcd"
            .to_owned(),
    }
}
