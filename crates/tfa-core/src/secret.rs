//! The secret that is shared with an authenticator.

use data_encoding::BASE32_NOPAD;
use minicbor::{CborLen, Decode, Decoder, Encode, Encoder, bytes::ByteSlice, decode, encode};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A shared secret. It has no `Debug` and no comparison, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// The length of a new secret: 160 bits, as RFC 4226 section 4 recommends.
    pub const LENGTH: usize = 20;
    /// The minimum length: 128 bits, RFC 4226 section 4, R6.
    const MIN_LENGTH: usize = 16;
    /// The minimum length of an imported secret: 80 bits, as old versions of google-authenticator make
    /// them.
    pub const MIN_IMPORTED_LENGTH: usize = 10;
    /// The maximum length: a block of SHA-512. More bytes add no strength.
    const MAX_LENGTH: usize = 128;

    /// A secret of these bytes; `None` for fewer than 16 or more than 128.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (Self::MIN_LENGTH..=Self::MAX_LENGTH)
            .contains(&bytes.len())
            .then(|| Self(bytes.into()))
    }

    /// As [`Self::new`], of a secret that was in use before: `None` for fewer than 10 bytes or more than
    /// 128.
    #[must_use]
    pub fn imported(bytes: &[u8]) -> Option<Self> {
        (Self::MIN_IMPORTED_LENGTH..=Self::MAX_LENGTH)
            .contains(&bytes.len())
            .then(|| Self(bytes.into()))
    }

    /// Whether it is shorter than a new one may be.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        self.0.len() < Self::MIN_LENGTH
    }

    /// The bytes, for the HMAC.
    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether the bytes are the same, in a time that depends on the length alone.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// The secret in the form that is typed into authenticators: base32 (RFC 4648) without padding.
    #[must_use]
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }
}

impl<C> Encode<C> for Secret {
    fn encode<W: encode::Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        encoder.bytes(&self.0)?.ok()
    }
}

impl<'bytes, C> Decode<'bytes, C> for Secret {
    fn decode(decoder: &mut Decoder<'bytes>, _: &mut C) -> Result<Self, decode::Error> {
        Self::imported(decoder.bytes()?).ok_or_else(|| decode::Error::message("a secret's length"))
    }
}

impl<C> CborLen<C> for Secret {
    fn cbor_len(&self, context: &mut C) -> usize {
        <&ByteSlice>::from(&*self.0).cbor_len(context)
    }
}
