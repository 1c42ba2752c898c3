//! What a member tells a verifier of one user, and the reply: CBOR with numbered fields.

use minicbor::{CborLen, Decode, Encode};

use super::{BoundSetId, OfflineEvent, UnknownBoundCodes};

/// How many events a verifier takes at once.
const MAX_EVENTS: usize = 32;

/// What a member tells of one user.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct BoundReport {
    /// The set in use there.
    #[n(0)]
    pub set: Option<BoundSetId>,
    /// What has happened, oldest first. An event may be told again.
    #[n(1)]
    pub events: Vec<OfflineEvent>,
}

/// What the verifier replies.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub struct BoundReply {
    /// Whether the set is the one that is registered. Otherwise it is void.
    #[n(0)]
    pub is_valid: bool,
    /// Whether the events are stored, and need not be told again.
    #[n(1)]
    pub has_taken_events: bool,
}

impl BoundReport {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encoded(self)
    }

    /// Reads a report.
    ///
    /// # Errors
    /// [`UnknownBoundCodes`] for anything that [`Self::encode`] did not write, or for too many events.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownBoundCodes> {
        let report: Self = decoded(bytes)?;
        let is_sound =
            report.events.len() <= MAX_EVENTS && report.events.iter().all(OfflineEvent::is_sound);
        is_sound.then_some(report).ok_or(UnknownBoundCodes)
    }
}

impl BoundReply {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encoded(self)
    }

    /// Reads a reply.
    ///
    /// # Errors
    /// [`UnknownBoundCodes`] for anything that [`Self::encode`] did not write.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownBoundCodes> {
        decoded(bytes)
    }
}

pub(super) fn encoded<T: Encode<()> + CborLen<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(minicbor::len(value));
    // Writing to a vector cannot fail: its error type has no values.
    let _: Result<_, minicbor::encode::Error<std::convert::Infallible>> =
        minicbor::encode(value, &mut bytes);
    bytes
}

pub(super) fn decoded<'bytes, T: Decode<'bytes, ()>>(
    bytes: &'bytes [u8],
) -> Result<T, UnknownBoundCodes> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|_| UnknownBoundCodes)?;
    match decoder.position() == bytes.len() {
        true => Ok(value),
        false => Err(UnknownBoundCodes),
    }
}
