//! Ends dialogs that have waited too long. A dialog of this host ends with its connection; one of a member has none.
//!
//! The thread exists while there are dialogs, so that an idle daemon does not wake up.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::Instant;

use super::sessions::Sessions;

/// Sees to it that dialogs end when they have waited too long. `sessions` are those of `of`, locked.
pub(super) fn watch(of: &Arc<Mutex<Sessions>>, sessions: &mut Sessions) {
    if sessions.is_watched {
        return;
    }
    let of = Arc::downgrade(of);
    let thread = thread::Builder::new().name("expiry".to_owned());
    // Without a thread, they end with the next dialog that begins.
    sessions.is_watched = thread.spawn(move || end_expired(&of)).is_ok();
}

fn end_expired(of: &Weak<Mutex<Sessions>>) {
    while let Some(sessions) = of.upgrade() {
        let next = {
            let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let next = sessions.end_expired(Instant::now());
            sessions.is_watched = next.is_some();
            next
        };
        drop(sessions);
        match next {
            Some(next) => thread::sleep(next.saturating_duration_since(Instant::now())),
            None => return,
        }
    }
}
