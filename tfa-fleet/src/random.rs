//! The random part of times.

use rand::TryRng as _;
use rand::rngs::SysRng;

/// A random number; without one, the one of the longest time.
pub(crate) fn random() -> u32 {
    SysRng.try_next_u32().unwrap_or(u32::MAX)
}
