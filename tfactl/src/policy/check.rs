//! `tfactl policy check`: runs `tfad --check`, which needs no running daemon.

use std::path::Path;
use std::process::{Command, Stdio};

use tfa_client::Failure;

use crate::messages;

const PROGRAM: &str = "/usr/sbin/tfad";

pub(crate) fn run(file: &Path, strict: bool) -> Result<(), Failure> {
    let mut program = Command::new(PROGRAM);
    program.args(["--check", "--config"]).arg(file);
    // Any other file is a draft, and may have any owner.
    if file != Path::new(messages::POLICY_FILE) {
        program.arg("--draft");
    }
    if strict {
        program.arg("--strict");
    }
    // It prints the errors and the summary.
    let checked = program
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::Refused(messages::daemon_not_started(PROGRAM, &error)))?;
    if checked.success() {
        Ok(())
    } else {
        Err(Failure::Reported)
    }
}
