//! What a fleet keeps beside accounts: its hosts, the invitations of hosts, and its authority.
//!
//! Each is a document, encoded with a format first. One of another format is an error, and an error
//! refuses: a later field may restrict.

mod authority;
mod host;
mod host_invitation;

use std::fmt;

use minicbor::{Decode, Encode};
use zeroize::Zeroizing;

pub use authority::{AUTHORITY_LIFETIME, Authority, CERTIFICATE_LIFETIME, CLOCK_TOLERANCE};
pub use host::{FleetHost, HostRefusal, admit_host};
pub use host_invitation::{HOST_INVITATION_LIFETIME, HostInvitation, InvitationUse, JoinRefusal};

/// The format that is written here.
const FORMAT: u8 = 1;

/// A document that this version cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownDocument;

impl fmt::Display for UnknownDocument {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("it is damaged, or a later version of tfa has written it")
    }
}

impl std::error::Error for UnknownDocument {}

/// The bytes of a document. They are wiped.
fn encode(document: &impl Encode<()>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    bytes.push(FORMAT);
    // Memory takes any length.
    let _ = minicbor::encode(document, &mut *bytes);
    bytes
}

fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, UnknownDocument> {
    let (format, rest) = bytes.split_first().ok_or(UnknownDocument)?;
    if *format != FORMAT {
        return Err(UnknownDocument);
    }
    let mut decoder = minicbor::Decoder::new(rest);
    let document = decoder.decode().map_err(|_| UnknownDocument)?;
    match decoder.position() == rest.len() {
        true => Ok(document),
        false => Err(UnknownDocument),
    }
}

macro_rules! document {
    ($type:ty) => {
        impl $type {
            /// The bytes of the document.
            #[must_use]
            pub fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
                super::encode(self)
            }

            /// Reads a document.
            ///
            /// # Errors
            /// [`UnknownDocument`](super::UnknownDocument).
            pub fn decode(bytes: &[u8]) -> Result<Self, super::UnknownDocument> {
                super::decode(bytes)
            }
        }
    };
}
use document;
