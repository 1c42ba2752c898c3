//! What the user typed.

use zeroize::Zeroizing;

/// Bytes that the user typed. Wiped on drop.
pub(crate) type Answer = Zeroizing<Vec<u8>>;
