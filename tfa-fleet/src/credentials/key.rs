//! The key of this host, on the curve P-256.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use tfa_fleet_core::{Fingerprint, HostName, POINT_BYTES};
use tfa_fleet_wire::{KeyRequest, PresentKey};
use zeroize::Zeroizing;

/// A private key, in PKCS #8. It is not printed, and wiped.
pub(crate) struct HostKey(Zeroizing<Vec<u8>>);

/// The key cannot be made or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadKey;

impl HostKey {
    /// Makes a key.
    pub(crate) fn generate() -> Result<Self, BadKey> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random);
        let key = key.map_err(|_| BadKey)?;
        Ok(Self(Zeroizing::new(key.as_ref().to_vec())))
    }

    /// Takes a key that was made before.
    pub(crate) fn from_pkcs8(bytes: Zeroizing<Vec<u8>>) -> Result<Self, BadKey> {
        let key = Self(bytes);
        key.pair()?;
        Ok(key)
    }

    pub(crate) fn as_pkcs8(&self) -> &[u8] {
        &self.0
    }

    /// The public key with the proof that this host has the private one.
    pub(crate) fn request(&self) -> Result<KeyRequest, BadKey> {
        let pair = self.pair()?;
        let point = point(&pair)?;
        let proof = pair.sign(&SystemRandom::new(), &KeyRequest::signed(&point));
        let proof = proof.map_err(|_| BadKey)?.as_ref().to_vec();
        Ok(KeyRequest { point, proof })
    }

    /// The proof that the host with this key wants a certificate for the next one.
    pub(crate) fn renewal(&self, host: &HostName, next: &KeyRequest) -> Result<PresentKey, BadKey> {
        let pair = self.pair()?;
        let signed = PresentKey::signed(host.as_str(), &next.point);
        let proof = pair.sign(&SystemRandom::new(), &signed);
        let (point, proof) = (point(&pair)?, proof.map_err(|_| BadKey)?.as_ref().to_vec());
        Ok(PresentKey { point, proof })
    }

    pub(crate) fn fingerprint(&self) -> Result<Fingerprint, BadKey> {
        Ok(Fingerprint::of_point(&point(&self.pair()?)?))
    }

    fn pair(&self) -> Result<EcdsaKeyPair, BadKey> {
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        EcdsaKeyPair::from_pkcs8(algorithm, &self.0, &SystemRandom::new()).map_err(|_| BadKey)
    }
}

fn point(pair: &EcdsaKeyPair) -> Result<[u8; POINT_BYTES], BadKey> {
    pair.public_key().as_ref().try_into().map_err(|_| BadKey)
}
