//! The invitation of a host: its number, its secret, and the proof that a request is from a host with the secret.
//!
//! The secret itself is sent to no verifier. The proof is good for one key, so that a program which passes it on cannot
//! have another key certified.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::POINT_BYTES;

/// What precedes the secret in the hash that is the key of the proof.
const KEY_CONTEXT: &[u8] = b"tfa fleet: key of an invitation, version 1\0";
/// What precedes the number of the invitation and the point in the message that is authenticated.
const PROOF_CONTEXT: &[u8] = b"tfa fleet: join with an invitation, version 1\0";

/// How long the proof of a request to join is, in bytes: HMAC-SHA-256.
pub const JOIN_PROOF_BYTES: usize = 32;

/// The number of an invitation. It is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvitationId(pub [u8; Self::LENGTH]);

impl InvitationId {
    /// The number of bytes.
    pub const LENGTH: usize = 8;
}

impl fmt::Display for InvitationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = data_encoding::HEXLOWER.encode(&self.0);
        formatter.write_str(&hex)
    }
}

/// The secret of an invitation. It is not printed, and wiped.
#[derive(Clone)]
pub struct InvitationSecret(pub Zeroizing<[u8; Self::LENGTH]>);

impl InvitationSecret {
    /// The number of random bytes.
    pub const LENGTH: usize = 16;

    /// The key with which requests are proved. The secret has 128 random bits, so a plain hash is sufficient.
    #[must_use]
    pub fn key(&self) -> InvitationKey {
        let mut hash = Sha256::new();
        hash.update(KEY_CONTEXT);
        hash.update(*self.0);
        InvitationKey(Zeroizing::new(hash.finalize().into()))
    }
}

impl fmt::Debug for InvitationSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InvitationSecret(_)")
    }
}

/// What a verifier stores of the secret of an invitation. It proves requests as the secret does, so it is not printed,
/// and wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct InvitationKey(Zeroizing<[u8; 32]>);

impl InvitationKey {
    /// The proof that a host with this invitation wants a certificate for the key with this point.
    #[must_use]
    pub fn proof(&self, id: InvitationId, point: &[u8; POINT_BYTES]) -> [u8; JOIN_PROOF_BYTES] {
        self.mac(id, point).finalize().into_bytes().into()
    }

    /// Whether this is that proof. The time does not depend on how much of it is right.
    #[must_use]
    pub fn is_proof(
        &self,
        proof: &[u8; JOIN_PROOF_BYTES],
        id: InvitationId,
        point: &[u8; POINT_BYTES],
    ) -> bool {
        self.mac(id, point).verify(proof.into()).is_ok()
    }

    fn mac(&self, id: InvitationId, point: &[u8; POINT_BYTES]) -> Hmac<Sha256> {
        // A key of HMAC-SHA-256 that is shorter than a block of 64 bytes is padded with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        let (key, _) = block.split_at_mut(self.0.len());
        key.copy_from_slice(&*self.0);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        mac.update(PROOF_CONTEXT);
        mac.update(&id.0);
        mac.update(point);
        mac
    }
}

impl<C> Encode<C> for InvitationKey {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(&*self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for InvitationKey {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        let bytes = decoder.bytes()?.try_into();
        let bytes =
            bytes.map_err(|_| DecodeError::message("the key of an invitation has 32 bytes"))?;
        Ok(Self(Zeroizing::new(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: InvitationId = InvitationId([1; InvitationId::LENGTH]);
    const POINT: [u8; POINT_BYTES] = [4; POINT_BYTES];

    fn key(byte: u8) -> InvitationKey {
        InvitationSecret(Zeroizing::new([byte; InvitationSecret::LENGTH])).key()
    }

    #[test]
    fn proof_is_good_for_one_secret_one_invitation_and_one_key() {
        let proof = key(2).proof(ID, &POINT);
        assert!(key(2).is_proof(&proof, ID, &POINT));
        assert!(!key(3).is_proof(&proof, ID, &POINT));
        assert!(!key(2).is_proof(&proof, InvitationId([9; InvitationId::LENGTH]), &POINT));
        for place in 0..POINT_BYTES {
            let mut other = POINT;
            other[place] ^= 1;
            assert!(!key(2).is_proof(&proof, ID, &other), "{place}");
        }
        for place in 0..JOIN_PROOF_BYTES {
            let mut other = proof;
            other[place] ^= 1;
            assert!(!key(2).is_proof(&other, ID, &POINT), "{place}");
        }
    }

    /// Computed with Python: hmac.new(sha256(context + secret).digest(), context + id + point, 'sha256').
    #[test]
    fn proof_is_hmac_with_sha_256() {
        let proof = key(2).proof(ID, &POINT);
        let hex = data_encoding::HEXLOWER.encode(&proof);
        assert_eq!(
            hex,
            "a3a558ef8626fe2b3223abb381dbe243edac12ddc1881636eb3a8bc751c731ad"
        );
    }

    #[test]
    fn key_is_read_back_and_does_not_have_the_secret() {
        let bytes = minicbor::to_vec(key(2)).unwrap();
        assert_eq!(bytes.len(), 2 + 32);
        assert!(!bytes.windows(16).any(|part| part == [2; 16]));
        let read: InvitationKey = minicbor::decode(&bytes).unwrap();
        assert!(read == key(2));
        assert!(minicbor::decode::<InvitationKey>(&bytes[..33]).is_err());
    }
}
