//! The files of a policy, in the order in which the daemon reads them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tfa_bus::DropIns;
use tfa_bus::command::Failure;

use crate::texts;

/// A file of a policy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PolicyFile {
    pub(super) name: String,
    pub(super) text: String,
}

/// The file and those of its folder.
pub(super) fn read(file: &Path) -> Result<Vec<PolicyFile>, Failure> {
    let mut files = vec![read_one(file)?];
    for path in drop_ins(file)? {
        // The daemon takes no pipe there, for whose other end everybody would wait.
        if !fs::metadata(&path).is_ok_and(|known| known.is_file()) {
            return Err(Failure::Refused(texts::no_file(&path)));
        }
        files.push(read_one(&path)?);
    }
    Ok(files)
}

/// The files in words.
pub(super) fn named(file: &Path) -> Result<String, Failure> {
    let more = drop_ins(file)?.len();
    Ok(texts::files(file, &DropIns::folder(file), more))
}

fn read_one(path: &Path) -> Result<PolicyFile, Failure> {
    let not_read = |error: io::Error| Failure::Refused(texts::not_read(path, &error));
    let text = fs::read_to_string(path).map_err(not_read)?;
    Ok(PolicyFile {
        name: path.display().to_string(),
        text,
    })
}

/// The drop-ins in their order; without their folder, none.
fn drop_ins(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = DropIns::folder(file);
    let not_read = |error: io::Error| Failure::Refused(texts::not_read(&folder, &error));
    // A link to nowhere is a mistake, like anything else that is there and cannot be read.
    match fs::symlink_metadata(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        _ => {}
    }
    let names: io::Result<Vec<OsString>> = fs::read_dir(&folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let names = DropIns::among(names.map_err(not_read)?).read;
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}
