//! The process of a command: hardening, identity, host name, clock, runtime.

use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::Failure;

/// Prevents core dumps, and debuggers of the same user, from reading codes.
pub fn harden() {
    // It only fails for values that the kernel does not know.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Whether root runs the command. polkit does not ask root for a password.
#[must_use]
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Seconds since 1970.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The name of this host.
#[must_use]
pub fn host() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// Runs a command to its end, on this thread.
///
/// # Errors
/// The command's own.
pub fn run<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(command);
    // A read of the terminal that a signal interrupted may still be pending.
    runtime.shutdown_background();
    outcome
}
