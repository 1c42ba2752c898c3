//! Counts the instructions of all threads of a program, from its start to its end, with callgrind of
//! valgrind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool;

/// The file that callgrind writes for a measurement.
pub(super) fn profile(name: &str) -> PathBuf {
    tool::output("callgrind", &format!("{name}.out"))
}

/// A program under callgrind.
pub(super) fn counted(program: &Path, profile: &Path) -> Command {
    let out = format!("--callgrind-out-file={}", profile.display());
    let valgrind = ["valgrind", "--tool=callgrind", "--vgdb=no", "-q", &out];
    tool::run(valgrind, program)
}

/// The count of a program that has ended.
pub(super) fn count(profile: &Path) -> u64 {
    let text = fs::read_to_string(profile)
        .unwrap_or_else(|error| panic!("callgrind wrote no {}: {error}", profile.display()));
    text.lines()
        .find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("{} has no totals", profile.display()))
}
