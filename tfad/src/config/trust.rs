//! Which files the daemon accepts as its policy: those that no other user can change.
//!
//! A path is opened from the root on, name by name and link by link, so that the file that was
//! checked is the file that is read. Each directory on the way, and the file, must belong to root or
//! to the daemon's own user, and no other user may have write permission. A user who can write to a
//! directory can replace the files in it, with or without the sticky bit.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use nix::fcntl::{AT_FDCWD, OFlag, openat, readlinkat};
use nix::libc::mode_t;
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::unistd::geteuid;
use tfa_text::policy_files::{AnyOwner, Opener};

use super::messages::errors::{self, Writable};
use super::problem::Problem;

/// How many links a path may have, as in the kernel.
const MAX_LINKS: u32 = 40;

/// Which owners of files are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// The directory at which absolute paths begin.
    root: PathBuf,
    /// The owners; `None` for any.
    owners: Option<Vec<u32>>,
}

/// Why a path was not opened.
pub(super) enum NotOpened {
    /// It, or a directory on the way, cannot be read.
    Unreadable(io::Error),
    /// Another user can change it, or the directory on the way that is named.
    Unsafe(PathBuf, Box<Problem>),
}

/// A directory on the way.
struct Step {
    path: PathBuf,
    directory: OwnedFd,
}

impl Trust {
    /// The files of root, as a daemon accepts them that runs as root.
    #[must_use]
    pub fn roots() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: Some(vec![0]),
        }
    }

    /// The files of root and of the user of this process.
    #[must_use]
    pub fn own() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: Some(vec![0, geteuid().as_raw()]),
        }
    }

    /// The files of any owner, for a draft.
    #[must_use]
    pub fn draft() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: None,
        }
    }

    /// The same, with absolute paths that begin at that directory.
    #[cfg(test)]
    pub(super) fn below(self, root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..self
        }
    }
}

/// Opens the files that a [`Trust`] accepts.
pub(super) struct TrustedOpener<'t>(pub(super) &'t Trust);

impl Opener for TrustedOpener<'_> {
    type Error = NotOpened;

    fn is_absent(&self, path: &Path) -> bool {
        // A relative path is left as it is.
        match path.strip_prefix("/") {
            Ok(below) => AnyOwner.is_absent(&self.0.root.join(below)),
            Err(_) => AnyOwner.is_absent(path),
        }
    }

    fn open(&self, path: &Path) -> Result<File, NotOpened> {
        match &self.0.owners {
            None => Ok(AnyOwner.open(path)?),
            Some(owners) => Walk::begin(&self.0.root, owners)?.to(&std::path::absolute(path)?),
        }
    }
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<nix::Error> for NotOpened {
    fn from(error: nix::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

/// The directories that a path has led through so far.
struct Walk<'t> {
    owners: &'t [u32],
    root: Step,
    below: Vec<Step>,
}

impl<'t> Walk<'t> {
    fn begin(root: &Path, owners: &'t [u32]) -> Result<Self, NotOpened> {
        let directory = openat(
            AT_FDCWD,
            root,
            path_only() | OFlag::O_DIRECTORY,
            Mode::empty(),
        )?;
        let walk = Self {
            owners,
            root: Step {
                path: PathBuf::from("/"),
                directory,
            },
            below: Vec::new(),
        };
        walk.admit(&walk.root.path, &fstat(&walk.root.directory)?)?;
        Ok(walk)
    }

    fn to(mut self, path: &Path) -> Result<File, NotOpened> {
        let mut ahead = names(path);
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == ".." {
                self.below.pop();
                continue;
            }
            let here = self.here();
            let path = here.path.join(&name);
            let found = openat(
                &here.directory,
                name.as_os_str(),
                path_only(),
                Mode::empty(),
            )?;
            let known = fstat(&found)?;
            if kind(&known) == SFlag::S_IFLNK {
                links += 1;
                if links > MAX_LINKS {
                    return Err(nix::Error::ELOOP.into());
                }
                // No other user can write to the directory of the link.
                let target = PathBuf::from(readlinkat(&here.directory, name.as_os_str())?);
                if target.is_absolute() {
                    self.below.clear();
                }
                for name in names(&target).into_iter().rev() {
                    ahead.push_front(name);
                }
                continue;
            }
            self.admit(&path, &known)?;
            if kind(&known) == SFlag::S_IFDIR {
                self.below.push(Step {
                    path,
                    directory: found,
                });
            } else if ahead.is_empty() {
                return self.opened(&path, &name);
            } else {
                return Err(nix::Error::ENOTDIR.into());
            }
        }
        let last = self.here();
        self.opened(&last.path.clone(), &OsString::from("."))
    }

    fn here(&self) -> &Step {
        self.below.last().unwrap_or(&self.root)
    }

    /// Opens the checked file for reading, and checks it again.
    fn opened(&self, path: &Path, name: &OsString) -> Result<File, NotOpened> {
        // O_NONBLOCK: to open a pipe that has taken its place would wait for the other end.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let opened = openat(
            &self.here().directory,
            name.as_os_str(),
            flags,
            Mode::empty(),
        )?;
        self.admit(path, &fstat(&opened)?)?;
        Ok(File::from(opened))
    }

    /// Refuses what another user than a trusted owner can change.
    fn admit(&self, path: &Path, known: &FileStat) -> Result<(), NotOpened> {
        let mode: mode_t = known.st_mode & 0o7777;
        let uid = known.st_uid;
        let what = if kind(known) == SFlag::S_IFDIR {
            Writable::Directory
        } else {
            Writable::File
        };
        let problem = if !self.owners.contains(&uid) {
            let wanted = self.owners.last().copied().unwrap_or_default();
            errors::wrong_owner(path, what, uid, mode, wanted)
        } else if mode & 0o022 != 0 {
            errors::writable_by_others(path, what, uid, mode)
        } else {
            return Ok(());
        };
        Err(NotOpened::Unsafe(path.to_owned(), Box::new(problem)))
    }
}

/// The flags for a descriptor that only names a file or directory.
fn path_only() -> OFlag {
    OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

fn kind(known: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(known.st_mode & SFlag::S_IFMT.bits())
}

/// The names in a path.
fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}
