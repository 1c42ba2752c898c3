//! The mark by which a change recognizes its own values.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::StoreError;

/// How long a change id is, in bytes.
pub(super) const ID_BYTES: usize = 16;

/// A random number that stands in every value that one change puts under `a/` and `d/`. After a lost reply it
/// tells whether the value there is this change's, even where another change puts the same record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChangeId(pub(super) [u8; ID_BYTES]);

impl ChangeId {
    pub(crate) fn random() -> Result<Self, StoreError> {
        let mut id = [0; ID_BYTES];
        SysRng
            .try_fill_bytes(&mut id)
            .map_err(|error| StoreError::NoRandomness {
                why: format!("the kernel gives no random bytes: {error}"),
            })?;
        Ok(Self(id))
    }

    /// The line of a file that has the id.
    pub(crate) fn line(&self) -> String {
        let digits = self.0.iter().map(|byte| format!("{byte:02x}"));
        format!("{}\n", digits.collect::<String>())
    }

    /// The id in a line that [`Self::line`] made.
    pub(crate) fn of_line(line: &[u8]) -> Option<Self> {
        let text = str::from_utf8(line).ok()?;
        let mut id = [0; ID_BYTES];
        for (number, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(number * 2..number * 2 + 2)?, 16).ok()?;
        }
        let id = Self(id);
        (id.line() == text).then_some(id)
    }
}
