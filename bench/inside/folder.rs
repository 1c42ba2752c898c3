//! Folders that are copied and put back, and the users' files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::layout;
use tfa_tests::OrFail;

/// Up to this number of users, the stores are restored before each round: a round needs more codes
/// than the users have.
pub(crate) const RESTORED_UP_TO: u32 = 10;

/// Makes a folder for root alone, empty.
pub(crate) fn make(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).or_fail(&format!("clear {}", folder.display()));
    }
    fs::create_dir_all(folder).or_fail(&format!("make {}", folder.display()));
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .or_fail(&format!("close {} to others", folder.display()));
}

/// Writes a file for root alone.
pub(crate) fn write_secret(path: &Path, content: &str) {
    fs::write(path, content).or_fail(&format!("write {}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .or_fail(&format!("close {} to others", path.display()));
}

/// Keeps a folder as it is now.
pub(crate) fn keep(folder: &Path) {
    copy(folder, &layout::pristine(folder));
}

/// Puts a folder back as it was kept.
pub(crate) fn put_back(folder: &Path) {
    copy(&layout::pristine(folder), folder);
}

/// Copies a folder of files; their modes come along.
pub(crate) fn copy(from: &Path, to: &Path) {
    make(to);
    let doing = format!("copy {} to {}", from.display(), to.display());
    for entry in fs::read_dir(from).or_fail(&doing) {
        let entry = entry.or_fail(&doing);
        fs::copy(entry.path(), to.join(entry.file_name())).or_fail(&doing);
    }
}
