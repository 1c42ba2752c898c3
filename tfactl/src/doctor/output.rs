//! Programs of the host, and what they print.

use std::process::{Command, Output, Stdio};

/// What a program prints, in English; `None` if it cannot be started.
pub(super) fn output(program: &str, arguments: &[&str]) -> Option<Output> {
    let mut program = Command::new(program);
    program
        .args(arguments)
        .stdin(Stdio::null())
        .env("LC_ALL", "C");
    program.output().ok()
}

/// Whether a program can be started and succeeds.
pub(super) fn succeeds(program: &str, arguments: &[&str]) -> bool {
    output(program, arguments).is_some_and(|output| output.status.success())
}
