//! The fields of a message's header.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type, Variant};

use super::Garbled;
use super::start::FIELDS;

/// The code of the field that names the object.
pub const PATH: u8 = 1;
/// The code of the field that names the interface.
pub const INTERFACE: u8 = 2;
/// The code of the field that names the method.
pub const MEMBER: u8 = 3;
/// The code of the field that names the error.
pub const ERROR_NAME: u8 = 4;
/// The code of the field that says to which call a reply is one.
pub const REPLY_SERIAL: u8 = 5;
/// The code of the field that names whom a message is for.
pub const DESTINATION: u8 = 6;
const SENDER: u8 = 7;
pub(super) const SIGNATURE: u8 = 8;
const UNIX_FDS: u8 = 9;

/// The fields that came with a message, as far as they matter here.
#[derive(Debug, Default)]
pub struct Fields {
    /// The object that is called.
    pub path: Option<String>,
    /// Its interface.
    pub interface: Option<String>,
    /// The method.
    pub member: Option<String>,
    /// The name of the error that it is.
    pub error: Option<String>,
    /// The number of the call that it replies to.
    pub call: Option<u32>,
    /// Who sent it, where a bus says so.
    pub sender: Option<String>,
    pub(super) signature: Option<Signature>,
}

impl Fields {
    /// The fields of a message, and where they end.
    pub(super) fn read(message: &[u8], endian: Endian) -> Result<(Self, usize), Garbled> {
        let fields = message.get(FIELDS..).unwrap_or_default();
        let data = Data::new(fields, Context::new(endian, FIELDS));
        let (fields, length): (Vec<(u8, Variant<'_>)>, _) =
            data.deserialize().map_err(|_| OTHER_FIELDS)?;
        let mut this = Self::default();
        for (code, value) in fields {
            let wrong = match (code, value) {
                (PATH, Variant::ObjectPath(path)) => twice(&mut this.path, path.to_string()),
                (INTERFACE, Variant::Str(name)) => twice(&mut this.interface, name.to_string()),
                (MEMBER, Variant::Str(name)) => twice(&mut this.member, name.to_string()),
                (ERROR_NAME, Variant::Str(name)) => twice(&mut this.error, name.to_string()),
                (REPLY_SERIAL, Variant::U32(serial)) => twice(&mut this.call, serial),
                (SENDER, Variant::Str(name)) => twice(&mut this.sender, name.to_string()),
                (SIGNATURE, Variant::Signature(types)) => twice(&mut this.signature, types),
                // Descriptors were not agreed on.
                (PATH..=MEMBER | ERROR_NAME | REPLY_SERIAL | SENDER..=UNIX_FDS, _) => true,
                _ => false,
            };
            if wrong {
                return Err(OTHER_FIELDS);
            }
        }
        Ok((this, FIELDS.saturating_add(length)))
    }
}

const OTHER_FIELDS: Garbled = Garbled("a message that is none by its header");

/// Sets what must stand there once. Whether it stood there already.
fn twice<T>(place: &mut Option<T>, value: T) -> bool {
    place.replace(value).is_some()
}

/// A field that goes out: its code, and its value.
#[derive(Debug, Clone, Copy, serde::Serialize, Type)]
pub struct Field<'a>(pub u8, pub Value<'a>);

/// What a field holds.
#[derive(Debug, Clone, Copy, Type)]
#[zbus(signature = "v")]
pub enum Value<'a> {
    /// The path of an object.
    Path(&'a str),
    /// A text, or a name.
    Text(&'a str),
    /// A signature: zbus' own variant would put parentheses around the signature of several arguments.
    Types(&'a str),
    /// A number.
    Number(u32),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variant = serializer.serialize_struct("Variant", 2)?;
        let (signature, text) = match self {
            Self::Path(text) => (Signature::ObjectPath, text),
            Self::Text(text) => (Signature::Str, text),
            Self::Types(text) => (Signature::Signature, text),
            Self::Number(number) => {
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
    use crate::by_hand::with_fields;
    use crate::{METHOD_CALL, padding_after};

    fn read(fields: &[(u8, &str, &str)]) -> Result<Fields, Garbled> {
        let message = with_fields(METHOD_CALL, fields);
        let (fields, end) = Fields::read(&message, Endian::Little)?;
        assert_eq!(end + padding_after(end), message.len());
        Ok(fields)
    }

    const CALL: [(u8, &str, &str); 4] = [
        (PATH, "o", "/org/example"),
        (INTERFACE, "s", "org.example"),
        (MEMBER, "s", "Do"),
        (SIGNATURE, "g", "us"),
    ];

    #[test]
    fn what_a_call_says_is_found_in_any_order() {
        for turned in 0..CALL.len() {
            let mut fields = CALL;
            fields.rotate_left(turned);
            let fields = read(&fields).unwrap();
            assert_eq!(fields.path.as_deref(), Some("/org/example"));
            assert_eq!(fields.interface.as_deref(), Some("org.example"));
            assert_eq!(fields.member.as_deref(), Some("Do"));
            assert_eq!(fields.signature.unwrap().to_string_no_parens(), "us");
            assert_eq!(
                (fields.error, fields.call, fields.sender),
                (None, None, None)
            );
        }
    }

    #[test]
    fn what_is_not_said_is_not_there() {
        let fields = read(&[]).unwrap();
        assert_eq!(
            (fields.path, fields.interface, fields.member),
            (None, None, None)
        );
        assert_eq!(fields.signature, None);
    }

    #[test]
    fn nothing_is_said_twice() {
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
    fn each_has_its_type() {
        for code in PATH..=UNIX_FDS {
            for (letter, value) in [("s", "text"), ("o", "/path"), ("g", "u"), ("u", "7")] {
                let right = match code {
                    PATH => "o",
                    REPLY_SERIAL => "u",
                    SIGNATURE => "g",
                    // A call to a peer has one too, and it is not looked at.
                    DESTINATION => letter,
                    UNIX_FDS => "none: no descriptors were agreed on",
                    _ => "s",
                };
                let is_read = read(&[(code, letter, value)]).is_ok();
                assert_eq!(is_read, letter == right, "{code} {letter}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        for code in [0, 10, 99, 255] {
            for (letter, value) in [("s", "text"), ("o", "/path"), ("g", "u"), ("u", "7")] {
                assert!(read(&[(code, letter, value), (code, letter, value)]).is_ok());
            }
        }
    }

    #[test]
    fn a_text_that_is_none_is_refused() {
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
