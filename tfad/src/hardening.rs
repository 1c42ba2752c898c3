//! The daemon's memory: not dumpable, and kept out of swap.

use nix::libc;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};

/// Locks the memory and forbids core dumps.
///
/// # Errors
/// What could not be done, and what to look at.
pub fn protect_memory() -> Result<(), String> {
    prctl::set_dumpable(false).map_err(|error| format!("cannot forbid core dumps: {error}"))?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
        .map_err(|error| format!("cannot set the core size to 0: {error}"))?;
    // On fault: pages are locked as they come into use, so an untouched stack costs nothing.
    let on_fault = MlockAllFlags::from_bits_retain(libc::MCL_ONFAULT);
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_fault).map_err(|error| {
        format!("cannot lock the memory: {error}; the unit needs LimitMEMLOCK=infinity")
    })
}
