//! Reads replies and discards all other messages.

use std::io::Read;

use super::error::{ErrorReply, LoginError};
use crate::arguments::Arguments;
use crate::error::DecodeError;
use crate::fixed_header::{FixedHeader, METHOD_RETURN};
use crate::message::Message;
use crate::message_reader::MessageReader;

/// The longest reply in bytes: a page with a hundred QR codes.
const MAX_REPLY: u64 = 1 << 20;
/// The longest message in bytes that the D-Bus specification allows.
const MAX_MESSAGE: u64 = 1 << 27;

/// A reply.
pub(super) struct Reply<'a> {
    /// The serial of the call.
    pub(super) call: u32,
    /// The unique name of the sender, which the bus sets.
    pub(super) sender: Option<&'a str>,
    /// The arguments, or the error.
    pub(super) result: Result<Arguments<'a>, ErrorReply>,
}

impl<'a> Reply<'a> {
    /// Reads the next reply. Any program on the bus can send the client signals and calls: they are
    /// discarded without being decoded.
    pub(super) fn read<R: Read>(reader: &'a mut MessageReader<R>) -> Result<Self, LoginError> {
        loop {
            let header = FixedHeader::decode(&reader.peek_fixed_header()?)?;
            let remaining = header.remaining_length();
            if header.is_reply() || remaining > MAX_MESSAGE {
                if remaining > MAX_REPLY {
                    return Err(LoginError::Protocol("a message is too long"));
                }
                let message = reader.read_message(remaining)?;
                return Self::decode(&header, Message::decode(&header, message)?);
            }
            reader.skip_message(remaining)?;
        }
    }

    fn decode(header: &FixedHeader, message: Message<'a>) -> Result<Self, LoginError> {
        let Message { fields, arguments } = message;
        let result = match (header.message_type == METHOD_RETURN, fields.error_name) {
            (true, None) => Ok(arguments),
            (false, Some(name)) => Err(ErrorReply {
                name: name.to_owned(),
                text: arguments.error_text()?.to_owned(),
            }),
            _ => return Err(INVALID_REPLY.into()),
        };
        Ok(Self {
            call: fields.reply_serial.ok_or(INVALID_REPLY)?,
            sender: fields.sender,
            result,
        })
    }
}

const INVALID_REPLY: DecodeError = DecodeError("invalid header fields of a reply");
