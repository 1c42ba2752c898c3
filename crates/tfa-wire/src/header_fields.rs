//! The header fields of a message.

use zbus::wire::Endian;

use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::DecodeError;
use crate::fixed_header::{FIELDS_OFFSET, FixedHeader};

/// The code of the field for the object path.
pub const PATH: u8 = 1;
/// The code of the field for the interface.
pub const INTERFACE: u8 = 2;
/// The code of the field for the method or signal.
pub const MEMBER: u8 = 3;
/// The code of the field for the error name.
pub const ERROR_NAME: u8 = 4;
/// The code of the field for the serial of the call that a reply answers.
pub const REPLY_SERIAL: u8 = 5;
/// The code of the field for the destination.
pub const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
pub(crate) const SIGNATURE: u8 = 8;
const UNIX_FDS: u8 = 9;

/// The header fields of a received message. Unknown fields and the destination are ignored.
#[derive(Debug, Default)]
pub struct HeaderFields<'a> {
    /// The object path.
    pub path: Option<&'a str>,
    /// The interface.
    pub interface: Option<&'a str>,
    /// The method or signal.
    pub member: Option<&'a str>,
    /// The error name.
    pub error_name: Option<&'a str>,
    /// The serial of the call that this message answers.
    pub reply_serial: Option<u32>,
    /// The unique name of the sender. The bus sets it; a peer need not.
    pub sender: Option<&'a str>,
    pub(crate) signature: Option<&'a str>,
}

impl<'a> HeaderFields<'a> {
    /// Decodes the header fields of a message, header included. The body may be incomplete.
    ///
    /// # Errors
    /// A field occurs twice, has the wrong type or an invalid value, or announces file descriptors,
    /// which are never negotiated. Or an unknown field has a container.
    pub fn decode(header: &FixedHeader, message: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_with_end(header.endian, message).map(|(fields, _)| fields)
    }

    /// Also returns the decoder of the bytes after the fields.
    pub(crate) fn decode_with_end(
        endian: Endian,
        message: &'a [u8],
    ) -> Result<(Self, Decoder<'a>), DecodeError> {
        let mut decoder = Decoder::new(endian, message, FIELDS_OFFSET);
        let mut fields = decoder.array(8)?;
        let mut this = Self::default();
        while !fields.is_at_end() {
            fields.align(8)?;
            this.decode_field(&mut fields)?;
        }
        Ok((this, decoder))
    }

    fn decode_field(&mut self, decoder: &mut Decoder<'a>) -> Result<(), DecodeError> {
        let code = decoder.byte()?;
        match (code, decoder.variant_signature()?) {
            (PATH, "o") => set(&mut self.path, decoder.object_path()?),
            (INTERFACE, "s") => set(&mut self.interface, decoder.string()?),
            (MEMBER, "s") => set(&mut self.member, decoder.string()?),
            (ERROR_NAME, "s") => set(&mut self.error_name, decoder.string()?),
            (REPLY_SERIAL, "u") => set(&mut self.reply_serial, decoder.number()?),
            (SENDER, "s") => set(&mut self.sender, decoder.string()?),
            (SIGNATURE, "g") => set(&mut self.signature, decoder.signature()?),
            // File descriptors are never negotiated.
            (PATH..=REPLY_SERIAL | SENDER..=UNIX_FDS, _) => Err(INVALID_FIELDS),
            (_, signature) => skip(decoder, signature),
        }
    }
}

const INVALID_FIELDS: DecodeError = DecodeError("invalid header fields");

/// Sets a field that was not set before.
fn set<T>(field: &mut Option<T>, value: T) -> Result<(), DecodeError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(INVALID_FIELDS),
    }
}

/// Skips a value of a basic type. No implementation sends containers in a header.
fn skip(decoder: &mut Decoder<'_>, signature: &str) -> Result<(), DecodeError> {
    match signature {
        "y" => decoder.skip_number(1),
        "b" => decoder.boolean().map(|_| ()),
        "n" | "q" => decoder.skip_number(2),
        "i" | "u" => decoder.skip_number(4),
        "x" | "t" | "d" => decoder.skip_number(8),
        "s" => decoder.string().map(|_| ()),
        "o" => decoder.object_path().map(|_| ()),
        "g" => decoder.signature().map(|_| ()),
        _ => Err(INVALID_FIELDS),
    }
}

