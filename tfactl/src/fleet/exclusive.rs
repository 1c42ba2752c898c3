//! The commands that make this host part of a fleet run one after the other: two at once would use a token twice, and
//! each would take back what the other one has written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::libc::O_NOFOLLOW;
use tfa_client::Failure;

use crate::messages;

/// The file that is locked. Only root can make files beside it.
const LOCK_FILE: &str = "/run/tfactl-fleet.lock";

/// The lock. It ends when this is dropped, and with the process: programs that it starts do not inherit it.
#[must_use = "the lock ends when this is dropped"]
#[derive(Debug)]
pub(super) struct Exclusive(#[expect(dead_code, reason = "open as long as it is locked")] File);

impl Exclusive {
    /// Takes the lock, without a wait: the other command may be at a question.
    ///
    /// # Errors
    /// [`Failure::Refused`]: another command has the lock, or the file cannot be locked.
    pub(super) fn take() -> Result<Self, Failure> {
        Self::take_at(Path::new(LOCK_FILE))
    }

    fn take_at(path: &Path) -> Result<Self, Failure> {
        match lock(path) {
            Ok(file) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::Refused(messages::FLEET_COMMAND_RUNS.to_owned()))
            }
            Err(TryLockError::Error(error)) => {
                Err(Failure::Refused(messages::not_locked(path, &error)))
            }
        }
    }
}

fn lock(path: &Path) -> Result<File, TryLockError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(false).mode(0o600);
    let opened: io::Result<File> = options.custom_flags(O_NOFOLLOW).open(path);
    let file = opened.map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn second_command_is_refused_until_the_first_one_ends() {
        let folder = std::env::temp_dir().join(format!("tfactl-exclusive-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("lock");
        let first = Exclusive::take_at(&path).unwrap();
        let Err(Failure::Refused(why)) = Exclusive::take_at(&path) else {
            panic!("two commands have the lock");
        };
        assert_eq!(why, messages::FLEET_COMMAND_RUNS);
        drop(first);
        let _again = Exclusive::take_at(&path).unwrap();
        // Another file is not locked in its place.
        let link = folder.join("link");
        symlink(&path, &link).unwrap();
        let refused = Exclusive::take_at(&link);
        assert!(matches!(refused, Err(Failure::Refused(why)) if why.contains("link")));
        fs::remove_dir_all(folder).unwrap();
    }
}
