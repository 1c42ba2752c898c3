//! The header fields of a message.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type, Variant};

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
pub struct HeaderFields {
    /// The object path.
    pub path: Option<String>,
    /// The interface.
    pub interface: Option<String>,
    /// The method or signal.
    pub member: Option<String>,
    /// The error name.
    pub error_name: Option<String>,
    /// The serial of the call that this message answers.
    pub reply_serial: Option<u32>,
    /// The unique name of the sender. The bus sets it; a peer need not.
    pub sender: Option<String>,
    pub(crate) signature: Option<Signature>,
}

impl HeaderFields {
    /// Decodes the header fields of a message, header included. The body may be incomplete.
    ///
    /// # Errors
    /// A field occurs twice, has the wrong type or an invalid value, or announces file descriptors,
    /// which are never negotiated.
    pub fn decode(header: &FixedHeader, message: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_with_end(header.endian, message).map(|(fields, _)| fields)
    }

    /// Also returns the offset of the first byte after the fields.
    pub(crate) fn decode_with_end(
        endian: Endian,
        message: &[u8],
    ) -> Result<(Self, usize), DecodeError> {
        let fields = message.get(FIELDS_OFFSET..).unwrap_or_default();
        let data = Data::new(fields, Context::new(endian, FIELDS_OFFSET));
        let (fields, length): (Vec<(u8, Variant<'_>)>, _) =
            data.deserialize().map_err(|_| INVALID_FIELDS)?;
        let mut this = Self::default();
        for (code, value) in fields {
            let invalid = match (code, value) {
                (PATH, Variant::ObjectPath(path)) => is_repeated(&mut this.path, path.to_string()),
                (INTERFACE, Variant::Str(name)) => {
                    is_repeated(&mut this.interface, name.to_string())
                }
                (MEMBER, Variant::Str(name)) => is_repeated(&mut this.member, name.to_string()),
                (ERROR_NAME, Variant::Str(name)) => {
                    is_repeated(&mut this.error_name, name.to_string())
                }
                (REPLY_SERIAL, Variant::U32(serial)) => is_repeated(&mut this.reply_serial, serial),
                (SENDER, Variant::Str(name)) => is_repeated(&mut this.sender, name.to_string()),
                (SIGNATURE, Variant::Signature(types)) => is_repeated(&mut this.signature, types),
                // File descriptors are never negotiated.
                (PATH..=MEMBER | ERROR_NAME | REPLY_SERIAL | SENDER..=UNIX_FDS, _) => true,
                _ => false,
            };
            if invalid {
                return Err(INVALID_FIELDS);
            }
        }
        Ok((this, FIELDS_OFFSET.saturating_add(length)))
    }
}

const INVALID_FIELDS: DecodeError = DecodeError("invalid header fields");

/// Sets a field, and returns whether it was set before.
fn is_repeated<T>(field: &mut Option<T>, value: T) -> bool {
    field.replace(value).is_some()
}

/// A header field to encode: its code and its value.
#[derive(Debug, Clone, Copy, serde::Serialize, Type)]
pub struct HeaderField<'a>(pub u8, pub FieldValue<'a>);

/// The value of a [`HeaderField`].
#[derive(Debug, Clone, Copy, Type)]
#[zbus(signature = "v")]
pub enum FieldValue<'a> {
    /// An object path.
    ObjectPath(&'a str),
    /// A string.
    Str(&'a str),
    /// A signature, as text: zbus' own type puts parentheses around several arguments.
    Signature(&'a str),
    /// A number.
    U32(u32),
}

impl Serialize for FieldValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variant = serializer.serialize_struct("Variant", 2)?;
        let (signature, text) = match self {
            Self::ObjectPath(text) => (Signature::ObjectPath, text),
            Self::Str(text) => (Signature::Str, text),
            Self::Signature(text) => (Signature::Signature, text),
            Self::U32(number) => {
                variant.serialize_field("signature", &Signature::U32)?;
                variant.serialize_field("value", number)?;
                return variant.end();
            }
        };
        variant.serialize_field("signature", &signature)?;
        variant.serialize_field("value", text)?;
        variant.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed_header::{METHOD_CALL, padding_length};
    use crate::raw_message::with_fields;

    fn read(fields: &[(u8, &str, &str)]) -> Result<HeaderFields, DecodeError> {
        let message = with_fields(METHOD_CALL, fields);
        let (fields, end) = HeaderFields::decode_with_end(Endian::Little, &message)?;
        assert_eq!(end + padding_length(end), message.len());
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
            assert_eq!(fields.path.as_deref(), Some("/org/example"));
            assert_eq!(fields.interface.as_deref(), Some("org.example"));
            assert_eq!(fields.member.as_deref(), Some("Do"));
            assert_eq!(fields.signature.unwrap().to_string_no_parens(), "us");
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
            (MEMBER, "s", "D\0o"),
            (SIGNATURE, "g", "("),
            (SIGNATURE, "g", "!"),
        ] {
            assert!(read(&[field]).is_err(), "{field:?}");
        }
    }
}
