//! The record of a user on a member: CBOR with numbered fields.

use std::fmt;

use super::report::{decoded, encoded};
use super::{BoundCodes, OfflineEvent};

/// The format that is written here. A record of another format is refused.
pub(super) const FORMAT: u8 = 1;

impl BoundCodes {
    /// Encodes the record, for sealing.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encoded(self)
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// [`UnknownBoundCodes`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownBoundCodes> {
        let record: Self = decoded(bytes)?;
        record.is_sound().then_some(record).ok_or(UnknownBoundCodes)
    }

    fn is_sound(&self) -> bool {
        self.format == FORMAT
            && self.set.as_ref().is_none_or(|set| set.codes.is_sound())
            && self.throttle.is_sound()
            && self.events.iter().all(OfflineEvent::is_sound)
    }
}

/// The bytes are not a record of bound codes of a format that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownBoundCodes;

impl fmt::Display for UnknownBoundCodes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the record holds no bound codes of a format known here")
    }
}

impl std::error::Error for UnknownBoundCodes {}
