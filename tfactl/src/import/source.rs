//! Files with keys, opened with care: no link is followed, nothing but a regular file of a trusted owner is
//! read, and never more of it than is accepted.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread;

use nix::unistd::{Gid, Uid, geteuid, setfsgid, setfsuid};
use zeroize::Zeroizing;

use crate::secret_input;

/// What was read.
pub(super) struct Content {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The uid of the owner.
    pub(super) owner: u32,
    pub(super) is_readable_by_others: bool,
    /// When the file or its metadata last changed, in seconds since the epoch. Unlike the time of the
    /// content, no program can set it, and a copy has its own.
    pub(super) changed: Option<u64>,
}

/// Why a file is not read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    Missing,
    Link,
    NotAFile,
    /// It belongs to this uid.
    OwnerIs(u32),
    /// It has more bytes than this.
    TooLarge(usize),
    /// It was written to meanwhile, so what was read may be neither the old content nor the new one.
    Changed,
    System(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        match (error.kind(), error.raw_os_error()) {
            (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => Self::Missing,
            (_, Some(libc::ELOOP)) => Self::Link,
            // A socket.
            (_, Some(libc::ENXIO)) => Self::NotAFile,
            _ => Self::System(error),
        }
    }
}

/// Reads a file whose owner `is_trusted` accepts.
pub(super) fn read(
    path: &Path,
    max: usize,
    is_trusted: impl Fn(u32) -> bool,
) -> Result<Content, Unreadable> {
    // Without blocking: a FIFO would wait for a writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(Unreadable::NotAFile);
    }
    if !is_trusted(about.uid()) {
        return Err(Unreadable::OwnerIs(about.uid()));
    }
    let bytes = bytes(&file, max)?;
    if stamp(&file.metadata()?) != stamp(&about) {
        return Err(Unreadable::Changed);
    }
    Ok(Content {
        bytes,
        owner: about.uid(),
        is_readable_by_others: about.mode() & 0o077 != 0,
        changed: u64::try_from(about.ctime()).ok(),
    })
}

/// Reads a file of a user with the rights of the user, so that the kernel refuses what the user may not
/// read.
pub(super) fn read_as(uid: Uid, gid: Gid, path: &Path, max: usize) -> Result<Content, Unreadable> {
    let read = || {
        // These rights belong to the thread, which ends here.
        setfsgid(gid);
        setfsuid(uid);
        if setfsgid(gid) != gid || setfsuid(uid) != uid {
            let error = io::Error::from_raw_os_error(libc::EPERM);
            return Err(Unreadable::System(error));
        }
        self::read(path, max, |owner| owner == uid.as_raw())
    };
    thread::scope(|scope| scope.spawn(read).join())
        .unwrap_or_else(|_| Err(Unreadable::System(io::Error::from_raw_os_error(libc::EIO))))
}

/// Reads the standard input.
pub(super) fn read_stdin(max: usize) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let all = secret_input::read_to_end(secret_input::stdin()?, 0, max)?;
    all.ok_or(Unreadable::TooLarge(max))
}

/// Whether a file of this owner may have the keys of other users: root's, and the caller's own.
pub(super) fn is_of_administrator(owner: u32) -> bool {
    owner == 0 || owner == geteuid().as_raw()
}

/// What differs after the content was written to.
fn stamp(about: &Metadata) -> (u64, i64, i64) {
    (about.size(), about.ctime(), about.ctime_nsec())
}

/// The whole file, if it has at most `max` bytes.
fn bytes(file: &File, max: usize) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length > max {
        return Err(Unreadable::TooLarge(max));
    }
    // The file may grow meanwhile.
    let all = secret_input::read_to_end(file, length, max)?;
    all.ok_or(Unreadable::TooLarge(max))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_file_that_is_written_to_while_it_is_read_is_refused() {
        let path = std::env::temp_dir().join(format!("tfa-source-{}", std::process::id()));
        std::fs::write(&path, "HOTP alice - 31\n").unwrap();
        assert!(read(&path, 100, |_| true).is_ok());
        let write = |_| {
            let file = OpenOptions::new().append(true).open(&path);
            file.unwrap().write_all(b"HOTP bob - 32\n").is_ok()
        };
        let content = read(&path, 100, write);
        assert!(matches!(content, Err(Unreadable::Changed)));
        std::fs::remove_file(path).unwrap();
    }
}
