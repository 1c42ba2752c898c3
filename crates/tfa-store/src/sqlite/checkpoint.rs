//! The thread that checkpoints the write-ahead log.
//!
//! A commit only writes to the log: one synchronisation. This thread does the rest beside the commits.
//! After a number of pages it copies the log into the database file, which takes several
//! synchronisations. And it keeps allocated space in the log file ahead of the writer, in memory: a
//! commit that makes the file longer makes the file system write its own journal too, and a page that
//! is not in memory is read before it is written.
//!
//! There is no timer. If the log were emptied when the store is idle, the next login would wait for one
//! more synchronisation, because the first commit after that restarts the log. And an idle daemon would
//! wake up.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use nix::fcntl::PosixFadviseAdvice::POSIX_FADV_WILLNEED;
use nix::fcntl::posix_fadvise;
use nix::libc::O_NOFOLLOW;
use rusqlite::Connection;

use super::change::PAGE_BYTES;
use super::error::cause;
use crate::StoreError;

/// After how many committed pages the thread looks at the log: half of [`MIN_FREE_PAGES`].
const PAGES_PER_CHECK: usize = 32;
/// How many pages of the log that are not in the database file cause a checkpoint (8 MiB).
const CHECKPOINT_PAGES: i64 = 2048;
/// How many pages a log may have (64 MiB) before it is restarted even though the writer has to wait:
/// under commits without a pause it would grow without limit.
const MAX_LOG_PAGES: i64 = 16_384;
/// How many pages are allocated ahead of the writer at least. As many more are allocated as the log
/// has: the writer continues meanwhile, and may be writing fast.
const MIN_FREE_PAGES: i64 = 64;
/// A page in the log with its header, in bytes. The header of the log is shorter than that.
const FRAME_BYTES: i64 = PAGE_BYTES as i64 + 24;
/// By how many bytes the log file grows in one step. The writer waits for a step.
const STEP_BYTES: usize = 128 * 1024;

/// How long a checkpoint waits for readers, while the writer waits for the checkpoint.
const BUSY_TIMEOUT: Duration = Duration::from_millis(50);
/// How often the log is tried to be emptied: for five seconds, between which commits go on.
const TRIES: usize = 50;

/// The writer's end.
#[derive(Clone)]
pub(super) struct CheckpointHandle {
    wake: SyncSender<()>,
    free_space: Arc<AtomicBool>,
    pages: usize,
}

/// The thread's end.
pub(super) struct CheckpointRequests {
    wakes: Receiver<()>,
    free_space: Arc<AtomicBool>,
}

impl CheckpointHandle {
    /// Reports that about so many pages were committed.
    pub(super) fn committed(&mut self, pages: usize) {
        self.pages += pages;
        if self.pages >= PAGES_PER_CHECK {
            self.pages = 0;
            self.wake();
        }
    }

    /// Reports that a batch could not be written: the log is emptied, which may free space.
    pub(super) fn free_space(&self) {
        self.free_space.store(true, Ordering::Release);
        self.wake();
    }

    fn wake(&self) {
        // A full channel already holds a wake-up.
        let _ = self.wake.try_send(());
    }
}

/// Both ends.
pub(super) fn channel() -> (CheckpointHandle, CheckpointRequests) {
    let (wake, wakes) = sync_channel(1);
    let free_space = Arc::new(AtomicBool::new(false));
    let requests = CheckpointRequests {
        wakes,
        free_space: Arc::clone(&free_space),
    };
    let handle = CheckpointHandle {
        wake,
        free_space,
        pages: 0,
    };
    (handle, requests)
}

/// Serves until all handles are dropped, then empties the log. A log that exists at the start is
/// checkpointed first.
///
/// After a failure everything is still in the log, where it is safe, and the next request tries again.
/// A broken disk shows itself to the writer.
pub(super) fn serve(
    db: &Connection,
    log: &Path,
    has_log: bool,
    requests: &CheckpointRequests,
) -> Result<(), StoreError> {
    db.busy_timeout(BUSY_TIMEOUT).map_err(cause)?;
    if has_log {
        let _ = checkpoint(db, "PASSIVE");
    }
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(O_NOFOLLOW)
        .open(log);
    let allocate = |pages| match &file {
        Ok(file) => allocate_ahead(db, file, pages),
        Err(_) => Ok(()),
    };
    let _ = allocate(0);
    while requests.wakes.recv().is_ok() {
        if requests.free_space.swap(false, Ordering::Acquire) {
            let _ = checkpoint(db, "TRUNCATE");
            continue;
        }
        let Ok(LogLength { pages, copied }) = checkpoint(db, "NOOP") else {
            continue;
        };
        if pages - copied >= CHECKPOINT_PAGES {
            let _ = checkpoint(
                db,
                if pages > MAX_LOG_PAGES {
                    "RESTART"
                } else {
                    "PASSIVE"
                },
            );
        }
        let _ = allocate(pages.max(0));
    }
    let _ = checkpoint(db, "TRUNCATE");
    Ok(())
}

/// Copies the whole log into the database file, and empties it. What commits have replaced is in neither
/// then.
pub(super) fn empty(db: &Connection) -> Result<(), StoreError> {
    db.busy_timeout(BUSY_TIMEOUT).map_err(cause)?;
    for _ in 0..TRIES {
        let is_busy: bool = db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(cause)?;
        if !is_busy {
            return Ok(());
        }
        std::thread::sleep(BUSY_TIMEOUT);
    }
    Err(StoreError::Busy {
        why: "a program, such as a backup, goes on reading an old state of the database. When it has \
              ended, run `tfactl key rotate` again for the last step"
            .to_owned(),
    })
}

/// The length of the log, and how much of it is in the database file, both in pages.
struct LogLength {
    pages: i64,
    copied: i64,
}

/// Makes a checkpoint of this kind, and returns the length of the log after it.
fn checkpoint(db: &Connection, kind: &str) -> rusqlite::Result<LogLength> {
    db.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| {
        Ok(LogLength {
            pages: row.get(1)?,
            copied: row.get(2)?,
        })
    })
}

/// Extends the log file with zeros. SQLite recognises a page of the log by its checksum, so zeros are
/// none. The file keeps its length when the log restarts.
fn allocate_ahead(db: &Connection, file: &File, pages: i64) -> io::Result<()> {
    let ahead = pages.min(CHECKPOINT_PAGES) + MIN_FREE_PAGES;
    let wanted = u64::try_from((pages + ahead) * FRAME_BYTES).unwrap_or(0);
    let mut added = false;
    while file.metadata()?.len() < wanted {
        // In a transaction, so that no commit is written where the zeros go.
        db.execute_batch("BEGIN IMMEDIATE")
            .map_err(io::Error::other)?;
        let end = file.metadata()?.len();
        let written = file.write_all_at(&[0; STEP_BYTES], end);
        let _ = db.execute_batch("ROLLBACK");
        written?;
        added = true;
    }
    if added {
        file.sync_all()?;
    }
    posix_fadvise(
        file,
        pages * FRAME_BYTES,
        MIN_FREE_PAGES * FRAME_BYTES,
        POSIX_FADV_WILLNEED,
    )?;
    Ok(())
}
