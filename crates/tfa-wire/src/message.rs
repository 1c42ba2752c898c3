//! Decoding of whole messages.

use crate::arguments::Arguments;
use crate::error::DecodeError;
use crate::fixed_header::FixedHeader;
use crate::header_fields::HeaderFields;

/// A received message.
pub struct Message<'a> {
    /// The header fields.
    pub fields: HeaderFields<'a>,
    /// The body.
    pub arguments: Arguments<'a>,
}

impl<'a> Message<'a> {
    /// Decodes a whole message, fixed header included. The arguments are decoded later.
    ///
    /// # Errors
    /// The header fields or the padding are not valid, or the lengths do not fit the bytes.
    pub fn decode(header: &FixedHeader, message: &'a [u8]) -> Result<Self, DecodeError> {
        let (fields, mut body) = HeaderFields::decode_with_end(header.endian, message)?;
        body.align(8)?;
        if u32::try_from(body.remaining()) != Ok(header.body_length) {
            return Err(DecodeError("wrong length"));
        }
        let signature = fields.signature.unwrap_or_default();
        let arguments = Arguments { signature, body };
        Ok(Self { fields, arguments })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tfa_proto::{LOGIN, PATH};
    use zbus::wire::Endian;

    use super::*;
    use crate::fixed_header::FIXED_HEADER_LENGTH;

    fn read(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
        let header = bytes
            .first_chunk::<FIXED_HEADER_LENGTH>()
            .ok_or(DecodeError("too short"))?;
        Message::decode(&FixedHeader::decode(header)?, bytes)
    }

    /// A call, encoded by zbus.
    fn call(endian: Endian) -> Vec<u8> {
        let builder = zbus::Message::method_call(PATH, "Answer");
        let builder = builder.interface(LOGIN).endian(endian);
        builder.build(&(7_u32, "text")).unwrap().data().to_vec()
    }

    #[test]
    fn messages_of_zbus_decode_in_both_byte_orders() {
        for endian in [Endian::Little, Endian::Big] {
            let bytes = call(endian);
            let message = read(&bytes).ok().unwrap();
            assert_eq!(message.fields.path, Some(PATH));
            assert_eq!(message.fields.interface, Some(LOGIN));
            assert_eq!(message.fields.member, Some("Answer"));
            assert_eq!(message.arguments.answer(), Ok((7, "text")));
        }
    }

    #[test]
    fn a_byte_less_or_more_is_rejected() {
        let whole = call(Endian::Little);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        assert!(read(&[&whole[..], &[0]].concat()).is_err());
        assert!(read(&[&whole[..], &whole[..]].concat()).is_err());
    }

    #[test]
    fn arguments_of_another_type_are_rejected() {
        let bytes = call(Endian::Little);
        let message = read(&bytes).ok().unwrap();
        assert!(message.arguments.begin().is_err());
        assert!(message.arguments.cancel().is_err());
        assert!(message.arguments.begun().is_err());
        assert!(message.arguments.answered().is_err());
    }

    #[test]
    fn the_error_text_is_a_first_argument_of_type_string() {
        let made = |builder: zbus::Result<zbus::Message>| builder.unwrap().data().to_vec();
        let builder = || zbus::Message::signal("/", "org.example", "Said");
        for (bytes, expected) in [
            (made(builder().build(&"why")), "why"),
            (made(builder().build(&("why", 7_u32))), "why"),
            (made(builder().build(&(7_u32, "why"))), ""),
            (made(builder().build(&())), ""),
        ] {
            let text = read(&bytes).ok().unwrap().arguments.error_text();
            assert_eq!(text, Ok(expected));
        }
    }

    fn read_all(bytes: &[u8]) {
        if let Ok(Message { arguments, .. }) = read(bytes) {
            let _ = (arguments.begin(), arguments.answer(), arguments.cancel());
            let _ = (arguments.begun(), arguments.answered());
            let _ = arguments.error_text();
        }
    }

    proptest! {
        #[test]
        fn no_bytes_after_a_fixed_header_make_it_panic(
            big: bool,
            kind in 1_u8..6,
            flags: u8,
            fields in 0_u32..128,
            rest in prop::collection::vec(any::<u8>(), 0..512),
        ) {
            let order = if big { u32::to_be_bytes } else { u32::to_le_bytes };
            let letter = if big { b'B' } else { b'l' };
            let header = usize::try_from(fields.next_multiple_of(8)).unwrap();
            let body = u32::try_from(rest.len().saturating_sub(header)).unwrap();
            let start = [[letter, kind, flags, 1], order(body), order(1), order(fields)];
            read_all(&[start.concat(), rest].concat());
        }

        #[test]
        fn no_change_of_a_call_makes_it_panic(
            big: bool,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut bytes = call(if big { Endian::Big } else { Endian::Little });
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            read_all(&bytes);
        }
    }
}
