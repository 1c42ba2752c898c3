//! `tfa-fleet-ca`: one request on the standard input, one reply on the standard output. tfad starts it.

use std::io::{self, Write as _};
use std::process::ExitCode;

use rustix::process::{
    DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal,
};
use tfa_fleet_ca::answer;
use tfa_fleet_wire::{frame, read_ca_frame};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(
                io::stderr(),
                "tfa-fleet-ca: {error}. tfad starts this program."
            );
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    // The key is in the memory: no core dump, and no other process of the same user reads it.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    // tfad ends this process. A tfad that was killed cannot.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let request = read_ca_frame(&mut io::stdin().lock())?;
    let reply = frame::encode(&answer(request)).map_err(io::Error::other)?;
    let mut output = io::stdout().lock();
    output.write_all(&reply)?;
    output.flush()
}
