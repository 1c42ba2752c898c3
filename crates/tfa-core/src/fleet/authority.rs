//! The authority of the fleet, which signs the certificates of hosts.

use std::time::Duration;

use minicbor::{Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use super::document;
use crate::Time;

/// How long the certificate of an authority is valid.
pub const AUTHORITY_LIFETIME: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
/// How long the certificate of a host is valid.
pub const CERTIFICATE_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// How far the clock of a host may be behind that of the verifier which certifies it.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(3600);

/// The key of the authority with its certificate. It has no `Debug`.
#[derive(Clone)]
pub struct Authority {
    /// What its certificate is named after: 8 random bytes.
    pub id: [u8; 8],
    /// The key, in PKCS #8.
    pub key: Zeroizing<Vec<u8>>,
    /// The certificate, in DER.
    pub certificate: Vec<u8>,
    /// When it was made.
    pub made: Time,
}

document!(Authority);

impl<C> Encode<C> for Authority {
    fn encode<W: minicbor::encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(4)?;
        encoder.bytes(&self.id)?.bytes(&self.key)?;
        encoder.bytes(&self.certificate)?.encode(self.made)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Authority {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let wrong = minicbor::decode::Error::message;
        if decoder.array()? != Some(4) {
            return Err(wrong("an authority has four fields"));
        }
        let id = decoder.bytes()?.try_into();
        Ok(Self {
            id: id.map_err(|_| wrong("an id has eight bytes"))?,
            key: Zeroizing::new(decoder.bytes()?.to_vec()),
            certificate: decoder.bytes()?.to_vec(),
            made: decoder.decode()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn document_is_read_back() {
        let authority = Authority {
            id: [1; 8],
            key: Zeroizing::new(vec![2; 138]),
            certificate: vec![3; 500],
            made: Time::from_secs(1_700_000_000),
        };
        let bytes = authority.encode();
        let read = Authority::decode(&bytes).unwrap_or_else(|_| unreachable!());
        assert_eq!((read.id, &*read.key), (authority.id, &*authority.key));
        assert_eq!(read.certificate, authority.certificate);
        assert_eq!(read.made, authority.made);
        assert!(Authority::decode(&bytes[..bytes.len() - 1]).is_err());
    }
}
