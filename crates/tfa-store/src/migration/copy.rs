//! Makes the records in etcd those of a database: both come in the order of their names.

use std::collections::HashSet;

use super::MigrationError;
use crate::StoreError;
use crate::etcd::{Fill, Kv, RecordThere, RecordsThere};
use crate::limits::{MAX_STORED_BYTES, check_record};

/// How many damaged records are named.
const MAX_DAMAGED: usize = 100;

/// Makes the records in etcd those that are added, in the order of their names.
pub(super) struct Copy<'c, 's, K> {
    fill: &'c mut Fill<'s, K>,
    there: RecordsThere,
    /// The next record in etcd; `None` before it is read.
    next: Option<Option<RecordThere>>,
    uids: HashSet<u32>,
    damaged: Vec<String>,
    pub(super) records: u64,
    changes: u64,
}

impl<'c, 's, K: Kv> Copy<'c, 's, K> {
    pub(super) fn new(fill: &'c mut Fill<'s, K>) -> Self {
        Self {
            fill,
            there: RecordsThere::new(),
            next: None,
            uids: HashSet::new(),
            damaged: Vec::new(),
            records: 0,
            changes: 0,
        }
    }

    /// The next record in etcd, if its name is not after this one.
    fn take_until(&mut self, user: Option<&str>) -> Result<Option<RecordThere>, StoreError> {
        let next = match self.next.take() {
            Some(next) => next,
            None => self.there.next(self.fill.store())?,
        };
        match (next, user) {
            (Some(there), Some(user)) if there.user.as_str() > user => {
                self.next = Some(Some(there));
                Ok(None)
            }
            (None, _) => {
                self.next = Some(None);
                Ok(None)
            }
            (there, _) => Ok(there),
        }
    }

    /// Adds the next record.
    pub(super) fn add(&mut self, user: &str, uid: u32, sealed: &[u8]) -> Result<(), StoreError> {
        self.records += 1;
        if check_record(user, uid, sealed, MAX_STORED_BYTES).is_err() || !self.uids.insert(uid) {
            self.damaged.push(user.to_owned());
            self.damaged.truncate(MAX_DAMAGED);
            return Ok(());
        }
        let mut former = None;
        while let Some(there) = self.take_until(Some(user))? {
            if there.user != user {
                self.remove(&there)?;
                continue;
            }
            if there.uid == uid && there.sealed == sealed {
                return Ok(());
            }
            former = Some(there.uid);
            break;
        }
        self.changes += 1;
        self.fill.put_record(user, uid, sealed, former)
    }

    fn remove(&mut self, there: &RecordThere) -> Result<(), StoreError> {
        self.changes += 1;
        self.fill.remove_record(&there.user, there.uid)
    }

    /// Ends after the last record. Returns how many changes there were.
    pub(super) fn finish(mut self) -> Result<u64, MigrationError> {
        while let Some(there) = self.take_until(None)? {
            self.remove(&there)?;
        }
        match self.damaged.is_empty() {
            true => Ok(self.changes),
            false => Err(MigrationError::RecordsDamaged(self.damaged)),
        }
    }
}
