//! `tfactl policy check`: the daemon's program looks for mistakes, whether the daemon runs or not.

use std::path::Path;
use std::process::{Command, Stdio};

use tfa_client::Failure;

use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfad";

pub(crate) fn run(file: &Path, strict: bool) -> Result<(), Failure> {
    let mut program = Command::new(PROGRAM);
    program.args(["--check", "--config"]).arg(file);
    // Any other file is a draft, which may be its author's.
    if file != Path::new(messages::POLICY_FILE) {
        program.arg("--draft");
    }
    if strict {
        program.arg("--strict");
    }
    // It says itself what is wrong, where, and what it comes to.
    let checked = program
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::Refused(messages::no_daemon_program(PROGRAM, &error)))?;
    if checked.success() {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}
