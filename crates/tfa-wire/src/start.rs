//! What a message begins with.

use zbus::wire::Endian;
use zbus::wire::serialized::{Context, Data};

use super::Garbled;
use super::fields::Fields;

/// The version of the protocol.
pub(super) const VERSION: u8 = 1;

/// The type of a call.
pub const METHOD_CALL: u8 = 1;
/// The type of a reply.
pub const METHOD_RETURN: u8 = 2;
/// The type of a reply that is an error.
pub const ERROR: u8 = 3;
/// The type of a signal.
pub const SIGNAL: u8 = 4;

/// The flag of a call whose caller waits for no reply.
const NO_REPLY_EXPECTED: u8 = 1;

/// The length of what each message begins with.
pub const START: usize = 16;
/// Where the array of the fields begins: its length is the last of the start.
pub(super) const FIELDS: usize = 12;

/// What a message begins with.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    pub(super) endian: Endian,
    /// The type of the message.
    pub kind: u8,
    flags: u8,
    /// The length of the arguments.
    pub body: u32,
    /// The number that its sender gave it.
    pub serial: u32,
    fields: u32,
}

impl Start {
    /// What these bytes say.
    pub fn read(bytes: &[u8; START]) -> Result<Self, Garbled> {
        let endian = match bytes.first() {
            Some(b'l') => Endian::Little,
            Some(b'B') => Endian::Big,
            _ => return Err(NO_MESSAGE),
        };
        type Parts = (u8, u8, u8, u8, u32, u32, u32);
        let data = Data::new(bytes.as_slice(), Context::new(endian, 0));
        let (parts, _) = data.deserialize::<Parts>().map_err(|_| NO_MESSAGE)?;
        match parts {
            (_, 0, ..) | (_, _, _, _, _, 0, _) => Err(NO_MESSAGE),
            (_, kind, flags, VERSION, body, serial, fields) => Ok(Self {
                endian,
                kind,
                flags,
                body,
                serial,
                fields,
            }),
            _ => Err(NO_MESSAGE),
        }
    }

    /// Whether it is a reply that begins so.
    pub fn begins_reply(&self) -> bool {
        matches!(self.kind, METHOD_RETURN | ERROR)
    }

    /// Whether its sender waits for a reply.
    pub fn wants_reply(&self) -> bool {
        self.flags & NO_REPLY_EXPECTED == 0
    }

    /// The fields of the message that begins so. Its arguments may be cut off.
    pub fn fields_of(&self, message: &[u8]) -> Result<Fields, Garbled> {
        Fields::read(message, self.endian).map(|(fields, _)| fields)
    }

    /// How many bytes follow.
    pub fn rest(&self) -> u64 {
        u64::from(self.fields).next_multiple_of(8) + u64::from(self.body)
    }
}

const NO_MESSAGE: Garbled = Garbled("bytes that are no message");

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(first: [u8; 4], numbers: [u32; 3], to: fn(u32) -> [u8; 4]) -> [u8; START] {
        let numbers = numbers.map(to).concat();
        [&first[..], &numbers].concat().try_into().unwrap()
    }

    #[test]
    fn either_byte_order_says_the_same() {
        let numbers = [300, 70_000, 13];
        for bytes in [
            bytes([b'l', METHOD_CALL, 0, 1], numbers, u32::to_le_bytes),
            bytes([b'B', METHOD_CALL, 0, 1], numbers, u32::to_be_bytes),
        ] {
            let start = Start::read(&bytes).unwrap();
            let said = (start.kind, start.body, start.serial, start.fields);
            assert_eq!(said, (METHOD_CALL, 300, 70_000, 13));
        }
    }

    #[test]
    fn the_fields_are_filled_up_and_the_arguments_are_not() {
        for (body, fields, rest) in [
            (0, 0, 0),
            (0, 1, 8),
            (0, 8, 8),
            (3, 9, 19),
            (u32::MAX, u32::MAX, (1 << 33) - 1),
        ] {
            let bytes = bytes([b'l', 2, 0, 1], [body, 1, fields], u32::to_le_bytes);
            assert_eq!(Start::read(&bytes).unwrap().rest(), rest);
        }
    }

    #[test]
    fn what_does_not_begin_as_a_message_does_is_none() {
        for first in [
            [b'L', 1, 0, 1],
            [b'b', 1, 0, 1],
            [0, 1, 0, 1],
            [b'l', 0, 0, 1],
            [b'l', 1, 0, 0],
            [b'l', 1, 0, 2],
        ] {
            let bytes = bytes(first, [0, 1, 0], u32::to_le_bytes);
            assert_eq!(Start::read(&bytes).unwrap_err(), NO_MESSAGE, "{first:?}");
        }
        let unnumbered = bytes([b'l', 1, 0, 1], [0, 0, 0], u32::to_le_bytes);
        assert_eq!(Start::read(&unnumbered).unwrap_err(), NO_MESSAGE);
    }

    #[test]
    fn of_the_flags_one_alone_says_whether_a_reply_is_wanted() {
        for (flags, wanted) in [(0, true), (1, false), (2, true), (4, true), (0xff, false)] {
            let bytes = bytes([b'l', METHOD_CALL, flags, 1], [0, 1, 0], u32::to_le_bytes);
            assert_eq!(Start::read(&bytes).unwrap().wants_reply(), wanted);
        }
    }

    #[test]
    fn a_return_and_an_error_are_replies_and_nothing_else_is() {
        for kind in 1..=255 {
            let bytes = bytes([b'l', kind, 0, 1], [0, 1, 0], u32::to_le_bytes);
            let start = Start::read(&bytes).unwrap();
            assert_eq!(start.begins_reply(), kind == METHOD_RETURN || kind == ERROR);
        }
    }
}
