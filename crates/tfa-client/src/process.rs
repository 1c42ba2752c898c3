//! The process of a command: what it may leave behind, who runs it, what drives it.

use std::future::Future;

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::Failure;

/// No core dump and no debugger of the same user may see what passes through.
pub fn harden() {
    // The kernel refuses only values that it does not know.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Whether root runs the command, whom polkit does not ask.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The name of this host.
#[must_use]
pub fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Drives a command to its end, on this thread alone.
///
/// # Errors
/// The command's own.
pub fn run<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(command);
    // A question that a signal cut short still waits for its line; the command does not.
    runtime.shutdown_background();
    outcome
}
