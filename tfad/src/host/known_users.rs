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

use std::path::PathBuf;
use std::str;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tfa_file_state::{Examination, FileStates};

use super::users::{LookUpError, NameService, NameServiceFailed, Nss, User};
use passwd::LocalUsers;

/// The size of `/etc/passwd` up to which its users are kept, in bytes: a thousand users.
const MAX_BYTES: u64 = 64 << 10;

/// A name service that keeps local users.
pub struct KnownUsers<N> {
    names: N,
    passwd: PathBuf,
    nsswitch: PathBuf,
    now: fn() -> SystemTime,
    kept: Mutex<Option<Arc<Kept>>>,
}

/// What was read.
struct Kept {
    files: FileStates,
    /// `None` if the name service must be asked for each user.
    users: Option<Arc<LocalUsers>>,
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
        // In a statement of its own: the lock is released before the files are examined.
        let kept = self
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(kept) = kept.filter(|kept| kept.files.are_unchanged()) {
            return kept.users.clone();
        }
        let examination = Examination::new((self.now)());
        let passwd = examination.state(&self.passwd);
        examination.state(&self.nsswitch);
        let is_small = passwd.is_some_and(|passwd| passwd.size() <= MAX_BYTES);
        if !examination.may_be_kept() {
            return None;
        }
        let users = is_small.then(|| self.read(&examination)).flatten();
        let users = users.map(Arc::new);
        let kept = Kept {
            files: examination.finish()?,
            users: users.clone(),
        };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(kept));
        users
    }

    fn read(&self, examination: &Examination) -> Option<LocalUsers> {
        let nsswitch = examination.read(&self.nsswitch).ok()?;
        let passwd = examination.read(&self.passwd).ok()?;
        let users = LocalUsers::parse(str::from_utf8(&passwd).ok()?);
        users.filter(|_| str::from_utf8(&nsswitch).is_ok_and(asks_files_first))
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
