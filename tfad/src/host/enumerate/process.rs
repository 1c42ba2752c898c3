//! The process that enumerates: it writes the users to its standard output.

use std::fs;
use std::io::{self, BufWriter, Write, stdout};
use std::process::ExitCode;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{Uid, User};

use super::record::{write_end, write_failed, write_user};

/// A uid that never exists.
const NO_USER: Uid = Uid::from_raw(u32::MAX);

/// Writes the users, and then that these are all or why they are not. The process has one thread.
pub fn run() -> ExitCode {
    // The memory of a large directory is this process's, which is killed rather than the daemon.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    // The daemon ends this process. A daemon that was killed cannot.
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    let mut output = BufWriter::with_capacity(super::BUFFER, stdout().lock());
    let written = match write_users(&mut output) {
        Ok(()) => write_end(&mut output),
        Err(error) => write_failed(&mut output, &error.to_string()),
    };
    match written.and_then(|()| output.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // The daemon has given up.
        Err(_) => ExitCode::FAILURE,
    }
}

fn write_users(output: &mut impl Write) -> io::Result<()> {
    must_answer()?;
    tfa_nss::for_each_user(|user| write_user(output, user))?;
    must_answer()
}

/// Checks that every source of users answers. An enumeration leaves out the users of a source that does
/// not, without an error. "Not found" is an answer.
fn must_answer() -> io::Result<()> {
    match User::from_uid(NO_USER) {
        Ok(_) => Ok(()),
        Err(error) => Err(io::Error::other(format!(
            "a source of users in nsswitch.conf does not answer: {error}"
        ))),
    }
}
