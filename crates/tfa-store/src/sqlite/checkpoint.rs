//! The thread that looks after the write-ahead log.
//!
//! A commit only writes to the log: one synchronisation. This thread does the rest beside the
//! writer. It carries the log over into the database file, which takes several synchronisations,
//! every so many pages. And it keeps room in the log file ahead of the writer, in memory: where a
//! commit makes the file longer, the file system has to write its own journal too, and where the
//! writer comes to a page that is not in memory, that is read first.
//!
//! There is no timer. A log that is emptied whenever the store is quiet would make the next login
//! wait for one synchronisation more, since the first commit after that begins the log anew; and an
//! idle daemon would wake up.

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

use super::schema::failure;
use crate::StoreError;

/// The thread looks at the log after so many new pages.
const STEP: usize = 8;
/// A log of so many new pages (8 MiB) is carried over.
const GROWN: i64 = 2048;
/// A log of so many pages (64 MiB) begins anew even if the writer has to wait for it: under commits
/// without a pause it would otherwise grow for ever.
const LONG: i64 = 16_384;
/// How many pages of room there are at least, and as many more as the log has: the writer goes
/// on while more is made, and who has written much may be writing fast.
const ROOM: i64 = 64;
/// A page in the log, in bytes, with its header; and the log's own header is shorter.
const FRAME: i64 = 4096 + 24;
/// How many bytes the log file is made longer in one go, while the writer has to wait.
const PIECE: usize = 32 * 1024;

/// The writer's end.
#[derive(Clone)]
pub(super) struct Alarm {
    wake: SyncSender<()>,
    stuck: Arc<AtomicBool>,
    pages: usize,
}

/// The thread's end.
pub(super) struct Woken {
    wakes: Receiver<()>,
    stuck: Arc<AtomicBool>,
}

impl Alarm {
    /// About so many pages were committed.
    pub(super) fn stored(&mut self, pages: usize) {
        self.pages += pages;
        if self.pages >= STEP {
            self.pages = 0;
            self.ring();
        }
    }

    /// A batch was not committed: an emptied log may give the space back that it takes.
    pub(super) fn stuck(&self) {
        self.stuck.store(true, Ordering::Release);
        self.ring();
    }

    fn ring(&self) {
        // A channel that is full holds a wake-up already.
        let _ = self.wake.try_send(());
    }
}

/// An alarm, and what it rings at.
pub(super) fn alarm() -> (Alarm, Woken) {
    let (wake, wakes) = sync_channel(1);
    let stuck = Arc::new(AtomicBool::new(false));
    let woken = Woken {
        wakes,
        stuck: Arc::clone(&stuck),
    };
    let alarm = Alarm {
        wake,
        stuck,
        pages: 0,
    };
    (alarm, woken)
}

/// Serves until all alarms are gone, then empties the log. One that an earlier run `left` is carried
/// over first.
///
/// What fails here leaves everything in the log, where it is safe, and is tried again. A disk that
/// is broken shows itself to the writer.
pub(super) fn serve(
    db: &Connection,
    log: &Path,
    left: bool,
    woken: &Woken,
) -> Result<(), StoreError> {
    // Beginning anew waits for readers and shuts the writer out: not for long.
    db.busy_timeout(Duration::from_millis(50))
        .map_err(failure)?;
    if left {
        let _ = checkpoint(db, "PASSIVE");
    }
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(O_NOFOLLOW)
        .open(log);
    let keep_room = |pages| match &file {
        Ok(file) => make_room(db, file, pages),
        Err(_) => Ok(()),
    };
    let _ = keep_room(0);
    while woken.wakes.recv().is_ok() {
        if woken.stuck.swap(false, Ordering::Acquire) {
            let _ = checkpoint(db, "TRUNCATE");
            continue;
        }
        let Ok(Length { pages, carried }) = checkpoint(db, "NOOP") else {
            continue;
        };
        if pages - carried >= GROWN {
            let _ = checkpoint(db, if pages > LONG { "RESTART" } else { "PASSIVE" });
        }
        let _ = keep_room(pages.max(0));
    }
    let _ = checkpoint(db, "TRUNCATE");
    Ok(())
}

/// How long the log is, and how much of it is in the database file, both in pages.
struct Length {
    pages: i64,
    carried: i64,
}

/// The log after a checkpoint of this kind.
fn checkpoint(db: &Connection, kind: &str) -> rusqlite::Result<Length> {
    db.query_row(&format!("PRAGMA wal_checkpoint({kind})"), [], |row| {
        Ok(Length {
            pages: row.get(1)?,
            carried: row.get(2)?,
        })
    })
}

/// Makes the log file longer with zeros, which are no log: SQLite takes a page for one only by its
/// checksum. Where the log begins anew the file keeps its length.
fn make_room(db: &Connection, file: &File, pages: i64) -> io::Result<()> {
    let ahead = pages.min(GROWN) + ROOM;
    let wanted = u64::try_from((pages + ahead) * FRAME).unwrap_or(0);
    let mut added = false;
    while file.metadata()?.len() < wanted {
        // Alone with the file: nobody's commit may land where the zeros go.
        let alone = db
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(io::Error::other);
        alone?;
        let end = file.metadata()?.len();
        let written = file.write_all_at(&[0; PIECE], end);
        let _ = db.execute_batch("ROLLBACK");
        written?;
        added = true;
    }
    if added {
        file.sync_all()?;
    }
    posix_fadvise(file, pages * FRAME, ROOM * FRAME, POSIX_FADV_WILLNEED)?;
    Ok(())
}
