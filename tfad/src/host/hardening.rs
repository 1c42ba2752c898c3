//! The daemon's memory: not dumpable, and kept out of swap.

use nix::libc;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::prctl;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};

/// Forbids core dumps, and locks the memory where there is no limit to what may be locked. Under a
/// limit nothing is locked: the daemon would start and later run out of memory in the middle.
///
/// # Errors
/// What could not be done, and what to look at.
pub fn protect_memory() -> Result<(), String> {
    prctl::set_dumpable(false).map_err(|error| format!("cannot forbid core dumps: {error}"))?;
    let limit = getrlimit(Resource::RLIMIT_MEMLOCK).map(|(soft, _)| soft);
    if limit != Ok(RLIM_INFINITY) {
        return Err(
            "the memory is not locked: the unit's LimitMEMLOCK=infinity is not in force \
                    on this host. Secrets could reach the swap space, if there is any"
                .to_owned(),
        );
    }
    // On fault: pages are locked as they come into use, so an untouched stack costs nothing.
    let on_fault = MlockAllFlags::from_bits_retain(libc::MCL_ONFAULT);
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_fault)
        .map_err(|error| format!("the memory cannot be locked: {error}"))
}
