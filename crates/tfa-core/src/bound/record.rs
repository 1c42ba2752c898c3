//! The record of a user on a member: CBOR with numbered fields.

use std::fmt;

use super::{BoundCodes, OfflineEvent};

/// The format that is written here. A record of another format is refused.
pub(super) const FORMAT: u8 = 1;

impl BoundCodes {
    /// Encodes the record, for sealing.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(minicbor::len(self));
        // Writing to a vector cannot fail: its error type has no values.
        let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> =
            minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Decodes a record.
    ///
    /// # Errors
    /// [`UnknownBoundCodes`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownBoundCodes> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let record: Self = decoder.decode().map_err(|_| UnknownBoundCodes)?;
        let is_whole = decoder.position() == bytes.len();
        if is_whole && record.is_sound() {
            Ok(record)
        } else {
            Err(UnknownBoundCodes)
        }
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
