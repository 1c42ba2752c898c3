//! The files of a policy, in the order in which the daemon reads them.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tfa_client::Failure;
use tfa_proto::{DropIns, Supposed};

use crate::messages;

/// The longest call that the daemon takes, in bytes.
pub(super) const LONGEST_CALL: usize = 32 * 1024;
/// What the bus adds to a string at most: its length, its end, and what aligns it.
pub(super) const PER_STRING: usize = 16;
/// What the login takes, with its keys.
const LOGIN: usize = 256;

/// The files of a policy, or none for the one in force.
#[derive(Debug)]
pub(crate) struct Files {
    /// In words.
    named: Option<String>,
    files: Vec<PolicyFile>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
struct PolicyFile {
    name: String,
    text: String,
}

impl Files {
    /// The file and those of its folder.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = file else {
            return Ok(Self {
                named: None,
                files: Vec::new(),
            });
        };
        let mut files = vec![read_one(file)?];
        let drop_ins = drop_ins(file)?;
        for path in &drop_ins {
            // The daemon takes no pipe there, for whose other end everybody would wait.
            if !fs::metadata(path).is_ok_and(|known| known.is_file()) {
                return Err(Failure::Refused(messages::no_file(path)));
            }
            files.push(read_one(path)?);
        }
        let named = messages::files(file, &DropIns::folder(file), drop_ins.len());
        Ok(Self {
            named: Some(named),
            files,
        })
    }

    /// The files in words; `None` for the policy in force.
    pub(crate) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }

    /// Names and texts, as they are sent.
    pub(crate) fn texts(&self) -> Vec<(&str, &str)> {
        let files = self.files.iter();
        files
            .map(|file| (file.name.as_str(), file.text.as_str()))
            .collect()
    }

    /// How many bytes a call has left for users, beside the login and `others`.
    pub(crate) fn room(&self, supposed: &Supposed, others: &[&str]) -> Result<usize, Failure> {
        let files = self.files.iter();
        let files: usize = files
            .map(|file| length(&file.name) + length(&file.text))
            .sum();
        let strings = [supposed.service.as_str(), &supposed.from];
        let method = supposed.method.as_deref();
        let strings = strings.into_iter().chain(method);
        let login: usize = strings.chain(others.iter().copied()).map(str::len).sum();
        let left = LONGEST_CALL.saturating_sub(files + login + LOGIN);
        // A user's name at least, of the length that useradd allows.
        if left < 256 + PER_STRING {
            let named = self.named().unwrap_or_default();
            return Err(Failure::Refused(messages::too_long(
                named,
                files,
                LONGEST_CALL,
            )));
        }
        Ok(left)
    }
}

/// What a string takes in a call.
pub(super) fn length(text: &str) -> usize {
    text.len() + PER_STRING
}

fn read_one(path: &Path) -> Result<PolicyFile, Failure> {
    let not_read = |error: io::Error| Failure::Refused(messages::not_read(path, &error));
    let text = fs::read_to_string(path).map_err(not_read)?;
    Ok(PolicyFile {
        name: path.display().to_string(),
        text,
    })
}

/// The drop-ins in their order; without their folder, none.
fn drop_ins(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let folder = DropIns::folder(file);
    let not_read = |error: io::Error| Failure::Refused(messages::not_read(&folder, &error));
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
