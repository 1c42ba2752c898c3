//! Accounts and groups of this host, from `getent`.

use std::process::{Command, Output, Stdio};

use tfa_client::Failure;

use crate::messages;

/// Keys in one call, because the length of a command line is limited.
const MAX_KEYS: usize = 500;
/// The exit code if a key does not exist.
const NOT_FOUND: i32 = 2;

/// All lines of a database.
pub(crate) fn all(database: &str) -> Result<String, Failure> {
    let output = getent(database, &[])?;
    if output.status.success() {
        Ok(text(&output))
    } else {
        Err(failed(database, &output))
    }
}

/// The lines of these keys. A key that does not exist has no line.
pub(crate) fn some(database: &str, keys: &[&str]) -> Result<String, Failure> {
    let mut lines = String::new();
    for keys in keys.chunks(MAX_KEYS) {
        let output = getent(database, keys)?;
        if !output.status.success() && output.status.code() != Some(NOT_FOUND) {
            return Err(failed(database, &output));
        }
        lines.push_str(&text(&output));
    }
    Ok(lines)
}

fn getent(database: &str, keys: &[&str]) -> Result<Output, Failure> {
    Command::new("getent")
        .args(["--", database])
        .args(keys)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::Refused(messages::getent_not_started(&error)))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn failed(database: &str, output: &Output) -> Failure {
    Failure::Refused(messages::getent_failed(database, output.status))
}
