//! Messages as they come in. zbus checks what it reads: lengths, padding, UTF-8, nesting. The rest
//! is checked here.

use zbus::wire::Signature;
use zeroize::Zeroizing;

use super::fields::Fields;
use super::start::Start;
use super::{Arguments, Garbled, padding_after};

/// A message that came.
pub struct Message {
    /// The fields of its header.
    pub fields: Fields,
    /// Its arguments.
    pub arguments: Arguments,
}

impl Message {
    /// The message that these bytes are, all of them.
    pub fn read(start: &Start, message: Zeroizing<Vec<u8>>) -> Result<Self, Garbled> {
        let (fields, end) = Fields::read(&message, start.endian)?;
        let body = end.saturating_add(padding_after(end));
        let padding = message.get(end..body).ok_or(CUT_OFF)?;
        let length = message.get(body..).ok_or(CUT_OFF)?.len();
        if padding.iter().any(|byte| *byte != 0) || u32::try_from(length) != Ok(start.body) {
            return Err(CUT_OFF);
        }
        let arguments = Arguments {
            endian: start.endian,
            signature: fields.signature.clone().unwrap_or(Signature::Unit),
            message,
            start: body,
        };
        Ok(Self { fields, arguments })
    }
}

const CUT_OFF: Garbled = Garbled("a message whose lengths are wrong");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zbus::wire::Endian;

    use super::*;
    use crate::START;

    fn read(bytes: &[u8]) -> Result<Message, Garbled> {
        let start = bytes.first_chunk::<START>().ok_or(CUT_OFF)?;
        Message::read(&Start::read(start)?, Zeroizing::new(bytes.to_vec()))
    }

    /// A call as zbus makes it.
    fn call(endian: Endian) -> Vec<u8> {
        let builder = zbus::Message::method_call("/org/example", "Do");
        let builder = builder.interface("org.example").endian(endian);
        let body = (7_u32, "text", vec![("a", "b")]);
        builder.build(&body).unwrap().data().to_vec()
    }

    type Arguments = (u32, String, Vec<(String, String)>);

    fn arguments(message: &Message) -> Option<Arguments> {
        message.arguments.read().ok()
    }

    #[test]
    fn what_zbus_makes_is_read_in_either_byte_order() {
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
    fn neither_a_byte_less_nor_a_byte_more_is_the_message() {
        let whole = call(Endian::Little);
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        assert!(read(&[&whole[..], &[0]].concat()).is_err());
        assert!(read(&[&whole[..], &whole[..]].concat()).is_err());
    }

    #[test]
    fn arguments_of_another_type_are_refused() {
        let message = read(&call(Endian::Little)).ok().unwrap();
        assert!(message.arguments.read::<u32>().is_err());
        assert!(message.arguments.read::<(u32, String)>().is_err());
        assert!(message.arguments.read::<((u32, String),)>().is_err());
        assert!(message.arguments.read::<()>().is_err());
    }

    #[test]
    fn a_text_is_one_where_it_comes_first() {
        let text = |bytes: &[u8]| read(bytes).ok().unwrap().arguments.text().ok();
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
            let _ = (arguments(&message), message.arguments.text());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_after_a_start_make_it_panic(
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
