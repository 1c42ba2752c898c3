//! The files of a policy, in the order in which the daemon reads them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    let mut paths = vec![file.to_owned()];
    paths.extend(drop_ins(file)?);
    paths.into_iter().map(read_one).collect()
}

/// The files in words.
pub(super) fn named(file: &Path) -> Result<String, Failure> {
    let more = drop_ins(file)?.len();
    Ok(texts::files(file, &folder(file), more))
}

fn read_one(path: PathBuf) -> Result<PolicyFile, Failure> {
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::Refused(texts::not_read(&path, &error)))?;
    Ok(PolicyFile {
        name: path.display().to_string(),
        text,
    })
}

/// `FILE.d/*.toml` in the order of the names; without that folder, none.
fn drop_ins(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = folder(file);
    let not_read = |error: io::Error| Failure::Refused(texts::not_read(&folder, &error));
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(not_read(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(not_read)?.file_name();
        let bytes = name.as_encoded_bytes();
        if bytes.ends_with(b".toml") && !bytes.starts_with(b".") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

fn folder(file: &Path) -> PathBuf {
    let mut folder = OsString::from(file);
    folder.push(".d");
    folder.into()
}
