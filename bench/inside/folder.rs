//! Folders: created, copied, saved and restored.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::layout;
use tfa_tests::OrFail;

/// Up to this number of users, the stores are restored before each round: a round needs more codes
/// than the users have.
pub(crate) const RESTORED_UP_TO: u32 = 10;

/// Creates an empty folder that only root can read. Removes an earlier one.
pub(crate) fn create(folder: &Path) {
    if folder.exists() {
        fs::remove_dir_all(folder).or_fail(&format!("clear {}", folder.display()));
    }
    fs::create_dir_all(folder).or_fail(&format!("create {}", folder.display()));
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
        .or_fail(&format!("close {} to others", folder.display()));
}

/// Writes a file that only root can read.
pub(crate) fn write_secret(path: &Path, content: &str) {
    fs::write(path, content).or_fail(&format!("write {}", path.display()));
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .or_fail(&format!("close {} to others", path.display()));
}

/// Saves a copy of a folder.
pub(crate) fn save(folder: &Path) {
    copy(folder, &layout::saved_copy(folder));
}

/// Restores a folder from its copy.
pub(crate) fn restore(folder: &Path) {
    copy(&layout::saved_copy(folder), folder);
}

/// Copies a folder of files, with their modes.
pub(crate) fn copy(from: &Path, to: &Path) {
    create(to);
    let doing = format!("copy {} to {}", from.display(), to.display());
    for entry in fs::read_dir(from).or_fail(&doing) {
        let entry = entry.or_fail(&doing);
        fs::copy(entry.path(), to.join(entry.file_name())).or_fail(&doing);
    }
}
