//! What stat(2) tells about one file.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, FileType, Statx, StatxFlags, statfs, statx};
use rustix::io::{Errno, Result};

/// How long a file must be unchanged. Two changes within one tick of the kernel's clock have the same time
/// stamp, so that a file which has just changed may change again unseen.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// `/dev/null`: null(4).
const NULL_DEVICE: (u32, u32) = (1, 3);
/// The file systems of this kernel that set the time of change of a file at each change of it: ext2 to ext4, XFS,
/// Btrfs, F2FS, ZFS, tmpfs, overlayfs, SquashFS and EROFS. Of a network file system another host sets it, by its own clock,
/// and of FUSE a program.
const EXACT_FILE_SYSTEMS: [u32; 9] = [
    0x0000_EF53,
    0x5846_5342,
    0x9123_683E,
    0xF2F5_2010,
    0x2FC1_2FC1,
    0x0102_1994,
    0x794C_7630,
    0x7371_7368,
    0xE0F5_E1E2,
];
/// What a file system must tell.
const MASK: StatxFlags = StatxFlags::TYPE
    .union(StatxFlags::MODE)
    .union(StatxFlags::INO)
    .union(StatxFlags::SIZE)
    .union(StatxFlags::MTIME)
    .union(StatxFlags::CTIME);

/// A file at one time. While it has the same state, it has the same content, if the state was settled when the content
/// was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileState {
    device: (u32, u32),
    inode: u64,
    /// Type and permissions.
    mode: u16,
    /// Which device it is, if it is one.
    is_device: (u32, u32),
    size: u64,
    /// In seconds and nanoseconds, as the next one.
    modified: (i64, u32),
    changed: (i64, u32),
}

impl FileState {
    /// The state of the file at a path, symbolic links followed. A network file system asks its server.
    ///
    /// # Errors
    /// As stat(2); [`Errno::NOTSUP`] where the file system does not tell all of it.
    pub fn at(path: &Path) -> Result<Self> {
        let found = statx(CWD, path, AtFlags::STATX_FORCE_SYNC, MASK)?;
        Self::of_statx(&found)
    }

    /// The state of an open file.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn of(file: &File) -> Result<Self> {
        let flags = AtFlags::EMPTY_PATH.union(AtFlags::STATX_FORCE_SYNC);
        Self::of_statx(&statx(file.as_fd(), c"", flags, MASK)?)
    }

    fn of_statx(found: &Statx) -> Result<Self> {
        if !StatxFlags::from_bits_retain(found.stx_mask).contains(MASK) {
            return Err(Errno::NOTSUP);
        }
        Ok(Self {
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            mode: found.stx_mode,
            is_device: (found.stx_rdev_major, found.stx_rdev_minor),
            size: found.stx_size,
            modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
            changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec),
        })
    }

    /// Whether the file was last changed long enough before `now` that a later change has another time. `now` must be
    /// taken before the content is read.
    #[must_use]
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let latest = now.checked_sub(SETTLED_AFTER).unwrap_or_default();
        let latest = i64::try_from(latest.as_secs()).unwrap_or_default();
        self.modified.0 < latest && self.changed.0 < latest
    }

    /// The file system, by the number of its device.
    pub(crate) const fn device(&self) -> (u32, u32) {
        self.device
    }

    /// The size in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether it is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.kind() == FileType::Directory
    }

    /// Whether it is a socket.
    #[must_use]
    pub fn is_socket(&self) -> bool {
        self.kind() == FileType::Socket
    }

    /// Whether it is the device `/dev/null`, under any name.
    #[must_use]
    pub fn is_null_device(&self) -> bool {
        self.kind() == FileType::CharacterDevice && self.is_device == NULL_DEVICE
    }

    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode.into())
    }
}

/// Whether the file system at a path sets the time of change of a file at each change.
pub(crate) fn sets_exact_times(path: &Path) -> bool {
    let found = statfs(path).map(|found| found.f_type);
    found.is_ok_and(|kind| {
        EXACT_FILE_SYSTEMS
            .iter()
            .any(|exact| i128::from(*exact) == i128::from(kind))
    })
}
