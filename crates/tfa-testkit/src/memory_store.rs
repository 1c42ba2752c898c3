//! A store in memory.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tfa_store::limits::{self, MAX_STORED_BYTES};
use tfa_store::{
    ByUid, Commit, DocumentChange, DocumentId, DocumentKind, Documents, Move, Page, PolicyStamp,
    Record, Revision, Store, StoreError,
};
use zeroize::Zeroizing;

/// A store in memory. It keeps opaque bytes, and counts its reads.
#[derive(Default)]
pub struct MemoryStore {
    records: Arc<Mutex<Records>>,
    reads: AtomicUsize,
    closed: AtomicBool,
}

#[derive(Default)]
struct Records {
    by_name: BTreeMap<String, Stored>,
    documents: BTreeMap<DocumentId, (Vec<u8>, Revision)>,
    policies: u64,
    last: u64,
}

struct Stored {
    uid: u32,
    revision: Revision,
    bytes: Vec<u8>,
}

impl Stored {
    fn record(&self) -> (Record, Revision) {
        let bytes = Zeroizing::new(self.bytes.clone());
        (Record::new(bytes), self.revision)
    }
}

impl Records {
    fn revision(&self, user: &str) -> Revision {
        let stored = self.by_name.get(user);
        stored.map_or(Revision::NONE, |stored| stored.revision)
    }

    /// Whether a uid has a record under a name that is not one of these.
    fn is_taken(&self, uid: u32, except: &[&str]) -> bool {
        let mut others = self.by_name.iter();
        others.any(|(name, stored)| stored.uid == uid && !except.contains(&name.as_str()))
    }

    fn insert(&mut self, user: &str, uid: u32, bytes: &[u8]) -> Commit {
        self.last += 1;
        let revision = Revision::new(self.last);
        let stored = Stored {
            uid,
            revision,
            bytes: bytes.to_vec(),
        };
        self.by_name.insert(user.to_owned(), stored);
        Commit::Committed(revision)
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another store on the same records, which counts its own reads and is closed by itself.
    #[must_use]
    pub fn another(&self) -> Self {
        Self {
            records: Arc::clone(&self.records),
            ..Self::default()
        }
    }

    /// How often `load`, `find` and `list` were called.
    pub fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn records(&self) -> Result<MutexGuard<'_, Records>, StoreError> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(StoreError::Stopped);
        }
        Ok(self.records.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read(&self) -> Result<MutexGuard<'_, Records>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.records()
    }
}

impl Store for MemoryStore {
    fn load(&self, user: &str) -> Result<Option<(Record, Revision)>, StoreError> {
        limits::check_user(user)?;
        Ok(self.read()?.by_name.get(user).map(Stored::record))
    }

    fn find(&self, uid: u32) -> Result<ByUid, StoreError> {
        let records = self.read()?;
        let found = records.by_name.iter().find(|(_, stored)| stored.uid == uid);
        Ok(found.map_or(ByUid::None, |(name, stored)| {
            let (record, revision) = stored.record();
            ByUid::Found(name.clone(), record, revision)
        }))
    }

    fn commit(
        &self,
        user: &str,
        uid: u32,
        record: &[u8],
        expected: Revision,
    ) -> Result<Commit, StoreError> {
        limits::check_record(user, uid, record, MAX_STORED_BYTES)?;
        let mut records = self.records()?;
        if records.revision(user) != expected
            || (expected == Revision::NONE && records.is_taken(uid, &[]))
        {
            return Ok(Commit::Conflict);
        }
        let stored = records.by_name.get(user);
        if stored.is_some_and(|stored| stored.uid != uid) {
            return Err(StoreError::RecordDamaged {
                user: user.to_owned(),
                why: format!("it is not the record of uid {uid}"),
            });
        }
        Ok(records.insert(user, uid, record))
    }

