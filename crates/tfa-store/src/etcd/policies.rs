//! Which policy is the newest one that a read has met.

use std::sync::atomic::{AtomicU64, Ordering};

use super::kv::Entry;
use crate::{PolicyStamp, StoreError};

/// The greatest revision that the key `policy` had in a read. Each change of the policy puts that key, so
/// its revision tells that there is another one.
#[derive(Default)]
pub(super) struct Policies(AtomicU64);

impl Policies {
    pub(super) fn newest(&self) -> PolicyStamp {
        PolicyStamp::new(self.0.load(Ordering::Acquire))
    }

    /// Takes the revision of a policy. Returns whether none was met before that is newer.
    pub(super) fn meet(&self, revision: u64) -> bool {
        self.0.fetch_max(revision, Ordering::AcqRel) <= revision
    }

    /// As [`Self::meet`], with what a read has found at the key.
    pub(super) fn meet_entry(&self, entry: Option<&Entry>) -> bool {
        self.meet(revision(entry))
    }
}

/// The policy of a read that has found this at the key.
pub(super) fn stamp(entry: Option<&Entry>) -> PolicyStamp {
    PolicyStamp::new(revision(entry))
}

fn revision(entry: Option<&Entry>) -> u64 {
    entry.map_or(0, |entry| entry.revision.unsigned_abs())
}

/// The error of an etcd that has an older policy than it had.
pub(super) fn went_back() -> StoreError {
    StoreError::Superseded {
        why: "etcd has an older policy than tfad has read from it. Logins are refused. If the data of \
              etcd was brought back from an older copy, restart tfad on every verifier"
            .to_owned(),
    }
}
