//! Look-ups of local users, kept while the files that determine them do not change.
//!
//! A login looks its user up by name and by uid. libc opens `/etc/passwd` for each and reads it line by
//! line: that took a sixth of the instructions of a login in the daemon, and a third of its system calls.
//!
//! An answer is kept only if `/etc/passwd` alone determines it: the name service asks the local files
//! first, and the file says the same. Each use compares the files with those that it was kept with.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::users::{LookUpError, NameService, NameServiceFailed, Nss, User};

/// The number of users that are kept.
const MAX_KEPT: usize = 1024;
/// How long a file must be unchanged. Two changes within one tick of the kernel's clock have the same time
/// stamp, so that a file which has just changed may change again unseen.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A name service that keeps look-ups of local users.
pub struct KnownUsers<N> {
    names: N,
    passwd: PathBuf,
    nsswitch: PathBuf,
    now: fn() -> SystemTime,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    files: Option<Files>,
    /// The users by the name that was looked up.
    users: HashMap<String, User>,
}

/// The files that determine what a local user is, as they were at one time.
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
        let Some(files) = self.files() else {
            return self.names.look_up(name);
        };
        if let Some(user) = self.kept().get(files, name) {
            return Ok(user);
        }
        let user = self.names.look_up(name)?;
        let may_be_kept = files.are_settled((self.now)()) && self.is_local(name, &user);
        // The answer and the contents are of one version of the files.
        if may_be_kept && self.files() == Some(files) {
            self.kept().insert(files, name, user.clone());
        }
        Ok(user)
    }
}

impl<N> KnownUsers<N> {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present versions; `None` where a file cannot be examined.
    fn files(&self) -> Option<Files> {
        Some(Files {
            passwd: Version::of(&fs::metadata(&self.passwd).ok()?),
            nsswitch: Version::of(&fs::metadata(&self.nsswitch).ok()?),
        })
    }

    /// Whether the local files determine this answer.
    fn is_local(&self, name: &str, user: &User) -> bool {
        let nsswitch = fs::read_to_string(&self.nsswitch);
        let passwd = fs::read_to_string(&self.passwd);
        match (nsswitch, passwd) {
            (Ok(nsswitch), Ok(passwd)) => {
                asks_files_first(&nsswitch) && local_user(&passwd, name).as_ref() == Some(user)
            }
            _ => false,
        }
    }
}

impl Kept {
    fn get(&self, files: Files, name: &str) -> Option<User> {
        let is_current = self.files == Some(files);
        self.users.get(name).filter(|_| is_current).cloned()
    }

    fn insert(&mut self, files: Files, name: &str, user: User) {
        if self.files != Some(files) || self.users.len() >= MAX_KEPT {
            self.users.clear();
            self.files = Some(files);
        }
        self.users.insert(name.to_owned(), user);
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
    let mut lines = nsswitch.lines().filter_map(|line| {
        let line = line.split('#').next()?.trim();
        line.strip_prefix("passwd:")
    });
    let (Some(sources), None) = (lines.next(), lines.next()) else {
        return false;
    };
    let mut sources = sources.split_whitespace();
    sources.next() == Some("files") && sources.next().is_none_or(|next| !next.starts_with('['))
}

/// The user of a name, as passwd(5) alone determines it: the first line with the name has the uid, and the
/// first line with the uid the canonical name.
fn local_user(passwd: &str, name: &str) -> Option<User> {
    let lines = || passwd.lines().filter_map(name_and_uid);
    let (_, uid) = lines().find(|(known, _)| *known == name)?;
    let (canonical, _) = lines().find(|(_, known)| *known == uid)?;
    let is_alias = canonical != name;
    Some(User {
        name: canonical.to_owned(),
        uid,
        aliases: is_alias.then(|| name.to_owned()).into_iter().collect(),
    })
}

fn name_and_uid(line: &str) -> Option<(&str, u32)> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, _, _, _, _] = fields[..] else {
        return None;
    };
    let is_number = !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit());
    let uid = uid.parse().ok().filter(|_| is_number)?;
    Some((name, uid))
}
