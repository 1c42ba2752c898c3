//! The drop-in that names the kind of the store, after accounts were moved.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use tfa_store::KeptIn;

use super::CONFIG;
use crate::config::{Config, StoreKind, Trust};

const DROP_IN: &str = "/etc/tfa/tfad.toml.d/store.toml";

/// Has the configuration name this store, unless it does. The error says what to do by hand.
pub(super) fn name(kept_in: KeptIn) -> Result<(), String> {
    let (kind, word) = match kept_in {
        KeptIn::Database => (StoreKind::Sqlite, "sqlite"),
        KeptIn::Etcd => (StoreKind::Etcd, "etcd"),
    };
    let is_named = || {
        let config = Config::read(Path::new(CONFIG), &Trust::own());
        config.is_ok_and(|config| config.store == kind)
    };
    if is_named() {
        return Ok(());
    }
    let by_hand = |why: &str| {
        format!(
            "{why}: put the lines [store] and kind = \"{word}\" into tfad.toml, and restart tfad"
        )
    };
    let path = Path::new(DROP_IN);
    match fs::read_to_string(path) {
        Ok(text) if !names_a_kind_only(&text) => {
            return Err(by_hand(&format!("{DROP_IN} has other lines too")));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(by_hand(&format!("{DROP_IN}: {error}")));
        }
        _ => {}
    }
    let text = format!("# Written by tfactl store migrate.\n[store]\nkind = \"{word}\"\n");
    replace(path, &text).map_err(|error| by_hand(&format!("{DROP_IN}: {error}")))?;
    match is_named() {
        true => Ok(()),
        false => Err(by_hand(
            "another file of the configuration, which is read later, has another kind of store or an error",
        )),
    }
}

/// Whether a file has nothing but comments and the kind of the store.
fn names_a_kind_only(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    let is_kind = |line: &str| {
        let value = line.strip_prefix("kind").map(str::trim_start);
        value.is_some_and(|value| value.starts_with('='))
    };
    lines.next() == Some("[store]") && lines.next().is_some_and(is_kind) && lines.next().is_none()
}

/// Replaces a file as a whole. It is on disk when this returns.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_the_kind_alone_is_replaced() {
        for own in [
            "[store]\nkind = \"etcd\"\n",
            "# Mine\n\n [store]\nkind=\"sqlite\"",
        ] {
            assert!(names_a_kind_only(own), "{own}");
        }
        for other in [
            "",
            "[store]\n",
            "[policy]\nmode = \"off\"\n[store]\nkind = \"etcd\"\n",
            "[store]\nkind = \"etcd\"\n[fleet]\nrole = \"verifier\"\n",
            "[store]\nkinds = \"etcd\"\n",
        ] {
            assert!(!names_a_kind_only(other), "{other}");
        }
    }
}
