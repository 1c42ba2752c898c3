//! The files of the configuration: each is written whole, in no other's place, and taken back after an error.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tfa_client::Failure;

use crate::messages;

/// The configuration of tfa-fleet.
pub(super) const FLEET_CONFIG: &str = "/etc/tfa/tfa-fleet.toml";
/// The drop-in that tells tfad the role of this host.
pub(super) const ROLE_DROP_IN: &str = "/etc/tfa/tfad.toml.d/fleet.toml";

/// The drop-in of a role.
pub(super) fn role_lines(role: &str) -> String {
    format!("# Written by tfactl.\n[fleet]\nrole = \"{role}\"\n")
}

/// Whether this command has made this host a member.
pub(crate) fn is_member() -> bool {
    fs::read_to_string(ROLE_DROP_IN).is_ok_and(|text| text == role_lines("member"))
}

/// What each file of this command begins with.
const HEAD: &str = "# Written by tfactl.\n";

/// The configuration of tfa-fleet, with this line.
pub(super) fn fleet_lines(line: &str) -> String {
    format!("{HEAD}{line}\n")
}

/// Whether a file is the configuration of a member that this command has written, which was not changed since. An
/// interrupted one leaves it.
pub(super) fn is_of_member(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text
        .strip_prefix(HEAD)
        .and_then(|rest| rest.strip_suffix('\n'));
    line.is_some_and(|line| line.starts_with("verifiers = [") && !line.contains('\n'))
}

/// Whether a file begins as those that this command writes.
pub(super) fn is_from_tfactl(path: &Path) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.starts_with(HEAD))
}

/// Whether a configuration of tfa-fleet makes a verifier listen with the certificates of the fleet.
pub(super) fn is_of_verifier(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let keys = text.lines().map(str::trim_start);
    let keys = keys.take_while(|line| !line.starts_with('['));
    let keys: Vec<&str> = keys
        .filter_map(|line| line.split_once('=').map(|(key, _)| key.trim_end()))
        .collect();
    keys.contains(&"listen")
        && !["ca", "certificate", "key"]
            .iter()
            .any(|key| keys.contains(key))
}

/// What was written, to be taken back: the paths, and what was there before.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<(PathBuf, Option<PathBuf>)>);

impl Written {
    /// Writes a file, if none has this name. Returns whether it was written.
    pub(super) fn put(&mut self, path: &Path, text: &str) -> io::Result<bool> {
        let draft = draft(path, text)?;
        // A link takes no other's place.
        let linked = fs::hard_link(&draft, path);
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => {
                self.0.push((path.to_owned(), None));
                sync_parent(path)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes a file where there is none, or leaves the one that has this text.
    ///
    /// # Errors
    /// [`Failure::Refused`], with a text for the administrator.
    pub(super) fn put_new(&mut self, path: &Path, text: &str) -> Result<(), Failure> {
        match self.put(path, text) {
            Ok(true) => Ok(()),
            Ok(false) if fs::read_to_string(path).is_ok_and(|found| found == text) => Ok(()),
            Ok(false) => Err(Failure::Refused(messages::config_in_the_way(path))),
            Err(error) => Err(Failure::Refused(messages::not_written(path, &error))),
        }
    }

    /// Fails if [`Self::put_new`] would, as far as that is known now. No moment has the file.
    pub(super) fn check_new(path: &Path, text: &str) -> Result<(), Failure> {
        let not_written = |error| Failure::Refused(messages::not_written(path, &error));
        match fs::read_to_string(path) {
            Ok(found) if found == text => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            _ => return Err(Failure::Refused(messages::config_in_the_way(path))),
        }
        let draft = draft(path, text).map_err(not_written)?;
        fs::remove_file(draft).map_err(not_written)
    }

    /// Keeps what is there now, until [`Self::take_back`] or [`Self::settle`]. A file that is not there is none.
    pub(super) fn keep(&mut self, path: &Path) -> io::Result<()> {
        let before = path.with_extension("before");
        let _ = fs::remove_file(&before);
        match fs::hard_link(path, &before) {
            Ok(()) => self.0.push((path.to_owned(), Some(before))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Removes a file until [`Self::take_back`]. A file that is not there is none.
    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let before = path.with_extension("before");
        if path.symlink_metadata().is_err() && before.symlink_metadata().is_ok() {
            // An interrupted command has removed it.
            self.0.push((path.to_owned(), Some(before)));
            return Ok(());
        }
        self.keep(path)?;
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => sync_parent(path),
        }
    }

    /// Writes a file in the place of the one that is there, which is kept.
    pub(super) fn replace(&mut self, path: &Path, text: &str) -> io::Result<()> {
        self.keep(path)?;
        fs::rename(draft(path, text)?, path)?;
        sync_parent(path)
    }

    /// Restores what was there before.
    pub(super) fn take_back(self) {
        for (path, before) in self.0.iter().rev() {
            let _ = match before {
                Some(before) => fs::rename(before, path),
                None => fs::remove_file(path),
            };
            let _ = sync_parent(path);
        }
    }

    /// What was written stays.
    pub(super) fn settle(self) {
        for (_, before) in self.0 {
            let _ = before.map(fs::remove_file);
        }
    }
}

/// Writes a text to a file beside that path, on the disk.
fn draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let draft = path.with_extension("draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&draft)?;
    // Whatever the umask of root is: tfa-fleet reads it as its user.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(draft)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_file_is_restored_also_by_a_second_attempt() {
        let folder = std::env::temp_dir().join(format!("tfactl-removed-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("fleet.toml");
        fs::write(&path, "a role").unwrap();
        // The first one is killed before it has settled anything.
        Written::default().remove(&path).unwrap();
        assert!(!path.exists());
        let mut again = Written::default();
        again.remove(&path).unwrap();
        again.take_back();
        assert_eq!(fs::read_to_string(&path).unwrap(), "a role");
        let mut last = Written::default();
        last.remove(&path).unwrap();
        last.settle();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn file_that_exists_stays_and_what_was_written_is_taken_back() {
        let folder = std::env::temp_dir().join(format!("tfactl-fleet-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let [new, old] = ["new.toml", "old.toml"].map(|name| folder.join(name));
        fs::write(&old, "old").unwrap();
        let mut written = Written::default();
        assert!(written.put(&new, "new").unwrap() && !written.put(&old, "new").unwrap());
        assert_eq!(fs::read_to_string(&new).unwrap(), "new");
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");
        written.replace(&old, "newer").unwrap();
        assert_eq!(fs::read_to_string(&old).unwrap(), "newer");
        written.take_back();
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");
        let mut written = Written::default();
        written
            .replace(&old, &fleet_lines("verifiers = [\"v1:1\"]"))
            .unwrap();
        written.settle();
        assert!(is_of_member(&old));
        fs::write(&old, fleet_lines("verifiers = [\"v1:1\"]\nlimits = {}")).unwrap();
        assert!(!is_of_member(&old) && !is_of_member(&new));
        let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(left.len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
