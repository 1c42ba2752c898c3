//! Documents in etcd: one key for each.

use super::attempt::{CommitAttempt, Outcome};
use super::change_id::ChangeId;
use super::kv::{Compare, Entry, Kv, RangeReply, Txn, Write};
use super::reads::{CHUNK, record_of};
use super::store::{EtcdStore, MAX_ROUNDS, contended};
use super::value;
use crate::documents::{check_changes, exists};
use crate::limits::{self, MAX_STORED_BYTES};
use crate::{
    Commit, DocumentChange, DocumentId, DocumentKind, Documents, Page, PolicyStamp, ReadTogether,
    Record, RecordRead, Revision, StoreError,
};

impl<K: Kv> Documents for EtcdStore<K> {
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        let _open = self.enter()?;
        let [entry] = self.get([self.layout.document(id.kind(), id.name())])?;
        value::document(id, entry.as_ref())
    }

    fn read_together(
        &self,
        id: &DocumentId,
        other: &DocumentId,
        names: &[&str],
    ) -> Result<ReadTogether, StoreError> {
        let _open = self.enter()?;
        let key = |id: &DocumentId| self.layout.document(id.kind(), id.name());
        // A name that no record can have is an error of the load alone.
        let names = names.iter().copied();
        let names: Vec<&str> = names
            .filter(|name| limits::check_user(name).is_ok())
            .collect();
        let mut keys = vec![key(id), key(other)];
        keys.extend(names.iter().map(|name| self.layout.account(name)));
        let (found, policy) = self.get_with_policy(keys)?;
        let mut found = found.into_iter();
        let mut next = || found.next().flatten();
        let (document, beside) = (next(), next());
        let records = names.iter().map(|name| {
            let entry = next();
            ((*name).to_owned(), record_of(name, entry.as_ref()))
        });
        let records: Vec<_> = records.collect();
        Ok(ReadTogether {
            document: value::document(id, document.as_ref())?,
            other_exists: exists(value::document(other, beside.as_ref()))?,
            record: (!records.is_empty()).then(|| RecordRead::new(policy, records)),
        })
    }

    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let _open = self.enter()?;
        let limit = limit.clamp(1, CHUNK);
        let range = self.layout.documents_after(kind, after, limit);
        let (entries, more) = self.named(range, &self.layout.document(kind, ""))?;
        let load = |name: &str| value::document(&DocumentId::new(kind, name)?, entries.get(name));
        Ok(Page::of_names(entries.keys().cloned(), more, load))
    }

    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        check_changes(changes, MAX_STORED_BYTES)?;
        let _open = self.enter()?;
        let Some(first) = changes.first() else {
            return Ok(Commit::Committed(Revision::NONE));
        };
        let key = |one: &DocumentChange<'_>| self.layout.document(one.id.kind(), one.id.name());
        let keys: Vec<Vec<u8>> = changes.iter().map(key).collect();
        for _ in 0..MAX_ROUNDS {
            let found = self.get_all(keys.clone())?;
            for (one, entry) in changes.iter().zip(&found) {
                let current = value::document_revision(entry.as_ref());
                if one.expected.is_some_and(|expected| expected != current) {
                    return Ok(Commit::Conflict);
                }
            }
            let attempt = self.change(changes, &keys, &found)?;
            if let Outcome::Applied(revision) = self.make(attempt)? {
                if is_of_policy(changes) {
                    self.policies.meet(revision.get());
                }
                return Ok(Commit::Committed(revision));
            }
        }
        Err(contended(&first.id.to_string()))
    }

    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        let _open = self.enter()?;
        self.look_at_policy()?;
        Ok(self.newest_policy_met())
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        self.policies.newest()
    }
}

impl<K: Kv> EtcdStore<K> {
    /// Refuses where there is a document of a kind that this version does not know.
    pub(crate) fn refuse_unknown_documents(&self) -> Result<(), StoreError> {
        let folders = DocumentKind::ALL.map(|kind| self.layout.document(kind, ""));
        let mut after = Vec::new();
        loop {
            let RangeReply { entries, more } = self.chunk(CHUNK, |limit| {
                self.layout.any_documents_after(&after, limit)
            })?;
            for entry in entries {
                if !folders.iter().any(|folder| entry.key.starts_with(folder)) {
                    return Err(StoreError::Superseded {
                        why: "etcd has documents of a newer tfad, which would be lost: install that one \
                              on this host first"
                            .to_owned(),
                    });
                }
                after = entry.key;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// The transaction that makes these changes if the keys are still as they were found.
    fn change(
        &self,
        changes: &[DocumentChange<'_>],
        keys: &[Vec<u8>],
        found: &[Option<Entry>],
    ) -> Result<CommitAttempt, StoreError> {
        let id = ChangeId::random()?;
        let compare = |(key, entry): (&Vec<u8>, &Option<Entry>)| {
            Compare::Revision(key.clone(), entry.as_ref().map_or(0, |it| it.revision))
        };
        let write = |(key, one): (&Vec<u8>, &DocumentChange<'_>)| {
            let value = match one.document {
                Some(document) => value::of_document(id, document),
                None => value::removal(id),
            };
            Write::Put(key.clone(), value)
        };
        let of_policy = is_of_policy(changes);
        let stamp = of_policy.then(|| Write::Put(self.layout.policy(), id.0.to_vec()));
        let txn = Txn {
            compares: keys.iter().zip(found).map(compare).collect(),
            then: keys.iter().zip(changes).map(write).chain(stamp).collect(),
            otherwise: keys.first().cloned().into_iter().collect(),
        };
        Ok(CommitAttempt::new(id, txn))
    }
}

fn is_of_policy(changes: &[DocumentChange<'_>]) -> bool {
    changes
        .iter()
        .any(|one| one.id.kind() == DocumentKind::Policy)
}
