//! Files that are not what they should be: a pipe, a file without end.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::messages;

/// How much of a file is read, in bytes. Files of configuration are shorter.
const MAX_BYTES: u64 = 1 << 20;

/// The text of a regular file. A link to `/dev/null` stands for an empty file. `None` if there is none; or why
/// it cannot be read: it is something else, or longer than a mebibyte.
pub(super) fn text(path: impl AsRef<Path>) -> Result<Option<String>, String> {
    let bytes = whole(path)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// As [`text`], without the reason.
pub(super) fn whole_text(path: impl AsRef<Path>) -> Option<String> {
    text(path).ok().flatten()
}

/// As [`whole_text`], for a file that need not be a text.
pub(super) fn whole_bytes(path: &Path) -> Option<Vec<u8>> {
    whole(path).ok().flatten()
}

/// The bytes of a file, as [`text`].
pub(super) fn whole(path: impl AsRef<Path>) -> Result<Option<Vec<u8>>, String> {
    let path = path.as_ref();
    let shown = path.to_string_lossy();
    // Opening a pipe would wait for its writer.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path);
    let failed = |error: io::Error| messages::file_not_read(&shown, &error);
    let file = match opened {
        Err(error) if is_absent(&error) => return Ok(None),
        other => other.map_err(failed)?,
    };
    let metadata = file.metadata().map_err(failed)?;
    let kind = metadata.file_type();
    if kind.is_char_device() && metadata.rdev() == libc::makedev(1, 3) {
        return Ok(Some(Vec::new()));
    }
    if !kind.is_file() {
        return Err(messages::not_a_file(&shown));
    }
    let bytes = bytes(file, MAX_BYTES + 1).map_err(failed)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES) {
        true => Ok(Some(bytes)),
        false => Err(messages::file_too_long(&shown)),
    }
}

/// Whether an error says that there is no such file.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What comes, up to a limit in bytes.
pub(super) fn bytes(mut source: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limited = &mut source.by_ref().take(limit);
    limited.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn only_regular_files_of_a_mebibyte_are_read() {
        let folder = std::env::temp_dir().join(format!("tfactl-bounded-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let pipe = folder.join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        for path in [&pipe, &folder, Path::new("/dev/zero")] {
            let why = text(path).unwrap_err();
            assert_eq!(why, messages::not_a_file(&path.to_string_lossy()));
        }
        let (mask, gone, large) = (
            folder.join("mask"),
            folder.join("gone"),
            folder.join("large"),
        );
        symlink("/dev/null", &mask).unwrap();
        assert_eq!(text(mask), Ok(Some(String::new())));
        symlink("/nonexistent", &gone).unwrap();
        for path in [gone, folder.join("pipe/file")] {
            assert_eq!(text(path), Ok(None));
        }
        fs::write(&large, vec![b'x'; 1 << 20]).unwrap();
        assert_eq!(text(&large).unwrap().unwrap().len(), 1 << 20);
        fs::write(&large, vec![b'x'; (1 << 20) + 1]).unwrap();
        let why = messages::file_too_long(&large.to_string_lossy());
        assert_eq!(text(&large), Err(why));
        fs::remove_dir_all(folder).unwrap();
    }
}
