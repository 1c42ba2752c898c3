//! The cost of one durable write on the file system of the daemon's store.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::statistics::{Rate, Times};
use tfa_tests::OrFail;

/// The content of one write.
const BLOCK: [u8; 4096] = [0x5a; 4096];

/// The number of blocks of the file that is written in place.
const BLOCKS: u64 = 256;

/// The file that is written.
pub(crate) struct Disk {
    file: File,
    next: u64,
}

impl Disk {
    /// Creates the file. All its blocks are allocated and on disk: this is the cheapest durable write.
    pub(crate) fn new() -> Self {
        let path = Path::new("/var/lib/tfa-bench/in-place");
        let file = File::create(path).or_fail(&format!("create {}", path.display()));
        for block in 0..BLOCKS {
            file.write_all_at(&BLOCK, block * BLOCK.len() as u64)
                .or_fail("write to the disk");
        }
        file.sync_all().or_fail("synchronize the disk");
        Self { file, next: 0 }
    }

    /// Writes 4 KiB in place and synchronizes.
    pub(crate) fn write_in_place(&mut self) -> Duration {
        let place = self.next % BLOCKS * BLOCK.len() as u64;
        self.next += 1;
        let start = Instant::now();
        self.file
            .write_all_at(&BLOCK, place)
            .and_then(|()| self.file.sync_data())
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
}
