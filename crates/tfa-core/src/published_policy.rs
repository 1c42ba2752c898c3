//! The document of the policy that is published for all verifiers of a fleet.

use std::fmt;

use minicbor::{Decode, Encode};

use crate::Time;

/// The format that is written here. A document of another format is refused: a later field may restrict.
const FORMAT: u8 = 1;

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
        }
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
        match policy.format == FORMAT && is_whole {
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
            format: FORMAT + 1,
            ..policy()
        };
        assert_eq!(PublishedPolicy::decode(&later.encode()), Err(UnknownPolicy));
    }
}
