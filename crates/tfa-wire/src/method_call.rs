//! Method calls and their replies, for the server side.

use crate::arguments::Arguments;
use crate::buffer::Buffer;
use crate::error::{DecodeError, EncodeError};
use crate::fixed_header::{ERROR, FixedHeader, METHOD_CALL, METHOD_RETURN};
use crate::header_fields::{DESTINATION, ERROR_NAME, FieldValue, HeaderField, REPLY_SERIAL};
use crate::login::LoginReply;
use crate::message::Message;
use crate::message_builder::MessageBuilder;
use crate::signature::TEXT;

/// A received method call.
pub struct MethodCall<'a> {
    /// The serial, for the reply.
    pub serial: u32,
    /// The object path.
    pub path: &'a str,
    /// The interface, which a caller may omit.
    pub interface: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The arguments.
    pub arguments: Arguments<'a>,
}

impl<'a> MethodCall<'a> {
    /// Returns whether the header begins a method call with a reply. A client that waits for no reply
    /// can have any number of calls under way, so the server does not accept its calls.
    pub fn is_accepted(header: &FixedHeader) -> bool {
        header.message_type == METHOD_CALL && header.expects_reply()
    }

    /// Decodes a whole message, fixed header included. The arguments are decoded later.
    ///
    /// # Errors
    /// The message is not valid, or has no path or method.
    pub fn decode(header: &FixedHeader, message: &'a [u8]) -> Result<Self, DecodeError> {
        let Message { fields, arguments } = Message::decode(header, message)?;
        let (Some(path), Some(method)) = (fields.path, fields.member) else {
            return Err(DecodeError("a call without a path or a method"));
        };
        Ok(Self {
            serial: header.serial,
            path,
            interface: fields.interface,
            method,
            arguments,
        })
    }
}

/// Appends the successful reply to the call of that serial to a buffer.
///
/// # Errors
/// The message cannot be encoded.
pub fn encode_return(
    buffer: &mut Buffer,
    call: u32,
    reply: &LoginReply<'_>,
) -> Result<(), EncodeError> {
    let message = MessageBuilder {
        message_type: METHOD_RETURN,
        serial: SERIAL,
        fields: &[HeaderField(REPLY_SERIAL, FieldValue::U32(call))],
        signature: reply.signature(),
    };
    message.append(buffer, |body| reply.encode(body))
}

/// Appends the error reply to the call of that serial to a buffer. On a bus it needs the unique name of
/// the caller as its destination.
///
/// # Errors
/// The message cannot be encoded.
pub fn encode_error(
    buffer: &mut Buffer,
    call: u32,
    destination: Option<&str>,
    name: &str,
    text: &str,
) -> Result<(), EncodeError> {
    let fields = [
        HeaderField(ERROR_NAME, FieldValue::Str(name)),
        HeaderField(REPLY_SERIAL, FieldValue::U32(call)),
        HeaderField(
            DESTINATION,
            FieldValue::Str(destination.unwrap_or_default()),
        ),
    ];
    let count = if destination.is_some() { 3 } else { 2 };
    let message = MessageBuilder {
        message_type: ERROR,
        serial: SERIAL,
        fields: fields.get(..count).unwrap_or_default(),
        signature: TEXT,
    };
    message.append(buffer, |body| body.string(text))
}

/// No message answers a reply, so all replies have the same serial.
const SERIAL: u32 = 1;
