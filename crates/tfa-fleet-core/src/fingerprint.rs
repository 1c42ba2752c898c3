//! What tells a key or a certificate from each other one: its SHA-256.

use minicbor::{CborLen, Decode, Encode};
use sha2::{Digest, Sha256};

/// What precedes the point of a key on the curve P-256 in a SubjectPublicKeyInfo (RFC 5480).
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// How long a point on the curve P-256 is in bytes, uncompressed.
pub const POINT_BYTES: usize = 65;

/// The SHA-256 of a public key or of a certificate, both in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode, CborLen)]
#[cbor(transparent)]
pub struct Fingerprint(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

impl Fingerprint {
    /// The number of bytes.
    pub const LENGTH: usize = 32;

    /// Takes a fingerprint that was computed before.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The fingerprint of a certificate, or of a public key as its certificate has it
    /// (SubjectPublicKeyInfo).
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The fingerprint of a public key on the curve P-256, from its point.
    #[must_use]
    pub fn of_point(point: &[u8; POINT_BYTES]) -> Self {
        let mut hash = Sha256::new();
        hash.update(P256_PREFIX);
        hash.update(point);
        Self(hash.finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn point_and_public_key_have_the_same_fingerprint() {
        let point = [7; POINT_BYTES];
        let whole = [&P256_PREFIX[..], &point].concat();
        assert_eq!(whole.len(), 0x59 + 2);
        assert_eq!(Fingerprint::of(&whole), Fingerprint::of_point(&point));
    }
}
