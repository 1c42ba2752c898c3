//! The thread that carries the log over into the database file.
//!
//! A commit only appends to the write-ahead log: one synchronisation. Carrying the log over takes
//! several, and is done here, beside the writer, every so many pages. There is no timer. A log
//! that is emptied whenever the store is quiet would make the next login wait for twice as many
//! synchronisations, since the first commit after that has to begin the log anew; and an idle
//! daemon would wake up.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::Connection;

use super::schema::failure;
use crate::store::StoreError;

/// A log of so many new pages (16 MiB) is carried over.
const GROWN: usize = 4096;
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
    pages: usize,
}

impl Alarm {
    /// About so many pages were committed.
    pub(super) fn stored(&mut self, pages: usize) {
        self.pages += pages;
        if self.pages >= GROWN {
            self.pages = 0;
            self.grown();
        }
    }

    /// There is a log worth carrying over.
    pub(super) fn grown(&self) {
        self.ring(Wake::Grown);
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
    (Alarm { wake, pages: 0 }, woken)
}

/// Serves until all alarms are gone, then empties the log.
///
/// A checkpoint that fails leaves everything in the log, where it is safe, and the next one tries
/// again. A disk that is broken shows itself to the writer.
pub(super) fn serve(db: &Connection, woken: &Receiver<Wake>) -> Result<(), StoreError> {
    // Emptying waits for readers and shuts the writer out: not for long.
    db.busy_timeout(Duration::from_millis(50))
        .map_err(failure)?;
    while let Ok(why) = woken.recv() {
        let pages = checkpoint(db, "PASSIVE").unwrap_or_default();
        if pages > LONG || matches!(why, Wake::Stuck) {
            let _ = checkpoint(db, "TRUNCATE");
        }
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
