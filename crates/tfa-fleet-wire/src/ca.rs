//! What tfad and tfa-fleet-ca say to each other, on pipes: one request, one reply.

use std::io::{self, Read};

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

use crate::frame::{self, FrameError, LENGTH_BYTES};
use crate::host::{KeyRequest, PresentKey, SecretBytes};

/// The program, which tfad starts for one request.
pub const CA_PROGRAM: &str = "/usr/lib/tfa/tfa-fleet-ca";

/// The longest request and the longest reply, in bytes.
pub const MAX_CA_FRAME: usize = 8 * 1024;

/// Reads a request or a reply. The key of the authority may be in it: its bytes are wiped.
///
/// # Errors
/// Those of the input, and [`FrameError`].
pub fn read_ca_frame<T: for<'b> Decode<'b, ()>>(input: &mut impl Read) -> io::Result<T> {
    let mut length = [0; LENGTH_BYTES];
    input.read_exact(&mut length)?;
    let length = frame::body_length(length).map_err(io::Error::other)?;
    if length > MAX_CA_FRAME {
        return Err(io::Error::other(FrameError::TooLong));
    }
    let mut body = Zeroizing::new(vec![0; length]);
    input.read_exact(&mut body)?;
    frame::decode(&body).map_err(io::Error::other)
}

/// What the authority of the fleet is to do.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, in a process for it"
)]
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum CaRequest {
    /// Make a key, and the certificate of an authority.
    #[n(0)]
    Make {
        /// What the certificate is named after.
        #[cbor(n(0), with = "minicbor::bytes")]
        id: [u8; 8],
        /// When it is valid.
        #[n(1)]
        validity: Validity,
    },
    /// Sign the certificate of a host.
    #[n(1)]
    Sign {
        /// What the certificate of the authority is named after.
        #[cbor(n(0), with = "minicbor::bytes")]
        id: [u8; 8],
        /// The key of the authority, in PKCS #8.
        #[n(1)]
        key: SecretBytes,
        /// The name of the host.
        #[n(2)]
        host: String,
        /// Whether the host is a verifier, which others connect to.
        #[n(3)]
        is_verifier: bool,
        /// The key of the host.
        #[n(4)]
        request: KeyRequest,
        /// When the certificate is valid.
        #[n(5)]
        validity: Validity,
        /// For a renewal: the present key, which must have signed the new one.
        #[n(6)]
        renewed_by: Option<PresentKey>,
    },
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Validity {
    /// The begin.
    #[n(0)]
    pub from: u64,
    /// The end.
    #[n(1)]
    pub until: u64,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum CaReply {
    /// To [`CaRequest::Make`].
    #[n(0)]
    Made {
        /// The key, in PKCS #8.
        #[n(0)]
        key: SecretBytes,
        /// The certificate, in DER.
        #[cbor(n(1), with = "minicbor::bytes")]
        certificate: Vec<u8>,
    },
    /// To [`CaRequest::Sign`].
    #[n(1)]
    Signed {
        /// The certificate, in DER.
        #[cbor(n(0), with = "minicbor::bytes")]
        certificate: Vec<u8>,
    },
    /// The host has not proved that it has the private keys.
    #[n(2)]
    NoProof,
    /// It could not be done. The text says why, for the administrator.
    #[n(3)]
    Failed(#[n(0)] String),
}
