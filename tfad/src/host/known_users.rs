//! Local users, kept while the files that determine them do not change.
//!
//! A login looks its user up by name and by uid. libc opens `/etc/passwd` for each and reads it line by
//! line: that took a sixth of the instructions of a login in the daemon, and a third of its system calls.
//!
//! Users of `/etc/passwd` are kept only if that file alone determines them: the name service asks the local
//! files first, and each line is of the plain form that can be read in one way only. Each use compares the
//! files with those that were read.

mod passwd;
#[cfg(test)]
mod tests;

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::users::{LookUpError, NameService, NameServiceFailed, Nss, User};
use passwd::LocalUsers;

/// The size of `/etc/passwd` up to which its users are kept, in bytes: a thousand users.
const MAX_BYTES: u64 = 64 << 10;
/// How long a file must be unchanged. Two changes within one tick of the kernel's clock have the same time
/// stamp, so that a file which has just changed may change again unseen.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A name service that keeps local users.
pub struct KnownUsers<N> {
    names: N,
    passwd: PathBuf,
    nsswitch: PathBuf,
    now: fn() -> SystemTime,
    kept: Mutex<Option<Kept>>,
}

/// What was read from one version of the files.
#[derive(Clone)]
struct Kept {
    files: Files,
    /// `None` if the name service must be asked for each user.
    users: Option<Arc<LocalUsers>>,
}

/// The files that determine the local users, as they were at one time.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Files {
    passwd: Version,
    nsswitch: Version,
}

/// One version of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Version {
    device: u64,
    inode: u64,
    size: u64,
    /// In seconds and nanoseconds, as the next one.
    modified: (i64, i64),
    changed: (i64, i64),
}

impl KnownUsers<Nss> {
    /// The name service switch of this host.
    #[must_use]
    pub fn of_host() -> Self {
        Self {
            names: Nss,
            passwd: "/etc/passwd".into(),
            nsswitch: "/etc/nsswitch.conf".into(),
            now: SystemTime::now,
            kept: Mutex::default(),
        }
    }
}

impl<N: NameService> NameService for KnownUsers<N> {
    fn by_name(&self, name: &str) -> Result<Option<User>, NameServiceFailed> {
        self.names.by_name(name)
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, NameServiceFailed> {
        self.names.by_uid(uid)
    }

    fn look_up(&self, name: &str) -> Result<User, LookUpError> {
        match self.local_users().and_then(|users| users.find(name)) {
            Some(user) => Ok(user),
            None => self.names.look_up(name),
        }
    }
}

impl<N> KnownUsers<N> {
    /// The local users, where the present files alone determine them.
    fn local_users(&self) -> Option<Arc<LocalUsers>> {
        let files = self.files()?;
        // In a statement of its own: the lock is released before the files are read.
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(kept) = kept.filter(|kept| kept.files == files) {
            return kept.users;
        }
        if !files.are_settled((self.now)()) {
            return None;
        }
        let users = self.read(files).map(Arc::new);
        // What was read is of this version only if it is the present one still.
        if self.files()? != files {
            return None;
        }
        let kept = Some(Kept {
            files,
            users: users.clone(),
        });
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = kept;
        users
    }

    /// The present versions; `None` where a file cannot be examined.
    fn files(&self) -> Option<Files> {
        Some(Files {
            passwd: Version::of(&fs::metadata(&self.passwd).ok()?),
            nsswitch: Version::of(&fs::metadata(&self.nsswitch).ok()?),
        })
    }

    fn read(&self, files: Files) -> Option<LocalUsers> {
        if files.passwd.size > MAX_BYTES {
            return None;
        }
        let nsswitch = fs::read_to_string(&self.nsswitch).ok()?;
        let passwd = fs::read_to_string(&self.passwd).ok()?;
        LocalUsers::parse(&passwd).filter(|_| asks_files_first(&nsswitch))
    }
}

impl Files {
    fn are_settled(self, now: SystemTime) -> bool {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let latest = now.checked_sub(SETTLED_AFTER).unwrap_or_default();
        let latest = i64::try_from(latest.as_secs()).unwrap_or_default();
        [self.passwd, self.nsswitch]
            .iter()
            .all(|file| file.modified.0 < latest && file.changed.0 < latest)
    }
}

impl Version {
    fn of(file: &Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// Whether the name service asks the local files for users before anything else, and goes on with its
/// usual rules (nsswitch.conf(5)).
fn asks_files_first(nsswitch: &str) -> bool {
    // libc knows no other blanks than those of ASCII.
    if !nsswitch.is_ascii() {
        return false;
    }
    let uncommented = nsswitch
        .split('\n')
        .filter_map(|line| line.split('#').next());
    let mut lines = uncommented.map(str::trim_start).filter(|line| {
        let mut words = line.split(|end: char| end == ':' || end.is_ascii_whitespace());
        words.next() == Some("passwd")
    });
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let Some(sources) = line.strip_prefix("passwd:") else {
        return false;
    };
    let mut sources = sources.split_ascii_whitespace();
    sources.next() == Some("files") && sources.next().is_none_or(|next| !next.starts_with('['))
}
