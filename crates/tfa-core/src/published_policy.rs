//! The document of the policy that is published for all verifiers of a fleet.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::Time;

/// The format that is written here. A document of another format is refused: a later field may restrict.
const FORMAT: u8 = 1;
/// The format that says that no policy is published any more. An older version refuses it.
const REMOVED: u8 = 2;

/// A published policy, as its text.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PublishedPolicy {
    #[n(0)]
    format: u8,
    /// The text, in the language of `tfad.toml`.
    #[n(1)]
    pub text: String,
    /// The time zone of dates in it that name none.
    #[n(2)]
    pub zone: String,
    /// When it was published.
    #[n(3)]
    pub published: Time,
    /// The host on which it was published.
    #[n(4)]
    pub host: String,
    /// The uid there of who published it.
    #[n(5)]
    pub uid: u32,
    /// The number of this publication. An older version writes none.
    #[n(6)]
    serial: Option<u64>,
}

/// A document that this version cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownPolicy;

impl fmt::Display for UnknownPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is damaged, or a later version of tfa has published it")
    }
}

impl std::error::Error for UnknownPolicy {}

impl PublishedPolicy {
    /// A policy that is published now.
    #[must_use]
    pub fn new(text: String, zone: String, published: Time, host: String, uid: u32) -> Self {
        Self {
            format: FORMAT,
            text,
            zone,
            published,
            host,
            uid,
            serial: None,
        }
    }

    /// The document that no policy is published any more.
    #[must_use]
    pub fn removed() -> Self {
        let (text, zone, host) = (String::new(), String::new(), String::new());
        Self {
            format: REMOVED,
            ..Self::new(text, zone, Time::from_secs(0), host, 0)
        }
    }

    /// Whether it says that no policy is published any more.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        self.format == REMOVED
    }

    /// The number of this publication, a removal included: higher than that of each one before; 0 if an older version has
    /// published it.
    #[must_use]
    pub fn serial(&self) -> u64 {
        self.serial.unwrap_or(0)
    }

    /// The same with this number.
    #[must_use]
    pub fn with_serial(self, serial: u64) -> Self {
        let serial = Some(serial);
        Self { serial, ..self }
    }

    /// The bytes of the document.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Memory takes any length.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`UnknownPolicy`].
    pub fn decode(bytes: &[u8]) -> Result<Self, UnknownPolicy> {
        let mut decoder = minicbor::Decoder::new(bytes);
        let policy: Self = decoder.decode().map_err(|_| UnknownPolicy)?;
        let is_whole = decoder.position() == bytes.len();
        match matches!(policy.format, FORMAT | REMOVED) && is_whole {
            true => Ok(policy),
            false => Err(UnknownPolicy),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> PublishedPolicy {
        let (zone, host) = ("Europe/Berlin".to_owned(), "v1".to_owned());
        let text = "[policy]\nmode = \"required\"\n".to_owned();
        PublishedPolicy::new(text, zone, Time::from_secs(1_800_000_000), host, 1000)
    }

    #[test]
    fn published_policy_is_read_back() {
        assert_eq!(PublishedPolicy::decode(&policy().encode()), Ok(policy()));
    }

    #[test]
    fn document_of_an_older_version_has_the_number_0() {
        // Six fields, without the number.
        let bytes = policy().encode();
        assert_eq!(bytes[0], 0x86);
        let read = PublishedPolicy::decode(&bytes).unwrap();
        assert_eq!((read.serial(), read.is_removal()), (0, false));
        let removed = PublishedPolicy::removed().with_serial(7);
        let removed = PublishedPolicy::decode(&removed.encode()).unwrap();
        assert_eq!((removed.serial(), removed.is_removal()), (7, true));
    }

    #[test]
    fn other_format_and_cut_or_longer_bytes_are_refused() {
        let bytes = policy().encode();
        for end in 0..bytes.len() {
            assert_eq!(PublishedPolicy::decode(&bytes[..end]), Err(UnknownPolicy));
        }
        assert_eq!(
            PublishedPolicy::decode(&[&bytes[..], &[0]].concat()),
            Err(UnknownPolicy)
        );
        let later = PublishedPolicy {
            format: REMOVED + 1,
            ..policy()
        };
        assert_eq!(PublishedPolicy::decode(&later.encode()), Err(UnknownPolicy));
    }
}
