//! The files of the configuration: each is written whole, in no other's place, and taken back after an error.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The configuration of tfa-fleet.
pub(super) const FLEET_CONFIG: &str = "/etc/tfa/tfa-fleet.toml";
/// The drop-in that tells tfad the role of this host.
pub(super) const ROLE_DROP_IN: &str = "/etc/tfa/tfad.toml.d/fleet.toml";

/// The drop-in of a role.
pub(super) fn role_lines(role: &str) -> String {
    format!("# Written by tfactl.\n[fleet]\nrole = \"{role}\"\n")
}

/// What was written, to be taken back.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<PathBuf>);

impl Written {
    /// Writes a file, if none has this name. Returns whether it was written.
    pub(super) fn put(&mut self, path: &Path, text: &str) -> io::Result<bool> {
        let draft = path.with_extension("draft");
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o644)
            .open(&draft)?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        // A link takes no other's place.
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => {
                self.0.push(path.to_owned());
                sync_parent(path)?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes what was written.
    pub(super) fn take_back(self) {
        for path in self.0.iter().rev() {
            let _ = fs::remove_file(path);
            let _ = sync_parent(path);
        }
    }
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
    fn file_that_exists_stays_and_what_was_written_is_taken_back() {
        let folder = std::env::temp_dir().join(format!("tfactl-fleet-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let [new, old] = ["new.toml", "old.toml"].map(|name| folder.join(name));
        fs::write(&old, "old").unwrap();
        let mut written = Written::default();
        assert!(written.put(&new, "new").unwrap() && !written.put(&old, "new").unwrap());
        assert_eq!(fs::read_to_string(&new).unwrap(), "new");
        assert_eq!(fs::read_to_string(&old).unwrap(), "old");
        written.take_back();
        let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
        assert_eq!(left.len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
