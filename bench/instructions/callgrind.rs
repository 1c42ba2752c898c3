//! Counts the instructions of all threads of a program, from its start to its end, with callgrind of
//! valgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built;

/// The limit of locked memory. It is too low for the daemon, so that the daemon locks no memory on
/// any host.
const LOCKED: &str = "--memlock=65536";

/// The time limit of a program in seconds.
const TIMEOUT: &str = "120";

/// The file that callgrind writes for a measurement.
pub(super) fn profile(name: &str) -> PathBuf {
    let folder = built::project().join("target/bench/callgrind");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.out"))
}

/// A program under callgrind, without the environment of the host.
pub(super) fn counted(program: &Path, profile: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["--foreground", TIMEOUT, "prlimit", LOCKED])
        .args(["valgrind", "--tool=callgrind", "--vgdb=no", "-q"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program);
    command
}

/// The count of a program that has ended.
pub(super) fn count(profile: &Path) -> u64 {
    let text = fs::read_to_string(profile)
        .unwrap_or_else(|error| panic!("callgrind wrote no {}: {error}", profile.display()));
    text.lines()
        .find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("{} has no totals", profile.display()))
}
