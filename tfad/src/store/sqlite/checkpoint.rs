//! The thread that carries the log over into the database file.
//!
//! A commit only appends to the write-ahead log. Carrying it over takes several synchronisations;
//! done beside the writer it delays nobody. When nothing has been written for a while the log is
//! emptied and the thread sleeps until the next commit: an idle daemon wakes up for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::schema::failure;
use crate::store::StoreError;

/// After so many stored changes the log is carried over, some megabytes.
const CHANGES: usize = 1000;
/// After so long without a commit the log is emptied.
const QUIET: Duration = Duration::from_secs(5);
/// A log of so many pages (64 MiB) is emptied even if the writer has to wait for it: under
/// commits without a pause it would otherwise grow for ever.
const LONG: i64 = 16_384;

/// What the writer and the thread both see.
#[derive(Default)]
struct Shared {
    /// Batches committed since the start.
    commits: AtomicU64,
    /// Whether the thread knows that the log is not empty.
    awake: AtomicBool,
}

/// The writer's end: says that there is something in the log.
pub(super) struct Alarm {
    wake: SyncSender<()>,
    shared: Arc<Shared>,
    /// Changes since the last carrying over.
    changes: usize,
}

impl Alarm {
    /// A batch with so many changes was committed.
    pub(super) fn stored(&mut self, changes: usize) {
        self.changes += changes;
        let full = self.changes >= CHANGES;
        self.shared.commits.fetch_add(1, Ordering::SeqCst);
        if !self.shared.awake.swap(true, Ordering::SeqCst) || full {
            // A channel that is full holds a wake-up already.
            let _ = self.wake.try_send(());
        }
        if full {
            self.changes = 0;
        }
    }
}

/// The thread's end.
pub(super) struct Sleeper {
    wake: Receiver<()>,
    shared: Arc<Shared>,
}

pub(super) fn pair() -> (Alarm, Sleeper) {
    let (send, wake) = sync_channel(1);
    let shared = Arc::<Shared>::default();
    (
        Alarm {
            wake: send,
            shared: shared.clone(),
            changes: 0,
        },
        Sleeper { wake, shared },
    )
}

/// Serves until the writer is gone, then empties the log.
pub(super) fn serve(db: &Connection, sleeper: &Sleeper) -> Result<(), StoreError> {
    // Emptying waits for readers with the writer shut out: not for long.
    db.busy_timeout(Duration::from_millis(50))
        .map_err(failure)?;
    // What an earlier run left in the log.
    let mut written = true;
    let mut seen = 0;
    loop {
        let wake = if written {
            sleeper.wake.recv_timeout(QUIET)
        } else {
            sleeper.wake.recv().map_err(RecvTimeoutError::from)
        };
        // A checkpoint that fails leaves everything in the log, where it is safe, and the next one
        // tries again; a disk that is broken shows itself to the writer.
        match wake {
            Ok(()) => {
                written = true;
                if let Ok(pages) = checkpoint(db, "PASSIVE")
                    && pages > LONG
                {
                    let _ = checkpoint(db, "TRUNCATE");
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let commits = sleeper.shared.commits.load(Ordering::SeqCst);
                if commits != seen {
                    seen = commits;
                    continue;
                }
                // First the flag: a commit from here on wakes the thread again.
                sleeper.shared.awake.store(false, Ordering::SeqCst);
                let _ = checkpoint(db, "TRUNCATE");
                written = false;
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = checkpoint(db, "TRUNCATE");
                return Ok(());
            }
        }
    }
}

/// The length of the log in pages after a checkpoint of this kind.
fn checkpoint(db: &Connection, kind: &str) -> rusqlite::Result<i64> {
    db.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| {
        row.get(1)
    })
}
