//! What calls and replies have in common: how a message begins, and the numbers of the protocol.

use zbus::wire::Endian;
use zbus::wire::serialized::{Context, Data};

use super::LoginError;

/// The version of the protocol.
pub(super) const VERSION: u8 = 1;

// Types of messages.
pub(super) const METHOD_CALL: u8 = 1;
pub(super) const METHOD_RETURN: u8 = 2;
pub(super) const ERROR: u8 = 3;

// Codes of the fields of a header.
pub(super) const PATH: u8 = 1;
pub(super) const INTERFACE: u8 = 2;
pub(super) const MEMBER: u8 = 3;
pub(super) const ERROR_NAME: u8 = 4;
pub(super) const REPLY_SERIAL: u8 = 5;
pub(super) const DESTINATION: u8 = 6;
pub(super) const SENDER: u8 = 7;
pub(super) const SIGNATURE: u8 = 8;
pub(super) const UNIX_FDS: u8 = 9;

/// The length of what each message begins with.
pub(super) const FIXED: usize = 16;
/// Where the array of the fields begins: its length is the last of the fixed part.
pub(super) const FIELDS: usize = 12;

/// What a message begins with.
pub(super) struct Fixed {
    pub(super) endian: Endian,
    pub(super) kind: u8,
    pub(super) body: u32,
    fields: u32,
}

impl Fixed {
    pub(super) fn read(bytes: &[u8; FIXED]) -> Result<Self, LoginError> {
        let endian = match bytes.first() {
            Some(b'l') => Endian::Little,
            Some(b'B') => Endian::Big,
            _ => return Err(NO_MESSAGE),
        };
        type Start = (u8, u8, u8, u8, u32, u32, u32);
        let data = Data::new(bytes.as_slice(), Context::new(endian, 0));
        let (start, _) = data.deserialize::<Start>().map_err(|_| NO_MESSAGE)?;
        match start {
            (_, 0, ..) | (_, _, _, _, _, 0, _) => Err(NO_MESSAGE),
            (_, kind, _, VERSION, body, _, fields) => Ok(Self {
                endian,
                kind,
                body,
                fields,
            }),
            _ => Err(NO_MESSAGE),
        }
    }

    /// Whether it is a reply that begins so.
    pub(super) fn begins_reply(&self) -> bool {
        matches!(self.kind, METHOD_RETURN | ERROR)
    }

    /// How many bytes follow.
    pub(super) fn rest(&self) -> u64 {
        u64::from(self.fields).next_multiple_of(8) + u64::from(self.body)
    }
}

const NO_MESSAGE: LoginError = LoginError::Garbled("bytes that are no message");
