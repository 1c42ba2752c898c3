//! Decoding of whole messages.

use zbus::wire::Signature;
use zeroize::Zeroizing;

use crate::arguments::Arguments;
use crate::error::DecodeError;
use crate::fixed_header::{FixedHeader, padding_length};
use crate::header_fields::HeaderFields;

/// A received message.
pub struct Message {
    /// The header fields.
    pub fields: HeaderFields,
    /// The body.
    pub arguments: Arguments,
}

impl Message {
    /// Decodes a whole message, fixed header included. The arguments are decoded later.
    ///
    /// # Errors
    /// The header fields or the padding are not valid, or the lengths do not fit the bytes.
    pub fn decode(header: &FixedHeader, message: Zeroizing<Vec<u8>>) -> Result<Self, DecodeError> {
        let (fields, end) = HeaderFields::decode_with_end(header.endian, &message)?;
        let body_offset = end.saturating_add(padding_length(end));
        let padding = message.get(end..body_offset).ok_or(WRONG_LENGTH)?;
        let length = message.get(body_offset..).ok_or(WRONG_LENGTH)?.len();
        if padding.iter().any(|byte| *byte != 0) || u32::try_from(length) != Ok(header.body_length)
        {
            return Err(WRONG_LENGTH);
        }
        let arguments = Arguments {
            endian: header.endian,
            signature: fields.signature.clone().unwrap_or(Signature::Unit),
            message,
            body_offset,
        };
        Ok(Self { fields, arguments })
    }
}

const WRONG_LENGTH: DecodeError = DecodeError("wrong length or padding");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zbus::wire::Endian;

    use super::*;
    use crate::fixed_header::FIXED_HEADER_LENGTH;

    fn read(bytes: &[u8]) -> Result<Message, DecodeError> {
        let header = bytes
            .first_chunk::<FIXED_HEADER_LENGTH>()
            .ok_or(WRONG_LENGTH)?;
        Message::decode(
            &FixedHeader::decode(header)?,
            Zeroizing::new(bytes.to_vec()),
        )
    }

    /// A call, encoded by zbus.
    fn call(endian: Endian) -> Vec<u8> {
        let builder = zbus::Message::method_call("/org/example", "Do");
        let builder = builder.interface("org.example").endian(endian);
        let body = (7_u32, "text", vec![("a", "b")]);
        builder.build(&body).unwrap().data().to_vec()
    }

    type Arguments = (u32, String, Vec<(String, String)>);

    fn arguments(message: &Message) -> Option<Arguments> {
        message.arguments.decode().ok()
    }

    #[test]
    fn messages_of_zbus_decode_in_both_byte_orders() {
        for endian in [Endian::Little, Endian::Big] {
            let message = read(&call(endian)).ok().unwrap();
            assert_eq!(message.fields.path.as_deref(), Some("/org/example"));
            assert_eq!(message.fields.interface.as_deref(), Some("org.example"));
            assert_eq!(message.fields.member.as_deref(), Some("Do"));
            let list = vec![("a".to_owned(), "b".to_owned())];
            assert_eq!(arguments(&message), Some((7, "text".to_owned(), list)));
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
        let message = read(&call(Endian::Little)).ok().unwrap();
        assert!(message.arguments.decode::<u32>().is_err());
        assert!(message.arguments.decode::<(u32, String)>().is_err());
        assert!(message.arguments.decode::<((u32, String),)>().is_err());
        assert!(message.arguments.decode::<()>().is_err());
    }

    #[test]
    fn the_error_text_is_a_first_argument_of_type_string() {
        let text = |bytes: &[u8]| read(bytes).ok().unwrap().arguments.error_text().ok();
        let made = |builder: zbus::Result<zbus::Message>| builder.unwrap().data().to_vec();
        let builder = || zbus::Message::signal("/", "org.example", "Said");
        for (bytes, expected) in [
            (made(builder().build(&"why")), "why"),
            (made(builder().build(&("why", 7_u32))), "why"),
            (made(builder().build(&(7_u32, "why"))), ""),
            (made(builder().build(&())), ""),
        ] {
            assert_eq!(text(&bytes).as_deref(), Some(expected));
        }
    }

    fn read_all(bytes: &[u8]) {
        if let Ok(message) = read(bytes) {
            let _ = (arguments(&message), message.arguments.error_text());
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
