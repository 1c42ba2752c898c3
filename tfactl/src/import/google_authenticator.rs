//! The files of google-authenticator: in the homes of users, or where the administrator says.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::unistd::{Uid, User};
use tfa_client::{Failure, is_root};
use tfa_doctor::{PamFacts, google_authenticator_may_not_write};
use tfa_import::{MAX_USER_FILE, google_authenticator};
use tfa_pam_host::{PamHost, Snapshot};

use super::candidate::{Candidate, Found};
use super::source::{self, Content, Unreadable};
use crate::messages;

const PASSWD: &str = "/etc/passwd";
/// The file in a home.
const FILE: &str = ".google_authenticator";
/// The name of the imported authenticators.
const NAME: &str = super::list::PHONE;

pub(super) fn must_be_root() -> Result<(), Failure> {
    if is_root() {
        Ok(())
    } else {
        Err(Failure::Refused(messages::HOMES_NEED_ROOT.to_owned()))
    }
}

/// Whether a PAM file of the host lets users in where the module cannot write their files.
pub(super) fn may_not_write(host: &PamHost) -> bool {
    let files = Snapshot::of(host, &BTreeSet::new(), &[], &[]);
    google_authenticator_may_not_write(&PamFacts::of(files))
}

/// The files in the homes of these users, and of further ones of this host: an account whose uid is in no range
/// of persons may log in with a code, too. A user without the file is left out.
pub(super) fn in_homes(users: &[String]) -> Found {
    let local = fs::read(PASSWD).unwrap_or_default();
    let others = names_with_file(&String::from_utf8_lossy(&local));
    let others = others.into_iter().filter(|name| !users.contains(name));
    let mut found = Found::default();
    for name in users.iter().cloned().chain(others) {
        let name = &name;
        let user = match User::from_name(name) {
            Ok(Some(user)) => user,
            Ok(None) => {
                found.problems.push(messages::user_not_found(name));
                continue;
            }
            Err(error) => {
                found
                    .problems
                    .push(messages::user_unknown(name, &error.into()));
                continue;
            }
        };
        let path = user.dir.join(FILE);
        match source::read_as(user.uid, user.gid, &path, MAX_USER_FILE) {
            Err(Unreadable::Missing) if has_home(&user.dir) => {}
            Err(Unreadable::Missing) => {
                found.problems.push(messages::home_missing(name, &user.dir))
            }
            content => {
                let changed = content.as_ref().ok().and_then(|content| content.changed);
                found.add(name.clone(), &path, content, changed);
            }
        }
    }
    found
}

/// The accounts in the text of passwd(5) whose home has the file.
fn names_with_file(passwd: &str) -> Vec<String> {
    let accounts = passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, home) = (fields.next()?, fields.nth(4)?);
        let is_there = Path::new(home).join(FILE).symlink_metadata().is_ok();
        (!home.is_empty() && is_there).then(|| name.to_owned())
    });
    accounts.collect()
}

/// The files of these arguments: FILE, or USER=FILE.
pub(super) fn in_files(arguments: &[OsString]) -> Found {
    let mut found = Found::default();
    for argument in arguments {
        let (named, path) = split(argument);
        let is_trusted = |owner: u32| match &named {
            Some(user) => source::is_of_administrator(owner) || is_uid_of(user, owner),
            // The owner is the user.
            None => true,
        };
        let content = source::read(path, MAX_USER_FILE, is_trusted);
        let user = match (&named, &content) {
            (Some(user), _) => Some(user.clone()),
            (None, Ok(content)) => owner_of(path, content.owner),
            (None, Err(_)) => Some(String::new()),
        };
        match user {
            // It may be a copy of a file that changes elsewhere.
            Some(user) => found.add(user, path, content, None),
            None => found.problems.push(messages::whose_file(path)),
        }
    }
    found.refuse_two_files_of_one_user();
    found
}

/// The user before an equals sign, and the file.
fn split(argument: &OsStr) -> (Option<String>, &Path) {
    let bytes = argument.as_bytes();
    let named = bytes
        .iter()
        .position(|byte| *byte == b'=')
        .and_then(|place| {
            let (user, rest) = bytes.split_at(place);
            let user = str::from_utf8(user)
                .ok()
                .filter(|user| !user.contains('/'))?;
            Some((
                user.to_owned(),
                Path::new(OsStr::from_bytes(rest.get(1..)?)),
            ))
        });
    match named {
        Some((user, path)) => (Some(user), path),
        None => (None, Path::new(argument)),
    }
}

