//! `tfa-fleet`: reads its options, and serves.

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tfa_fleet::credentials::Folder;
use tfa_fleet::log::{Level, log};
use tfa_fleet::run::{Places, RunError, run};
use tfa_fleet::task::{CONFIG, STATE, Task};

const USAGE: &str = "usage: tfa-fleet [--config FILE] [--state DIRECTORY] [--socket PATH]
                 [--tfad PATH] [--help]
See tfa-fleet(8).";

/// One more than a login needs at a time, so that a slow handshake does not hold up the others.
const WORKER_THREADS: usize = 2;

fn main() -> ExitCode {
    // No options for users: tfactl starts the program with them.
    let mut arguments = std::env::args().skip(1);
    if let Some(task) = arguments.next().and_then(|word| Task::of(&word)) {
        return task.run(arguments);
    }
    let options = match options(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            let _ = writeln!(io::stdout(), "{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(wrong) => {
            log(Level::Error, &format_args!("{wrong}; see tfa-fleet(8)"));
            return ExitCode::from(2);
        }
    };
    match serve(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            log(Level::Error, &why);
            ExitCode::FAILURE
        }
    }
}

/// Why the program ends with an error.
#[derive(Debug)]
enum Failure {
    /// Other programs could read the memory.
    Memory(Errno),
    /// The kernel gives no threads.
    Runtime(io::Error),
    Run(RunError),
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(error) => write!(formatter, "cannot protect the memory: {error}"),
            Self::Runtime(error) => write!(formatter, "cannot start the runtime: {error}"),
            Self::Run(error) => error.fmt(formatter),
        }
    }
}

fn serve(options: &Places) -> Result<(), Failure> {
    // The key and the codes of logins are in the memory: no core dump, and no other process of the
    // same user reads it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(Failure::Memory)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let result = runtime.block_on(run(options));
    // Without waiting for a name that is still looked up.
    runtime.shutdown_background();
    result.map_err(Failure::Run)
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Places>, String> {
    let mut options = Places {
        config: PathBuf::from(CONFIG),
        folder: Folder::new(PathBuf::from(STATE)),
        socket: PathBuf::from(tfa_fleet_wire::CALL_SOCKET),
        tfad: PathBuf::from(tfa_fleet_wire::MEMBER_SOCKET),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--config" => options.config = PathBuf::from(value()?),
            "--state" => options.folder = Folder::new(PathBuf::from(value()?)),
            "--socket" => options.socket = PathBuf::from(value()?),
            "--tfad" => options.tfad = PathBuf::from(value()?),
            "--help" | "-h" => return Ok(None),
            _ => return Err(format!("unknown argument {argument:?}")),
        }
    }
    Ok(Some(options))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_tells_the_options_and_their_defaults() {
        const MANUAL: &str = include_str!("../../man/tfa-fleet.8");
        let options = options(std::iter::empty()).unwrap().unwrap();
        let defaults = [
            ("config", options.config),
            ("state", PathBuf::from(STATE)),
            ("socket", options.socket),
            ("tfad", options.tfad),
        ];
        for (option, default) in defaults {
            assert!(USAGE.contains(&format!("--{option} ")));
            let item = format!("\n.It Fl -{option} ");
            let (_, text) = MANUAL.split_once(&item).unwrap();
            let text = text.split("\n.It ").next().unwrap();
            assert!(
                text.contains(&format!("\n.Pa {} .", default.display())),
                "{option}"
            );
        }
    }
}