    fn rename(&self, moves: &[Move<'_>]) -> Result<Commit, StoreError> {
        limits::check_moves(moves, MAX_STORED_BYTES)?;
        let mut records = self.records()?;
        let moving: Vec<&str> = moves.iter().map(|one| one.from).collect();
        let is_conflict = |one: &Move<'_>| {
            records.revision(one.from) != one.expected
                || (!moving.contains(&one.to) && records.revision(one.to) != Revision::NONE)
                || records.is_taken(one.uid, &moving)
        };
        if moves.iter().any(is_conflict) {
            return Ok(Commit::Conflict);
        }
        for one in moves {
            records.by_name.remove(one.from);
        }
        let mut last = Commit::Committed(Revision::NONE);
        for one in moves {
            last = records.insert(one.to, one.uid, one.record);
        }
        Ok(last)
    }

    fn remove(&self, user: &str, expected: Option<Revision>) -> Result<Commit, StoreError> {
        limits::check_user(user)?;
        let mut records = self.records()?;
        if expected.is_some_and(|expected| expected != records.revision(user)) {
            return Ok(Commit::Conflict);
        }
        records.by_name.remove(user);
        Ok(Commit::Committed(Revision::NONE))
    }

    fn list(&self, after: &str, limit: usize) -> Result<Page, StoreError> {
        let (names, more_follow) = self.names(after, limit)?;
        let records = self.read()?;
        let load = |user: &str| Ok(records.by_name.get(user).map(Stored::record));
        Ok(Page::of_names(names, more_follow, load))
    }

    fn names(&self, after: &str, limit: usize) -> Result<(Vec<String>, bool), StoreError> {
        let records = self.read()?;
        let following = (Excluded(after), Unbounded);
        let mut names = records.by_name.range::<str, _>(following);
        let first = names.by_ref().take(limit.max(1));
        let first = first.map(|(name, _)| name.clone()).collect();
        Ok((first, names.next().is_some()))
    }

    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}

impl Documents for MemoryStore {
    fn document(&self, id: &DocumentId) -> Result<Option<(Record, Revision)>, StoreError> {
        let records = self.records()?;
        let found = records.documents.get(id);
        Ok(found.map(|(bytes, revision)| (Record::new(Zeroizing::new(bytes.clone())), *revision)))
    }

    fn documents(
        &self,
        kind: DocumentKind,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let names: Vec<String> = {
            let records = self.records()?;
            let of_kind = records.documents.keys().filter(|id| id.kind() == kind);
            let names = of_kind.map(DocumentId::name);
            let following = names.filter(|name| after.is_none_or(|after| *name > after));
            following.map(str::to_owned).collect()
        };
        let more_follow = names.len() > limit.max(1);
        let names = names.into_iter().take(limit.max(1));
        let load = |name: &str| self.document(&DocumentId::new(kind, name)?);
        Ok(Page::of_names(names, more_follow, load))
    }

    fn change_documents(&self, changes: &[DocumentChange<'_>]) -> Result<Commit, StoreError> {
        limits::check_documents(changes, MAX_STORED_BYTES)?;
        let mut records = self.records()?;
        let is_stale = |one: &DocumentChange<'_>| {
            let stored = records.documents.get(one.id);
            let revision = stored.map_or(Revision::NONE, |(_, revision)| *revision);
            one.expected.is_some_and(|expected| expected != revision)
        };
        if changes.iter().any(is_stale) {
            return Ok(Commit::Conflict);
        }
        records.last += 1;
        let revision = Revision::new(records.last);
        for one in changes {
            if one.id.kind() == DocumentKind::Policy {
                records.policies += 1;
            }
            match one.document {
                Some(bytes) => {
                    let document = (bytes.to_vec(), revision);
                    records.documents.insert(one.id.clone(), document);
                }
                None => drop(records.documents.remove(one.id)),
            }
        }
        Ok(Commit::Committed(revision))
    }
    fn newest_policy(&self) -> Result<PolicyStamp, StoreError> {
        Ok(PolicyStamp::new(self.records()?.policies))
    }

    fn newest_policy_met(&self) -> PolicyStamp {
        self.newest_policy().unwrap_or_default()
    }
}
