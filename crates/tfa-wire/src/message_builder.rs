//! Encoding of messages.

use serde::Serialize;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{DynamicType, Endian, to_bytes};
use zeroize::Zeroizing;

use crate::error::EncodeError;
use crate::fixed_header::{PROTOCOL_VERSION, padding_length};
use crate::header_fields::{FieldValue, HeaderField, SIGNATURE};

/// A message to encode.
pub struct MessageBuilder<'a> {
    /// The message type, such as [`METHOD_CALL`](crate::METHOD_CALL).
    pub message_type: u8,
    /// The serial; not 0.
    pub serial: u32,
    /// The header fields except the signature, which comes from the body.
    pub fields: &'a [HeaderField<'a>],
    /// The arguments.
    pub body: &'a Body,
}

/// The encoded arguments of a message. They may hold a code or a key, so they are wiped on drop, as
/// the messages are.
pub struct Body {
    signature: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Body {
    /// No arguments.
    pub fn empty() -> Self {
        Self {
            signature: String::new(),
            bytes: Zeroizing::default(),
        }
    }

    /// Encodes the arguments. zbus may leave copies of them in freed memory.
    ///
    /// # Errors
    /// zbus cannot encode them.
    pub fn encode<T: Serialize + DynamicType>(arguments: &T) -> Result<Self, EncodeError> {
        Ok(Self {
            signature: arguments.signature().to_string_no_parens(),
            bytes: Zeroizing::new(to_data(arguments)?.to_vec()),
        })
    }

    /// Encodes the arguments of `Answer` without zbus, so that no copy of the answer stays in memory.
    ///
    /// # Errors
    /// The answer is longer than `u32::MAX` bytes.
    pub fn encode_answer(dialog: u32, answer: &str) -> Result<Self, EncodeError> {
        let length = u32::try_from(answer.len()).map_err(|_| TOO_LONG)?;
        let parts: [&[u8]; 4] = [
            &dialog.to_le_bytes(),
            &length.to_le_bytes(),
            answer.as_bytes(),
            b"\0",
        ];
        Ok(Self {
            signature: "us".to_owned(),
            bytes: Zeroizing::new(parts.concat()),
        })
    }
}

impl MessageBuilder<'_> {
    /// Encodes the message, in little-endian order.
    ///
    /// # Errors
    /// The body is longer than `u32::MAX` bytes, or zbus cannot encode the header.
    pub fn build(&self) -> Result<Zeroizing<Vec<u8>>, EncodeError> {
        let body_length = u32::try_from(self.body.bytes.len()).map_err(|_| TOO_LONG)?;
        let mut fields = self.fields.to_vec();
        let signature = self.body.signature.as_str();
        if !signature.is_empty() {
            fields.push(HeaderField(SIGNATURE, FieldValue::Signature(signature)));
        }
        let flags = 0_u8;
        let header = to_data(&(
            b'l',
            self.message_type,
            flags,
            PROTOCOL_VERSION,
            body_length,
            self.serial,
            fields,
        ))?;
        let padding = [0; 8];
        let padding = padding.get(..padding_length(header.len()));
        let parts: [&[u8]; 3] = [&header, padding.unwrap_or_default(), &self.body.bytes];
        Ok(Zeroizing::new(parts.concat()))
    }
}

const TOO_LONG: EncodeError = EncodeError("too long");

fn to_data<T: Serialize + DynamicType>(value: &T) -> Result<Data<'static, 'static>, EncodeError> {
    to_bytes(Context::new(Endian::Little, 0), value)
        .map_err(|_| EncodeError("a value has no D-Bus encoding"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{ERROR, ERROR_NAME, METHOD_RETURN, REPLY_SERIAL};

    const CALL: u32 = 7;

    fn zbus_reply<T: Serialize + DynamicType>(name: Option<&str>, body: &T) -> Vec<u8> {
        let call = zbus::Message::method_call("/", "Do").build(&()).unwrap();
        let builder = match name {
            Some(name) => zbus::Message::error(&call.header(), name),
            None => zbus::Message::method_return(&call.header()),
        };
        let builder = builder.endian(Endian::Little);
        let builder = builder.serial(NonZeroU32::MIN);
        let builder = builder.reply_serial(NonZeroU32::new(CALL));
        builder.build(body).unwrap().data().to_vec()
    }

    fn our_reply(name: Option<&str>, body: &Body) -> Vec<u8> {
        let name = name.map(|name| HeaderField(ERROR_NAME, FieldValue::Str(name)));
        let call = HeaderField(REPLY_SERIAL, FieldValue::U32(CALL));
        let fields: Vec<_> = name.into_iter().chain([call]).collect();
        let message = MessageBuilder {
            message_type: if name.is_some() { ERROR } else { METHOD_RETURN },
            serial: 1,
            fields: &fields,
            body,
        };
        message.build().unwrap().to_vec()
    }

    fn assert_equals_zbus<T: Serialize + DynamicType>(body: &T) {
        // Names of every length modulo the padding.
        for length in 0..8 {
            let name = format!("org.example.{}", "E".repeat(length + 1));
            for name in [None, Some(name.as_str())] {
                let ours = our_reply(name, &Body::encode(body).unwrap());
                assert_eq!(ours, zbus_reply(name, body));
            }
        }
    }

    #[test]
    fn replies_equal_those_of_zbus() {
        assert_equals_zbus(&"why");
        assert_equals_zbus(&(7_u32, "text"));
        assert_equals_zbus(&((7_u32, "text"),));
        assert_equals_zbus(&(7_u32, (vec![("a", "b")], "c", 9_u32)));
        assert_equals_zbus(&vec![0_u8; 100_000]);
    }

    #[test]
    fn an_empty_body_has_no_bytes_and_no_signature() {
        assert_eq!(our_reply(None, &Body::empty()), zbus_reply(None, &()));
        assert_eq!(
            our_reply(None, &Body::encode(&()).unwrap()),
            zbus_reply(None, &())
        );
    }

    #[test]
    fn an_answer_equals_that_of_zbus() {
        for typed in ["", "1", "12", "123", "1234", "pass wörd\u{2588}"] {
            let body = Body::encode_answer(CALL, typed).unwrap();
            assert_eq!(
                our_reply(None, &body),
                zbus_reply(None, &(CALL, typed)),
                "{typed}"
            );
        }
    }
}
