//! A log in memory, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Entry, Journal};

/// The entries of a log that no log daemon takes.
#[derive(Clone, Default)]
pub struct MemoryLog(Arc<Mutex<Vec<Entry>>>);

impl MemoryLog {
    /// Removes and returns the entries, after `journal` has sent its last ones here.
    #[must_use]
    pub fn take(&self, journal: &Journal) -> Vec<Entry> {
        journal.flush();
        std::mem::take(&mut self.entries())
    }

    pub(super) fn add(&self, entry: &Entry) {
        self.entries().push(entry.clone());
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
