//! Counting instructions with valgrind's callgrind, for every thread of a program from its start to
//! its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::built;

/// Whatever a limit lets the daemon lock, and whatever valgrind has beside it, this is too little:
/// it locks nothing, on every host.
const LOCKED: &str = "--memlock=65536";

/// After so many seconds a program is stopped, and fails.
const LIMIT: &str = "120";

/// The file that callgrind writes for a measurement.
pub(super) fn profile(name: &str) -> PathBuf {
    let folder = built::project().join("target/bench/callgrind");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.out"))
}

/// A program under callgrind, without the host's environment.
pub(super) fn counted(program: &Path, profile: &Path) -> Command {
    let mut command = Command::new("timeout");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .args(["--foreground", LIMIT, "prlimit", LOCKED])
        .args(["valgrind", "--tool=callgrind", "--vgdb=no", "-q"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program);
    command
}

/// What was counted, when the program has ended.
pub(super) fn count(profile: &Path) -> u64 {
    let text = fs::read_to_string(profile)
        .unwrap_or_else(|error| panic!("callgrind wrote no {}: {error}", profile.display()));
    text.lines()
        .find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("{} has no totals", profile.display()))
}
