//! What the host's name service says: `getent`.

use std::process::{Command, Output, Stdio};

use tfa_client::Failure;

use crate::messages;

/// Keys in one call: a command line has an end.
const MOST_KEYS: usize = 500;
/// Its exit code where it does not know one of the keys.
const NOT_FOUND: i32 = 2;

/// Everything that it enumerates, in lines.
pub(crate) fn all(database: &str) -> Result<String, Failure> {
    let output = getent(database, &[])?;
    if output.status.success() {
        Ok(text(&output))
    } else {
        Err(failed(database, &output))
    }
}

/// The lines of these keys. One that is not known has none.
pub(crate) fn some(database: &str, keys: &[&str]) -> Result<String, Failure> {
    let mut lines = String::new();
    for keys in keys.chunks(MOST_KEYS) {
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
        .map_err(|error| Failure::Refused(messages::no_getent(&error)))
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn failed(database: &str, output: &Output) -> Failure {
    Failure::Refused(messages::getent_failed(database, output.status))
}
