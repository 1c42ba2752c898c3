//! Facts that do not come: a pipe in place of a file, a file without end, a file system that hangs.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// How long the facts of one subject may take. Only a file system that hangs takes that long.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How much of a file is read, in bytes. Files of configuration are shorter.
const MAX_BYTES: u64 = 1 << 20;

/// The text of a regular file, or of its first mebibyte.
pub(super) fn text(path: impl AsRef<Path>) -> Option<String> {
    start_of(path.as_ref(), MAX_BYTES).map(lossy)
}

/// The text of a file that is read to its end; `None` for a longer one. A link to the null device is an empty
/// file.
pub(super) fn whole_text(path: impl AsRef<Path>) -> Option<String> {
    whole_bytes(path.as_ref()).map(lossy)
}

/// As [`whole_text`], for a file that need not be a text.
pub(super) fn whole_bytes(path: &Path) -> Option<Vec<u8>> {
    if path.canonicalize().ok()? == Path::new("/dev/null") {
        return Some(Vec::new());
    }
    let bytes = start_of(path, MAX_BYTES + 1)?;
    let length = u64::try_from(bytes.len()).ok()?;
    (length <= MAX_BYTES).then_some(bytes)
}

fn lossy(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first bytes of a regular file.
fn start_of(path: &Path, limit: u64) -> Option<Vec<u8>> {
    // Opening a pipe would wait for its writer.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    bytes(file, limit)
}

/// What comes, up to a limit in bytes.
pub(super) fn bytes(mut source: impl Read, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let limited = &mut source.by_ref().take(limit);
    limited.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What a function returns; `None` if it takes too long. Then its thread is left to itself.
pub(super) fn in_time<T: Send + 'static>(
    function: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = sync_channel(1);
    let run = move || {
        // It fails if the caller has stopped waiting.
        let _ = sender.send(function());
    };
    thread::Builder::new().spawn(run).ok()?;
    receiver.recv_timeout(TIME_LIMIT).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_the_first_mebibyte_of_a_regular_file_is_read() {
        let folder = std::env::temp_dir().join(format!("tfactl-bounded-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let pipe = folder.join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(text(&pipe), None);
        assert_eq!(text(&folder), None);
        assert_eq!(text("/dev/zero"), None);
        let large = folder.join("large");
        fs::write(&large, vec![b'x'; 3 << 20]).unwrap();
        assert_eq!(text(&large).unwrap().len(), 1 << 20);
        assert_eq!(whole_text(&large), None);
        fs::write(&large, vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(whole_text(&large).unwrap().len(), 1 << 20);
        assert_eq!(whole_text("/dev/null"), Some(String::new()));
        fs::remove_dir_all(folder).unwrap();
    }
}