/// Whether the home is there, so that a file that is not in it does not exist. A home that is not mounted
/// may have one.
fn has_home(home: &Path) -> bool {
    let about = std::fs::metadata(home);
    about.map_or_else(
        |error| !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
        |about| about.is_dir(),
    )
}

/// Whose keys a file has: of its owner, if it has the name that it has in a home; else of the user whose
/// name it has, if that user or root owns it. A file of root outside of root's home may be a copy of the
/// file of another user.
fn owner_of(path: &Path, owner: u32) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    if name == FILE {
        let user = User::from_uid(Uid::from_raw(owner)).ok().flatten()?;
        let is_certain = owner != 0 || is_in(path, &user.dir);
        return is_certain.then_some(user.name);
    }
    let user = User::from_name(name).ok().flatten()?;
    let is_own = owner == 0 || owner == user.uid.as_raw();
    is_own.then_some(user.name)
}

/// Whether the file is in this folder, and not in one below it.
fn is_in(path: &Path, folder: &Path) -> bool {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    let folder = folder.canonicalize();
    matches!((parent, folder), (Ok(parent), Ok(folder)) if parent == folder)
}

fn is_uid_of(user: &str, uid: u32) -> bool {
    let user = User::from_name(user).ok().flatten();
    user.is_some_and(|user| user.uid.as_raw() == uid)
}

impl Found {
    fn add(
        &mut self,
        user: String,
        path: &Path,
        content: Result<Content, Unreadable>,
        changed: Option<u64>,
    ) {
        let file = path.display().to_string();
        let content = match content {
            Ok(content) => content,
            Err(why) => {
                self.problems.push(messages::import_unreadable(&file, &why));
                return;
            }
        };
        match google_authenticator(&content.bytes) {
            Ok(entry) => {
                let mut candidate = Candidate::new(user, file, vec![entry], NAME);
                candidate.is_readable_by_others = content.is_readable_by_others;
                candidate.changed = changed;
                candidate.is_of_user = !source::is_of_administrator(content.owner);
                self.candidates.push(candidate);
            }
            Err(problems) => {
                let problems = problems.iter();
                let texts = problems.map(|problem| messages::import_problem(&file, problem));
                self.problems.extend(texts);
            }
        }
    }

    fn refuse_two_files_of_one_user(&mut self) {
        let mut users: Vec<&str> = self
            .candidates
            .iter()
            .map(|one| one.user.as_str())
            .collect();
        users.sort_unstable();
        let twice = users.windows(2).filter_map(|pair| match pair {
            [one, next] if one == next => Some(messages::two_files_of(one)),
            _ => None,
        });
        let mut texts: Vec<String> = twice.collect();
        texts.dedup();
        self.problems.extend(texts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_allow_readonly_is_found_in_any_service() {
        let root = std::env::temp_dir().join(format!("tfa-readonly-{}", std::process::id()));
        fs::create_dir_all(root.join("etc/pam.d")).unwrap();
        let may_not_write = |option: &str| {
            let line = format!("auth required pam_google_authenticator.so nullok {option}\n");
            fs::write(root.join("etc/pam.d/otp"), line).unwrap();
            fs::write(root.join("etc/pam.d/sshd"), "@include otp\n").unwrap();
            may_not_write(&PamHost::below(&root))
        };
        assert!(!may_not_write("noskewadj"));
        assert!(may_not_write("allow_readonly"));
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn accounts_of_every_uid_are_found_by_their_files() {
        let home = std::env::temp_dir().join(format!("tfa-homes-{}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join(FILE), "").unwrap();
        let (with, without) = (home.display(), home.join("none"));
        let passwd = format!(
            "root:x:0:0:root:{without}:/bin/sh\nbackup:x:900:900::{with}:/bin/bash\n\
             half:x:901\nempty:x:902:902:::/bin/sh\n",
            without = without.display(),
        );
        assert_eq!(names_with_file(&passwd), ["backup"]);
        fs::remove_dir_all(home).unwrap();
    }
}
