//! Files that cannot be read, or that another user can change.

use std::io;
use std::path::Path;

use tfa_text::shell::quoted;

use crate::config::problem::Problem;

pub(in crate::config) fn unreadable(error: &io::Error) -> Problem {
    Problem::new(format!("cannot be read: {error}"))
}

pub(in crate::config) fn not_utf8() -> Problem {
    Problem::new("the text is not UTF-8 from here on")
}

/// What of a path others can change.
#[derive(Clone, Copy)]
pub(in crate::config) enum Writable {
    File,
    Directory,
}

impl Writable {
    fn can_change(self) -> &'static str {
        match self {
            Self::File => "can change it",
            Self::Directory => "can change the files in it",
        }
    }

    /// A new mode does not close a file that a process has open for writing.
    fn help(self, path: &Path, repair: &str) -> String {
        let path = quoted(&path.to_string_lossy());
        let repair = format!("{repair} {path}");
        match self {
            Self::File => format!(
                "a process may still have it open for writing, so copy it: cp {path} {path}.new; \
                 check the content of the copy; then run: mv {path}.new {path} && {repair}"
            ),
            Self::Directory => format!("check the files in it, then run: {repair}"),
        }
    }
}

pub(in crate::config) fn wrong_owner(
    path: &Path,
    what: Writable,
    uid: u32,
    mode: u32,
    wanted: u32,
) -> Problem {
    Problem::new(format!(
        "belongs to uid {uid} (mode {mode:04o}), who {}; the owner must be uid {wanted}",
        what.can_change()
    ))
    .help(what.help(path, &format!("chown {wanted}")))
}

pub(in crate::config) fn writable_by_others(
    path: &Path,
    what: Writable,
    uid: u32,
    mode: u32,
) -> Problem {
    Problem::new(format!(
        "can be written by users other than its owner (uid {uid}, mode {mode:04o}), who {}",
        what.can_change()
    ))
    .help(what.help(path, "chmod go-w"))
}
