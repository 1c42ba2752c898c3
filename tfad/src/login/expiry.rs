//! Ends dialogs that have waited too long. A dialog of this host ends with its connection; one of a member has none.
//!
//! The thread exists while there are dialogs, so that an idle daemon does not wake up. It sleeps until the next dialog
//! ends, and is woken for one that begins later and ends earlier.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::Instant;

use super::sessions::Sessions;

/// The thread that ends dialogs.
pub(super) struct Watcher {
    thread: Thread,
    /// When it looks again by itself.
    looks_at: Instant,
}

impl Watcher {
    /// When it looks again by itself.
    #[cfg(test)]
    pub(super) fn looks_at(&self) -> Instant {
        self.looks_at
    }

    /// A dialog ends then.
    pub(super) fn expect(&self, end: Instant) {
        if end < self.looks_at {
            self.thread.unpark();
        }
    }
}

/// Sees to it that dialogs end when they have waited too long. `sessions` are those of `of`, locked.
pub(super) fn watch(of: &Arc<Mutex<Sessions>>, sessions: &mut Sessions) {
    if sessions.watcher.is_some() {
        return;
    }
    let of = Arc::downgrade(of);
    let thread = thread::Builder::new().name("expiry".to_owned());
    // Without a thread, they end with the next dialog that begins.
    let spawned = thread.spawn(move || end_expired(&of)).ok();
    sessions.watcher = spawned.map(|spawned| Watcher {
        thread: spawned.thread().clone(),
        looks_at: Instant::now(),
    });
}

fn end_expired(of: &Weak<Mutex<Sessions>>) {
    while let Some(sessions) = of.upgrade() {
        let next = {
            let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let next = sessions.end_expired(Instant::now());
            sessions.watcher = sessions
                .watcher
                .take()
                .zip(next)
                .map(|(watcher, looks_at)| Watcher {
                    looks_at,
                    ..watcher
                });
            next
        };
        drop(sessions);
        match next {
            // Also after a look that has come since.
            Some(next) => thread::park_timeout(next.saturating_duration_since(Instant::now())),
            None => return,
        }
    }
}