/// A header field to encode: its code and its value.
#[derive(Debug, Clone, Copy)]
pub struct HeaderField<'a>(pub u8, pub FieldValue<'a>);

/// The value of a [`HeaderField`].
#[derive(Debug, Clone, Copy)]
pub enum FieldValue<'a> {
    /// An object path.
    ObjectPath(&'a str),
    /// A string.
    Str(&'a str),
    /// A signature.
    Signature(&'a str),
    /// A number.
    U32(u32),
}

impl HeaderField<'_> {
    pub(crate) fn encode(self, encoder: &mut Encoder<'_>) {
        let Self(code, value) = self;
        encoder.align(8);
        encoder.bytes(&[code]);
        match value {
            FieldValue::ObjectPath(path) => {
                encoder.variant_of(b'o');
                encoder.string(path);
            }
            FieldValue::Str(text) => {
                encoder.variant_of(b's');
                encoder.string(text);
            }
            FieldValue::Signature(signature) => {
                encoder.variant_of(b'g');
                encoder.signature(signature);
            }
            FieldValue::U32(number) => {
                encoder.variant_of(b'u');
                encoder.number(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_header::METHOD_CALL;
    use crate::raw_message::with_fields;

    fn read(fields: &[(u8, &str, &str)]) -> Result<HeaderFields<'static>, DecodeError> {
        let message = with_fields(METHOD_CALL, fields).leak();
        let (fields, mut body) = HeaderFields::decode_with_end(Endian::Little, message)?;
        body.align(8).unwrap();
        assert!(body.is_at_end());
        Ok(fields)
    }

    const CALL: [(u8, &str, &str); 4] = [
        (PATH, "o", "/org/example"),
        (INTERFACE, "s", "org.example"),
        (MEMBER, "s", "Do"),
        (SIGNATURE, "g", "us"),
    ];

    #[test]
    fn fields_decode_in_any_order() {
        for by in 0..CALL.len() {
            let mut fields = CALL;
            fields.rotate_left(by);
            let fields = read(&fields).unwrap();
            assert_eq!(fields.path, Some("/org/example"));
            assert_eq!(fields.interface, Some("org.example"));
            assert_eq!(fields.member, Some("Do"));
            assert_eq!(fields.signature, Some("us"));
            assert_eq!(
                (fields.error_name, fields.reply_serial, fields.sender),
                (None, None, None)
            );
        }
    }

    #[test]
    fn absent_fields_are_none() {
        let fields = read(&[]).unwrap();
        assert_eq!(
            (fields.path, fields.interface, fields.member),
            (None, None, None)
        );
        assert_eq!(fields.signature, None);
    }

    #[test]
    fn repeated_fields_are_rejected() {
        for field in CALL.into_iter().chain([
            (ERROR_NAME, "s", "org.example.No"),
            (REPLY_SERIAL, "u", "7"),
            (SENDER, "s", ":1.7"),
        ]) {
            assert!(read(&[field]).is_ok(), "{field:?}");
            assert!(read(&[field, field]).is_err(), "{field:?}");
        }
    }

    #[test]
    fn each_field_has_one_valid_type() {
        for code in PATH..=UNIX_FDS {
            for (letter, value) in [("s", "text"), ("o", "/path"), ("g", "u"), ("u", "7")] {
                let right = match code {
                    PATH => "o",
                    REPLY_SERIAL => "u",
                    SIGNATURE => "g",
                    // Ignored.
                    DESTINATION => letter,
                    UNIX_FDS => "none: file descriptors are never negotiated",
                    _ => "s",
                };
                let is_read = read(&[(code, letter, value)]).is_ok();
                assert_eq!(is_read, letter == right, "{code} {letter}");
            }
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        for code in [0, 10, 99, 255] {
            for (letter, value) in [("s", "text"), ("o", "/path"), ("g", "u"), ("u", "7")] {
                assert!(read(&[(code, letter, value), (code, letter, value)]).is_ok());
            }
        }
    }

    #[test]
    fn invalid_values_are_rejected() {
        for field in [
            (PATH, "o", "/a\0b"),
            (PATH, "o", "/a/"),
            (99, "o", "a"),
            (99, "g", "!"),
            (MEMBER, "s", "D\0o"),
            (SIGNATURE, "g", "("),
            (SIGNATURE, "g", "!"),
        ] {
            assert!(read(&[field]).is_err(), "{field:?}");
        }
    }
}
