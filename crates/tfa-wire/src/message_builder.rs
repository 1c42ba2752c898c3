//! Encoding of messages.

use crate::buffer::Buffer;
use crate::encoder::Encoder;
use crate::error::EncodeError;
use crate::fixed_header::{BODY_LENGTH_OFFSET, PROTOCOL_VERSION};
use crate::header_fields::{FieldValue, HeaderField, SIGNATURE};

/// The header of a message to encode.
pub struct MessageBuilder<'a> {
    /// The message type, such as [`METHOD_CALL`](crate::METHOD_CALL).
    pub message_type: u8,
    /// The serial; not 0.
    pub serial: u32,
    /// The header fields except the signature.
    pub fields: &'a [HeaderField<'a>],
    /// The signature of the body, empty if there is none.
    pub signature: &'a str,
}

impl MessageBuilder<'_> {
    /// Appends the message to a buffer, in little-endian order. `encode` appends the body.
    ///
    /// # Errors
    /// A length does not fit into its number.
    pub fn append(
        &self,
        buffer: &mut Buffer,
        encode: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<(), EncodeError> {
        let flags = 0;
        let mut encoder = Encoder::new(buffer);
        encoder.bytes(&[b'l', self.message_type, flags, PROTOCOL_VERSION]);
        // The length of the body.
        encoder.number(0);
        encoder.number(self.serial);
        let array = encoder.begin_array(8);
        for field in self.fields {
            field.encode(&mut encoder);
        }
        if !self.signature.is_empty() {
            let signature = FieldValue::Signature(self.signature);
            HeaderField(SIGNATURE, signature).encode(&mut encoder);
        }
        encoder.end_array(&array);
        encoder.align(8);
        let header_length = encoder.length();
        encode(&mut encoder);
        let body_length = encoder.length().saturating_sub(header_length);
        encoder.replace_number(BODY_LENGTH_OFFSET, body_length);
        encoder.finish()
    }

    /// Appends a message without a body.
    ///
    /// # Errors
    /// A length does not fit into its number.
    pub fn append_without_body(&self, buffer: &mut Buffer) -> Result<(), EncodeError> {
        self.append(buffer, |_| {})
    }
}
