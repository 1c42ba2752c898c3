//! Runs a program under a tool that counts, without the environment of the host.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built;

/// The limit of locked memory. It is too low for the daemon, so that the daemon locks no memory on
/// any host.
const LOCKED: &str = "--memlock=65536";

/// The time limit of a program in seconds.
const TIMEOUT: &str = "120";

/// A tool with its arguments, and the program.
pub(super) fn run(tool: impl IntoIterator<Item = impl AsRef<OsStr>>, program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["--foreground", TIMEOUT, "prlimit", LOCKED])
        .args(tool)
        .arg(program);
    command
}

/// A file in a folder of `target/bench`.
pub(super) fn output(folder: &str, file: &str) -> PathBuf {
    let folder = built::project().join("target/bench").join(folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join(file)
}

/// The program alone, which is not counted.
pub(super) fn none(program: &Path) -> Command {
    Command::new(program)
}
