//! Skips tests for which this process has too few privileges, or the host no program.
//!
//! `tests/runner` gives a test program that needs root a user namespace. Root of such a namespace
//! can mount a tmpfs, but no disk, and it can use another uid only if the namespace maps it.
//! libtest cannot skip a test at run time: a test that skips itself counts as passed there.
//! `tests/run` reads the lines that are printed here, and counts it as skipped.

use std::fs;
use std::io::Write as _;
use std::thread;

/// The uid of a user without rights.
pub const NOBODY: u32 = 65534;

/// Whether the test cannot give a file to this uid, or become it; says so then.
#[must_use = "the test must return"]
pub fn skip_without_uid(uid: u32) -> bool {
    if !rustix::process::geteuid().is_root() {
        skip("needs root")
    } else if !ranges().any(|(first, count)| (first..first.saturating_add(count)).contains(&uid)) {
        skip("needs root, or subordinate uids (the package uidmap, a line in /etc/subuid)")
    } else {
        false
    }
}

/// Whether the test does not run as root of the host; says so then.
#[must_use = "the test must return"]
pub fn skip_without_root(reason: &str) -> bool {
    let all = ranges().any(|(_, count)| count == u32::MAX);
    if rustix::process::geteuid().is_root() && all {
        false
    } else {
        skip(&format!("needs root ({reason})"))
    }
}

/// Whether a program is not installed, which this package of Debian has; says so then.
#[must_use = "the test must return"]
pub fn skip_without_program(program: &str, package: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_installed = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    !is_installed && skip(&format!("needs {program} (the package {package})"))
}

/// The uids that exist in this user namespace, each as the first and how many.
fn ranges() -> impl Iterator<Item = (u32, u32)> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let range = |line: &str| {
        let mut fields = line.split_whitespace();
        let first = fields.next()?.parse().ok()?;
        Some((first, fields.nth(1)?.parse().ok()?))
    };
    map.lines()
        .filter_map(range)
        .collect::<Vec<_>>()
        .into_iter()
}

fn skip(reason: &str) -> bool {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    // Not by `eprintln!`: libtest keeps what a test that passes prints with it.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
    true
}
