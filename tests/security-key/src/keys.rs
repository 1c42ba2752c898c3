//! The two types of keys.

use ed25519_dalek::Signer as _;

/// The length of a private key of either type.
const PRIVATE_KEY_LENGTH: usize = 32;

/// The types of keys, by their numbers in `sk-api.h`.
#[derive(Clone, Copy)]
pub(crate) enum Algorithm {
    /// `SSH_SK_ECDSA`.
    Ecdsa,
    /// `SSH_SK_ED25519`.
    Ed25519,
}

impl Algorithm {
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Ecdsa),
            1 => Some(Self::Ed25519),
            _ => None,
        }
    }
}

/// A signature, in the two parts of `sk_sign_response`. Ed25519 has the first one only.
pub(crate) struct Signature {
    pub(crate) r: Vec<u8>,
    pub(crate) s: Vec<u8>,
}

/// A new private key.
pub(crate) fn draw(algorithm: Algorithm) -> Option<[u8; PRIVATE_KEY_LENGTH]> {
    use rand::TryRng;
    let mut key = [0; PRIVATE_KEY_LENGTH];
    loop {
        rand::rngs::SysRng.try_fill_bytes(&mut key).ok()?;
        // Not every 32 bytes are a scalar of the curve.
        if public(algorithm, &key).is_some() {
            return Some(key);
        }
    }
}

/// The public key in the form of `sk_enroll_response`.
pub(crate) fn public(algorithm: Algorithm, private: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        Algorithm::Ecdsa => {
            let key = p256::ecdsa::SigningKey::from_slice(private).ok()?;
            let point = key.verifying_key().to_sec1_point(false);
            Some(point.as_bytes().to_vec())
        }
        Algorithm::Ed25519 => Some(ed25519(private)?.verifying_key().as_bytes().to_vec()),
    }
}

/// Signs.
pub(crate) fn sign(algorithm: Algorithm, private: &[u8], bytes: &[u8]) -> Option<Signature> {
    match algorithm {
        Algorithm::Ecdsa => {
            let key = p256::ecdsa::SigningKey::from_slice(private).ok()?;
            let signature: p256::ecdsa::Signature = key.try_sign(bytes).ok()?;
            let (r, s) = signature.split_bytes();
            Some(Signature {
                r: r.to_vec(),
                s: s.to_vec(),
            })
        }
        Algorithm::Ed25519 => Some(Signature {
            r: ed25519(private)?.try_sign(bytes).ok()?.to_bytes().to_vec(),
            s: Vec::new(),
        }),
    }
}

fn ed25519(private: &[u8]) -> Option<ed25519_dalek::SigningKey> {
    let private: &[u8; PRIVATE_KEY_LENGTH] = private.try_into().ok()?;
    Some(ed25519_dalek::SigningKey::from_bytes(private))
}
