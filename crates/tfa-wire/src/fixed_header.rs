//! The fixed part of a message header.

use zbus::wire::Endian;

use crate::error::DecodeError;

/// The major version of the D-Bus protocol.
pub(crate) const PROTOCOL_VERSION: u8 = 1;

/// The message type of a method call.
pub const METHOD_CALL: u8 = 1;
/// The message type of a successful reply.
pub const METHOD_RETURN: u8 = 2;
/// The message type of an error reply.
pub const ERROR: u8 = 3;
/// The message type of a signal.
pub const SIGNAL: u8 = 4;

/// The flag of a call whose sender waits for no reply.
const NO_REPLY_EXPECTED: u8 = 1;

/// The length of the fixed header in bytes, including that of the array of header fields.
pub const FIXED_HEADER_LENGTH: usize = 16;
/// The offset of the length of the body.
pub(crate) const BODY_LENGTH_OFFSET: usize = 4;
/// The offset of the array of header fields. It begins with its length, the last number of the fixed
/// header.
pub(crate) const FIELDS_OFFSET: usize = 12;

/// The fixed part of a message header.
#[derive(Debug, Clone, Copy)]
pub struct FixedHeader {
    pub(crate) endian: Endian,
    /// The message type, such as [`METHOD_CALL`]. Never 0.
    pub message_type: u8,
    flags: u8,
    /// The length of the body in bytes.
    pub body_length: u32,
    /// The serial that the sender gave the message. Never 0.
    pub serial: u32,
    fields_length: u32,
}

impl FixedHeader {
    /// Decodes the first bytes of a message.
    ///
    /// # Errors
    /// The bytes do not begin a message of this protocol version.
    pub fn decode(bytes: &[u8; FIXED_HEADER_LENGTH]) -> Result<Self, DecodeError> {
        let [order, message_type, flags, version, numbers @ ..] = *bytes;
        let [b0, b1, b2, b3, s0, s1, s2, s3, f0, f1, f2, f3] = numbers;
        let (endian, to_number): (_, fn([u8; 4]) -> u32) = match order {
            b'l' => (Endian::Little, u32::from_le_bytes),
            b'B' => (Endian::Big, u32::from_be_bytes),
            _ => return Err(NOT_A_MESSAGE),
        };
        let serial = to_number([s0, s1, s2, s3]);
        if message_type == 0 || serial == 0 || version != PROTOCOL_VERSION {
            return Err(NOT_A_MESSAGE);
        }
        Ok(Self {
            endian,
            message_type,
            flags,
            body_length: to_number([b0, b1, b2, b3]),
            serial,
            fields_length: to_number([f0, f1, f2, f3]),
        })
    }

    /// Returns whether the message is a successful reply or an error reply.
    pub fn is_reply(&self) -> bool {
        matches!(self.message_type, METHOD_RETURN | ERROR)
    }

    /// Returns whether the sender of the call waits for a reply.
    pub fn expects_reply(&self) -> bool {
        self.flags & NO_REPLY_EXPECTED == 0
    }

    /// Returns how many bytes of the message follow the fixed header.
    pub fn remaining_length(&self) -> u64 {
        u64::from(self.fields_length).next_multiple_of(8) + u64::from(self.body_length)
    }
}

const NOT_A_MESSAGE: DecodeError = DecodeError("not a D-Bus message");

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(
        first: [u8; 4],
        numbers: [u32; 3],
        to: fn(u32) -> [u8; 4],
    ) -> [u8; FIXED_HEADER_LENGTH] {
        let numbers = numbers.map(to).concat();
        [&first[..], &numbers].concat().try_into().unwrap()
    }

    #[test]
    fn both_byte_orders_decode_alike() {
        let numbers = [300, 70_000, 13];
        for bytes in [
            bytes([b'l', METHOD_CALL, 0, 1], numbers, u32::to_le_bytes),
            bytes([b'B', METHOD_CALL, 0, 1], numbers, u32::to_be_bytes),
        ] {
            let header = FixedHeader::decode(&bytes).unwrap();
            let decoded = (
                header.message_type,
                header.body_length,
                header.serial,
                header.fields_length,
            );
            assert_eq!(decoded, (METHOD_CALL, 300, 70_000, 13));
        }
    }

    #[test]
    fn the_fields_are_padded_and_the_body_is_not() {
        for (body, fields, remaining) in [
            (0, 0, 0),
            (0, 1, 8),
            (0, 8, 8),
            (3, 9, 19),
            (u32::MAX, u32::MAX, (1 << 33) - 1),
        ] {
            let bytes = bytes([b'l', 2, 0, 1], [body, 1, fields], u32::to_le_bytes);
            assert_eq!(
                FixedHeader::decode(&bytes).unwrap().remaining_length(),
                remaining
            );
        }
    }

    #[test]
    fn bytes_that_begin_no_message_are_rejected() {
        for first in [
            [b'L', 1, 0, 1],
            [b'b', 1, 0, 1],
            [0, 1, 0, 1],
            [b'l', 0, 0, 1],
            [b'l', 1, 0, 0],
            [b'l', 1, 0, 2],
        ] {
            let bytes = bytes(first, [0, 1, 0], u32::to_le_bytes);
            assert_eq!(
                FixedHeader::decode(&bytes).unwrap_err(),
                NOT_A_MESSAGE,
                "{first:?}"
            );
        }
        let no_serial = bytes([b'l', 1, 0, 1], [0, 0, 0], u32::to_le_bytes);
        assert_eq!(FixedHeader::decode(&no_serial).unwrap_err(), NOT_A_MESSAGE);
    }

    #[test]
    fn one_flag_alone_says_that_no_reply_is_expected() {
        for (flags, expected) in [(0, true), (1, false), (2, true), (4, true), (0xff, false)] {
            let bytes = bytes([b'l', METHOD_CALL, flags, 1], [0, 1, 0], u32::to_le_bytes);
            assert_eq!(
                FixedHeader::decode(&bytes).unwrap().expects_reply(),
                expected
            );
        }
    }

    #[test]
    fn only_a_return_and_an_error_are_replies() {
        for message_type in 1..=255 {
            let bytes = bytes([b'l', message_type, 0, 1], [0, 1, 0], u32::to_le_bytes);
            let header = FixedHeader::decode(&bytes).unwrap();
            assert_eq!(
                header.is_reply(),
                message_type == METHOD_RETURN || message_type == ERROR
            );
        }
    }
}
