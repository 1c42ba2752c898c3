//! `tfactl policy check`: the daemon's program looks for mistakes, whether the daemon runs or not.

use std::path::Path;
use std::process::{Command, Stdio};

use tfa_bus::command::{Failure, Terminal};

use super::files;
use crate::texts;

const PROGRAM: &str = "/usr/sbin/tfad";

pub(crate) fn run(file: &Path) -> Result<(), Failure> {
    // It says itself what is wrong, and where.
    let checked = Command::new(PROGRAM)
        .args(["--check", "--config"])
        .arg(file)
        .stdin(Stdio::null())
        .status()
        .map_err(|error| Failure::Refused(texts::no_daemon_program(PROGRAM, &error)))?;
    if !checked.success() {
        return Err(Failure::Refused(texts::mistakes(file)));
    }
    let files = files::named(file)?;
    Terminal::new().say(&texts::no_mistakes(&files))?;
    Ok(())
}
