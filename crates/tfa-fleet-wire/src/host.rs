//! Hosts that join the fleet, renew their certificates, or ask for the verifiers, at a verifier.

use std::fmt;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use tfa_fleet_core::{Fingerprint, InvitationId, JOIN_PROOF_BYTES, POINT_BYTES};
use zeroize::Zeroizing;

use crate::MemberCall;

/// The longest proof, in bytes: a signature of ECDSA with P-256 in ASN.1.
pub const MAX_PROOF: usize = 72;

/// What is signed to prove that a host has the key of a [`KeyRequest`]: these bytes, then the point.
pub const PROOF_CONTEXT: &[u8] = b"tfa fleet: request for a certificate, version 1\0";

/// What the present key of a host signs in a renewal: these bytes, the name of the host, a zero, then the new point.
pub const RENEWAL_CONTEXT: &[u8] = b"tfa fleet: renewal of a certificate, version 1\0";

/// The name of the error with which tfad refuses each call of a host: its key is not admitted. For the host, tfa-fleet
/// makes `NotAuthorized` of it.
pub const NOT_ADMITTED: &str = "org.tfad.Tfa1.Error.NotAdmitted";

/// What tfa-fleet of a verifier asks tfad.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum VerifierCall {
    /// The call of a member about a login. The reply is a [`LoginReply`](crate::LoginReply).
    #[n(0)]
    Member(#[n(0)] MemberCall),
    /// A call of a host about itself. The reply is a [`HostReply`].
    #[n(1)]
    Host(#[n(0)] HostCall),
}

/// A call of a host about its certificate or its fleet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum HostCall {
    /// A host without a certificate joins.
    #[n(0)]
    Join {
        /// The number of its invitation.
        #[cbor(n(0), with = "minicbor::bytes")]
        id: [u8; InvitationId::LENGTH],
        /// That the host with the secret of the invitation wants a certificate for this key. tfa-fleet passes it on,
        /// and cannot make one for another key.
        #[cbor(n(1), with = "minicbor::bytes")]
        proof: [u8; JOIN_PROOF_BYTES],
        /// Its key.
        #[n(2)]
        request: KeyRequest,
        /// The address that it calls from, for the log.
        #[n(3)]
        from: String,
    },
    /// A host renews its certificate.
    #[n(1)]
    Renew {
        /// The name in its certificate.
        #[n(0)]
        host: String,
        /// The key of its certificate, which signs that it wants one for the new key.
        #[n(1)]
        present: PresentKey,
        /// Its new key.
        #[n(2)]
        request: KeyRequest,
    },
    /// A host asks for the verifiers of the fleet.
    #[n(2)]
    ListVerifiers {
        /// The name in its certificate.
        #[n(0)]
        host: String,
        /// The key of its certificate.
        #[n(1)]
        key: Fingerprint,
    },
}

/// The reply to a [`HostCall`].
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum HostReply {
    /// The host has a certificate.
    #[n(0)]
    Certified {
        /// The certificate, in DER.
        #[cbor(n(0), with = "minicbor::bytes")]
        certificate: Vec<u8>,
        /// The verifiers of the fleet, each as `NAME:PORT`.
        #[cbor(n(1), with = "crate::list")]
        verifiers: Vec<String>,
        /// Where the host accepts others. `None` for a member.
        #[n(2)]
        port: Option<u16>,
    },
    /// The call is refused.
    #[n(1)]
    Refused {
        /// The name of the error, as for [`LoginReply::Refused`](crate::LoginReply::Refused).
        #[n(0)]
        error: String,
        /// Its text, for people.
        #[n(1)]
        text: String,
    },
    /// The verifiers of the fleet.
    #[n(2)]
    Verifiers {
        /// Each as `NAME:PORT`.
        #[cbor(n(0), with = "crate::list")]
        verifiers: Vec<String>,
    },
}

/// A public key on the curve P-256, with the proof that the host has the private one. It stands in for a
/// PKCS #10 request, from which nothing else would be used.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeyRequest {
    /// The point, uncompressed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub point: [u8; POINT_BYTES],
    /// A signature of ECDSA with SHA-256, in ASN.1, over [`KeyRequest::signed`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub proof: Vec<u8>,
}

impl KeyRequest {
    /// What is signed.
    #[must_use]
    pub fn signed(point: &[u8; POINT_BYTES]) -> Vec<u8> {
        [PROOF_CONTEXT, point].concat()
    }
}

/// The present key of a host, on the curve P-256, with the proof that its holder wants a certificate for another key. tfa-fleet
/// of the verifier passes it on, and cannot make one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PresentKey {
    /// The point, uncompressed.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub point: [u8; POINT_BYTES],
    /// A signature of ECDSA with SHA-256, in ASN.1, over [`PresentKey::signed`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub proof: Vec<u8>,
}

impl PresentKey {
    /// What is signed: the host of that name wants a certificate for the key with that point.
    #[must_use]
    pub fn signed(host: &str, next: &[u8; POINT_BYTES]) -> Vec<u8> {
        [RENEWAL_CONTEXT, host.as_bytes(), b"\0", next].concat()
    }
}

/// Bytes that are not printed, and wiped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretBytes(pub Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretBytes(_)")
    }
}

impl<C> Encode<C> for SecretBytes {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for SecretBytes {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        Ok(Self(Zeroizing::new(decoder.bytes()?.to_vec())))
    }
}
