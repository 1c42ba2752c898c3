//! The rules of sudo.

use std::fs;
use std::path::{Path, PathBuf};

use super::bounded::text;
use super::output::output;
use crate::messages;

const PROGRAM: &str = "/usr/bin/sudo";
/// Prints the rules with their aliases and included files resolved. It belongs to the package of sudo.
const CONVERTER: &str = "/usr/bin/cvtsudoers";
const RULES: &str = "/etc/sudoers";
const FOLDER: &str = "/etc/sudoers.d";

/// The rules as JSON, or why they are not known. `None` if there is no sudo.
pub(super) fn rules() -> Option<Result<String, String>> {
    Path::new(PROGRAM).exists().then(convert)
}

fn convert() -> Result<String, String> {
    // Without the settings of the converter itself, which may filter.
    let arguments = ["-c", "/dev/null", "-f", "json", "-e", RULES];
    let output = output(CONVERTER, &arguments)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let first = errors.lines().next().unwrap_or_default();
    Err(messages::program_failed(CONVERTER, first))
}

/// The files of sudo that are usual, to find the line of a rule.
pub(super) fn files() -> Vec<(String, String)> {
    let entries = fs::read_dir(FOLDER).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.push(RULES.into());
    paths.sort();
    let read = |path: PathBuf| {
        let text = text(&path)?;
        Some((path.into_os_string().into_string().ok()?, text))
    };
    // sudo ignores such names in the folder.
    let is_read = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        !name.contains('.') && !name.ends_with('~')
    };
    let texts = paths.into_iter().filter_map(read);
    texts.filter(|(path, _)| is_read(path)).collect()
}
