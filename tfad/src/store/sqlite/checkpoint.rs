//! The thread that carries the log over into the database file.
//!
//! A commit only appends to the write-ahead log: one synchronisation. Carrying the log over takes
//! several, and is done here, beside the writer, every so many changes. There is no timer. A log
//! that is emptied whenever the store is quiet would make the next login wait for twice as many
//! synchronisations, since the first commit after that has to begin the log anew; and an idle
//! daemon would wake up.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::schema::failure;
use crate::store::StoreError;

/// After so many stored changes the log is carried over: some megabytes.
const CHANGES: usize = 1000;
/// A log of so many pages (64 MiB) is emptied even if the writer has to wait for it: under commits
/// without a pause it would otherwise grow for ever.
const LONG: i64 = 16_384;

/// What the thread is woken for.
#[derive(Clone, Copy)]
pub(super) enum Wake {
    /// The log has grown.
    Grown,
    /// Something could not be written: an emptied log may give the space back that it takes.
    Stuck,
}

/// The writer's end.
#[derive(Clone)]
pub(super) struct Alarm {
    wake: SyncSender<Wake>,
    changes: usize,
}

impl Alarm {
    /// So many changes were committed.
    pub(super) fn stored(&mut self, changes: usize) {
        self.changes += changes;
        if self.changes >= CHANGES {
            self.changes = 0;
            self.ring(Wake::Grown);
        }
    }

    /// A batch was not committed.
    pub(super) fn stuck(&self) {
        self.ring(Wake::Stuck);
    }

    fn ring(&self, wake: Wake) {
        // A channel that is full holds a wake-up already.
        let _ = self.wake.try_send(wake);
    }
}

/// An alarm, and what it rings at.
pub(super) fn alarm() -> (Alarm, Receiver<Wake>) {
    let (wake, woken) = sync_channel(1);
    (Alarm { wake, changes: 0 }, woken)
}

/// Carries over what an earlier run left, then serves until all alarms are gone, then empties the
/// log.
///
/// A checkpoint that fails leaves everything in the log, where it is safe, and the next one tries
/// again. A disk that is broken shows itself to the writer.
pub(super) fn serve(db: &Connection, woken: &Receiver<Wake>) -> Result<(), StoreError> {
    // Emptying waits for readers and shuts the writer out: not for long.
    db.busy_timeout(Duration::from_millis(50))
        .map_err(failure)?;
    let mut wake = Ok(Wake::Grown);
    while let Ok(why) = wake {
        let pages = checkpoint(db, "PASSIVE").unwrap_or_default();
        if pages > LONG || matches!(why, Wake::Stuck) {
            let _ = checkpoint(db, "TRUNCATE");
        }
        wake = woken.recv();
    }
    let _ = checkpoint(db, "TRUNCATE");
    Ok(())
}

/// The length of the log in pages after a checkpoint of this kind.
fn checkpoint(db: &Connection, kind: &str) -> rusqlite::Result<i64> {
    db.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| {
        row.get(1)
    })
}
