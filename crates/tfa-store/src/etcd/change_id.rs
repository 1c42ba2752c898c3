//! The mark by which a change recognizes its own values.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::StoreError;

/// How long a change id is, in bytes.
pub(super) const ID_BYTES: usize = 16;

/// A random number that stands in every value that one change puts under `a/` and `d/`. After a lost reply it
/// tells whether the value there is this change's, even where another change puts the same record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ChangeId(pub(super) [u8; ID_BYTES]);

impl ChangeId {
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut id = [0; ID_BYTES];
        SysRng
            .try_fill_bytes(&mut id)
            .map_err(|error| StoreError::NoRandomness {
                why: format!("the kernel gives no random bytes: {error}"),
            })?;
        Ok(Self(id))
    }
}
