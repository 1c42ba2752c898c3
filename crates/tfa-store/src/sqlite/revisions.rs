//! Revisions, which are reserved in blocks.
//!
//! The first commit that needs a block moves the reserved revision in the database to the end of the
//! block, in its own transaction. The others take their revisions from memory, and so write one page
//! instead of two. What is left of a block when the writer ends is never given.
//!
//! A block is valid while the database holds the revision that this writer reserved, which each
//! transaction checks. If another process has reserved more, a new block is reserved after that. So
//! revisions grow in the order of the commits, whichever process makes them.

use super::error::damaged;
use super::meta::Meta;
use crate::StoreError;

/// How many revisions are reserved at once. With a thousand the cost is negligible; the 63 bits of a
/// revision suffice for a block each microsecond for 290 years.
const BLOCK: i64 = 1000;

/// The block of this writer.
#[derive(Clone, Copy, Default)]
pub(super) struct Revisions {
    /// The last revision that was taken, even for a change that was rolled back.
    taken: i64,
    /// The end of the last block that this writer reserved.
    reserved: i64,
}

impl Revisions {
    /// The next revision. It may reserve a block, in `meta`.
    pub(super) fn take(&mut self, meta: &mut Meta) -> Result<i64, StoreError> {
        if let Some(revision) = self.take_reserved(meta) {
            return Ok(revision);
        }
        self.taken = self.taken.max(meta.revision);
        let Some(end) = self.taken.checked_add(BLOCK) else {
            return damaged(format!("it has counted {} revisions", self.taken));
        };
        (self.reserved, meta.revision) = (end, end);
        self.taken += 1;
        Ok(self.taken)
    }

    /// The next revision, if none has to be reserved.
    pub(super) fn take_reserved(&mut self, meta: &Meta) -> Option<i64> {
        if meta.revision != self.reserved || self.taken >= self.reserved {
            return None;
        }
        self.taken += 1;
        Some(self.taken)
    }

    /// Gives up what was reserved since: it was not committed, and another process may reserve it.
    pub(super) fn roll_back_to(&mut self, before: Self) {
        self.reserved = before.reserved;
    }
}
