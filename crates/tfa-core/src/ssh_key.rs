//! SSH keys that sshd has accepted in a login.

use std::fmt;

use data_encoding::BASE64_NOPAD;
use minicbor::{CborLen, Decode, Encode};

/// A public key with which sshd has authenticated the user in this login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SshKey {
    /// The fingerprint of the key. That of a certificate is the one of the key in it, which stays
    /// the same when the certificate is issued anew.
    pub fingerprint: KeyFingerprint,
    /// The type of the key.
    pub key_type: KeyType,
    /// Whether the key was presented in a certificate.
    pub is_certificate: bool,
}

/// The SHA-256 of a public key in its SSH encoding (RFC 4253 section 6.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, CborLen)]
pub struct KeyFingerprint(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// The form of `ssh-keygen -l`.
impl fmt::Display for KeyFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SHA256:{}", BASE64_NOPAD.encode(&self.0))
    }
}

/// The types of SSH keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, CborLen)]
#[cbor(index_only)]
pub enum KeyType {
    /// `ssh-rsa`.
    #[n(0)]
    Rsa,
    /// `ssh-dss`.
    #[n(1)]
    Dsa,
    /// `ecdsa-sha2-nistp256` and its larger curves.
    #[n(2)]
    Ecdsa,
    /// `ssh-ed25519`.
    #[n(3)]
    Ed25519,
    /// `sk-ecdsa-sha2-nistp256@openssh.com`: the private key is in a security key.
    #[n(4)]
    SkEcdsa,
    /// `sk-ssh-ed25519@openssh.com`: the private key is in a security key.
    #[n(5)]
    SkEd25519,
}

impl KeyType {
    /// Whether the private key is in a FIDO security key.
    #[must_use]
    pub fn is_security_key(self) -> bool {
        matches!(self, Self::SkEcdsa | Self::SkEd25519)
    }

    /// The name that `ssh-keygen -l` shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Dsa => "DSA",
            Self::Ecdsa => "ECDSA",
            Self::Ed25519 => "ED25519",
            Self::SkEcdsa => "ECDSA-SK",
            Self::SkEd25519 => "ED25519-SK",
        }
    }
}
