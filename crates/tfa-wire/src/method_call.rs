//! Method calls and their replies, for the server side.

use zeroize::Zeroizing;

use crate::arguments::Arguments;
use crate::error::{DecodeError, EncodeError};
use crate::fixed_header::{ERROR, FixedHeader, METHOD_CALL, METHOD_RETURN};
use crate::header_fields::{DESTINATION, ERROR_NAME, FieldValue, HeaderField, REPLY_SERIAL};
use crate::message::Message;
use crate::message_builder::{Body, MessageBuilder};

/// A received method call.
pub struct MethodCall {
    /// The serial, for the reply.
    pub serial: u32,
    /// The object path.
    pub path: String,
    /// The interface, which a caller may omit.
    pub interface: Option<String>,
    /// The method.
    pub method: String,
    /// The arguments.
    pub arguments: Arguments,
}

impl MethodCall {
    /// Returns whether the header begins a method call with a reply. A client that waits for no reply
    /// can have any number of calls under way, so the server does not accept its calls.
    pub fn is_accepted(header: &FixedHeader) -> bool {
        header.message_type == METHOD_CALL && header.expects_reply()
    }

    /// Decodes a whole message, fixed header included. The arguments are decoded later.
    ///
    /// # Errors
    /// The message is not valid, or has no path or method.
    pub fn decode(header: &FixedHeader, message: Zeroizing<Vec<u8>>) -> Result<Self, DecodeError> {
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

/// Encodes the successful reply to the call of that serial.
///
/// # Errors
/// The message cannot be encoded.
pub fn encode_return(call: u32, body: &Body) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let call = HeaderField(REPLY_SERIAL, FieldValue::U32(call));
    encode(METHOD_RETURN, &[call], body)
}

/// Encodes the error reply to the call of that serial. On a bus it needs the unique name of the caller
/// as its destination.
///
/// # Errors
/// The message cannot be encoded.
pub fn encode_error(
    call: u32,
    destination: Option<&str>,
    name: &str,
    text: &str,
) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let mut fields = vec![
        HeaderField(ERROR_NAME, FieldValue::Str(name)),
        HeaderField(REPLY_SERIAL, FieldValue::U32(call)),
    ];
    fields.extend(destination.map(|name| HeaderField(DESTINATION, FieldValue::Str(name))));
    encode(ERROR, &fields, &Body::encode(&text)?)
}

fn encode(
    message_type: u8,
    fields: &[HeaderField<'_>],
    body: &Body,
) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
    let message = MessageBuilder {
        message_type,
        // No message answers a reply, so all replies have the same serial.
        serial: 1,
        fields,
        body,
    };
    message.build()
}
