//! The cost of one durable write on the file system of the daemon's store.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use crate::statistics::{Rate, Times};
use tfa_tests::OrFail;

/// The content of one write.
const BLOCK: [u8; 4096] = [0x5a; 4096];

/// The number of blocks of the file that is written in place.
const BLOCKS: u64 = 256;

/// The two files that are written.
pub(crate) struct Disk {
    in_place: File,
    next: u64,
    append: File,
}

impl Disk {
    /// Creates the files. All blocks of the file that is written in place are allocated and on disk:
    /// this is the cheapest durable write.
    pub(crate) fn new() -> Self {
        let create = |name: &str| {
            let path = std::path::Path::new("/var/lib/tfa-bench").join(name);
            File::create(&path).or_fail(&format!("create {}", path.display()))
        };
        let in_place = create("in-place");
        for block in 0..BLOCKS {
            in_place
                .write_all_at(&BLOCK, block * BLOCK.len() as u64)
                .or_fail("write to the disk");
        }
        in_place.sync_all().or_fail("synchronize the disk");
        Self {
            in_place,
            next: 0,
            append: create("append"),
        }
    }

    /// Writes 4 KiB in place and synchronizes.
    pub(crate) fn write_in_place(&mut self) -> Duration {
        let place = self.next % BLOCKS * BLOCK.len() as u64;
        self.next += 1;
        let start = Instant::now();
        self.in_place
            .write_all_at(&BLOCK, place)
            .and_then(|()| self.in_place.sync_data())
            .or_fail("write to the disk");
        start.elapsed()
    }

    /// Writes in place, without a pause, for this time.
    pub(crate) fn rate(&mut self, time: Duration) -> Rate {
        let start = Instant::now();
        let mut times = Times::default();
        while start.elapsed() < time {
            times.push(self.write_in_place());
        }
        Rate {
            elapsed: start.elapsed(),
            times,
        }
    }

    /// Writes 4 KiB at the end of a growing file and synchronizes.
    pub(crate) fn append(&mut self) -> Duration {
        let start = Instant::now();
        self.append
            .write_all(&BLOCK)
            .and_then(|()| self.append.sync_data())
            .or_fail("write to the disk");
        start.elapsed()
    }
}
