//! Who can change what a path names.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf, absolute};

use nix::libc::ELOOP;
use nix::unistd::geteuid;

/// How many links a path may have, as in the kernel.
const MAX_LINKS: u32 = 40;
/// In such a directory only the owner of a file renames or removes it.
const STICKY: u32 = 0o1000;

/// The first file, directory or link on a path that others than root and the user of this process can change
/// or replace; `None` if there is none.
pub(super) fn changeable_by_others(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut here = PathBuf::from("/");
    if is_changeable(&fs::symlink_metadata(&here)?) {
        return Ok(Some(here));
    }
    let mut ahead = names(&absolute(path)?);
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(name);
        let about = fs::symlink_metadata(&next)?;
        if is_changeable(&about) {
            return Ok(Some(next));
        }
        if !about.is_symlink() {
            here = next;
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(io::Error::from_raw_os_error(ELOOP));
        }
        let target = fs::read_link(&next)?;
        if target.is_absolute() {
            here = PathBuf::from("/");
        }
        for name in names(&target).into_iter().rev() {
            ahead.push_front(name);
        }
    }
    Ok(None)
}

fn is_changeable(about: &Metadata) -> bool {
    let is_own = about.uid() == 0 || about.uid() == geteuid().as_raw();
    let is_shared = about.is_dir() && about.mode() & STICKY != 0;
    // The mode of a link means nothing.
    let is_writable = !about.is_symlink() && about.mode() & 0o022 != 0;
    !is_own || (is_writable && !is_shared)
}

/// The names in a path.
fn names(path: &Path) -> VecDeque<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    names.collect()
}
