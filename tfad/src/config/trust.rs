//! Whose files are taken for the policy: nobody but their owner may be able to change them.
//!
//! A path is walked from the root by descriptor, link by link, so that what was looked at is what is
//! read: each folder on the way, and the file, belong to root (or to the daemon's own user) and can be
//! written by nobody else. Whoever may write in a folder can exchange what lies in it, sticky or not.

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

use super::mistake::Wrong;

/// How many links a path may lead through, as in the kernel.
const MAX_LINKS: u32 = 40;

/// Whose files are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Where paths begin.
    root: PathBuf,
    /// Whose files these may be; anybody's, for a draft.
    owners: Option<Vec<u32>>,
}

/// Why something was not opened.
pub(super) enum NotOpened {
    /// It, or what leads there, cannot be read.
    Unreadable(io::Error),
    /// Somebody else may write there.
    Unsafe(PathBuf, Wrong),
}

/// A folder on the way.
struct Step {
    path: PathBuf,
    folder: OwnedFd,
}

impl Trust {
    /// What the daemon takes, which runs as root: what is root's.
    #[must_use]
    pub fn roots() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: Some(vec![0]),
        }
    }

    /// What this process takes as a daemon: what is root's, or its own.
    #[must_use]
    pub fn own() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: Some(vec![0, geteuid().as_raw()]),
        }
    }

    /// Anybody's files: a policy that is to come.
    #[must_use]
    pub fn draft() -> Self {
        Self {
            root: PathBuf::from("/"),
            owners: None,
        }
    }

    /// The same, with paths that begin at that folder.
    #[cfg(test)]
    pub(super) fn below(self, root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..self
        }
    }

    /// Whether there is nothing of that name, not even a link.
    pub(super) fn is_absent(&self, path: &Path) -> bool {
        // A path that does not begin at the root is left as it is.
        let path = match path.strip_prefix("/") {
            Ok(below) => self.root.join(below),
            Err(_) => path.to_owned(),
        };
        let known = path.symlink_metadata();
        known.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Opens a file or a folder for reading.
    pub(super) fn open(&self, path: &Path) -> Result<File, NotOpened> {
        match &self.owners {
            None => File::open(path).map_err(NotOpened::Unreadable),
            Some(owners) => {
                let path = std::path::absolute(path).map_err(NotOpened::Unreadable)?;
                Walk::begin(&self.root, owners)?.to(&path)
            }
        }
    }
}

impl From<nix::Error> for NotOpened {
    fn from(error: nix::Error) -> Self {
        Self::Unreadable(error.into())
    }
}

/// Where the way has led so far.
struct Walk<'t> {
    owners: &'t [u32],
    /// The folders from the root on; never empty.
    root: Step,
    below: Vec<Step>,
}

impl<'t> Walk<'t> {
    fn begin(root: &Path, owners: &'t [u32]) -> Result<Self, NotOpened> {
        let folder = openat(
            AT_FDCWD,
            root,
            path_only() | OFlag::O_DIRECTORY,
            Mode::empty(),
        )?;
        let walk = Self {
            owners,
            root: Step {
                path: PathBuf::from("/"),
                folder,
            },
            below: Vec::new(),
        };
        walk.admit(&walk.root.path, &fstat(&walk.root.folder)?)?;
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
            let found = openat(&here.folder, name.as_os_str(), path_only(), Mode::empty())?;
            let known = fstat(&found)?;
            if kind(&known) == SFlag::S_IFLNK {
                links += 1;
                if links > MAX_LINKS {
                    return Err(nix::Error::ELOOP.into());
                }
                // The link is of this very folder, in which nobody else may write.
                let target = PathBuf::from(readlinkat(&here.folder, name.as_os_str())?);
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
                    folder: found,
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

    /// Opens what was looked at, to read it, and looks again.
    fn opened(&self, path: &Path, name: &OsString) -> Result<File, NotOpened> {
        // A pipe or a device that came there meanwhile keeps nobody waiting.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let opened = openat(&self.here().folder, name.as_os_str(), flags, Mode::empty())?;
        self.admit(path, &fstat(&opened)?)?;
        Ok(File::from(opened))
    }

    /// That nobody but a trusted owner may change it.
    fn admit(&self, path: &Path, known: &FileStat) -> Result<(), NotOpened> {
        let mode: mode_t = known.st_mode & 0o7777;
        let shown = path.display();
        let what = if kind(known) == SFlag::S_IFDIR {
            "what lies in it"
        } else {
            "it"
        };
        // A new mode does not take a descriptor back that somebody has opened for writing.
        let renewed = |remedy: String| match kind(known) {
            SFlag::S_IFREG => format!(
                "it may still be open for writing: cp {shown} {shown}.new, look at what the copy \
                 says, then: mv {shown}.new {shown} && {remedy}"
            ),
            _ => format!("look at what it says, then: {remedy}"),
        };
        let wrong = if !self.owners.contains(&known.st_uid) {
            let owner = self.owners.last().copied().unwrap_or_default();
            Wrong::new(format!(
                "belongs to uid {} (mode {mode:04o}), who can change {what}: only uid {owner} may own it",
                known.st_uid
            ))
            .help(renewed(format!("chown {owner} {shown}")))
        } else if mode & 0o022 != 0 {
            Wrong::new(format!(
                "can be written by others than its owner (uid {}, mode {mode:04o}), who can \
                 change {what}",
                known.st_uid
            ))
            .help(renewed(format!("chmod go-w {shown}")))
        } else {
            return Ok(());
        };
        Err(NotOpened::Unsafe(path.to_owned(), wrong))
    }
}

/// To look at it, and go on from it, without opening it.
fn path_only() -> OFlag {
    OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

fn kind(known: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(known.st_mode & SFlag::S_IFMT.bits())
}

/// The names that a path is made of.
fn names(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}
