//! A security key: an SSH key whose private part a FIDO authenticator holds. It computes no codes. sshd
//! verifies its signature in each login.

use minicbor::{CborLen, Decode, Encode};

use crate::{KeyFingerprint, KeyType, SshKey};

/// The public key, as far as it identifies the security key.
#[derive(Clone, PartialEq, Eq, Encode, Decode, CborLen)]
pub(super) struct SecurityKey {
    #[n(0)]
    fingerprint: KeyFingerprint,
    #[n(1)]
    key_type: KeyType,
}

impl SecurityKey {
    /// `None` for a key that is not held by a FIDO authenticator. Of a certificate, the key in it counts.
    pub(super) fn new(key: SshKey) -> Option<Self> {
        key.key_type.is_security_key().then_some(Self {
            fingerprint: key.fingerprint,
            key_type: key.key_type,
        })
    }

    pub(super) fn fingerprint(&self) -> KeyFingerprint {
        self.fingerprint
    }

    /// The key, without a certificate.
    pub(super) fn ssh_key(&self) -> SshKey {
        SshKey {
            fingerprint: self.fingerprint,
            key_type: self.key_type,
            is_certificate: false,
        }
    }

    /// Whether sshd has accepted this key, or a certificate of it.
    pub(super) fn is(&self, key: &SshKey) -> bool {
        self.fingerprint == key.fingerprint && self.key_type == key.key_type
    }

    /// Whether a decoded value is in the range of values that are made here.
    pub(super) fn is_sound(&self) -> bool {
        self.key_type.is_security_key()
    }
}
