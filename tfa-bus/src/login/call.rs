//! Calls as they go out. zbus is the codec.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{DynamicType, Endian, Signature, Type, to_bytes};
use zeroize::Zeroizing;

use super::LoginError;
use super::message::{DESTINATION, INTERFACE, MEMBER, METHOD_CALL, PATH, SIGNATURE, VERSION};

/// A call of a method.
pub(super) struct Call<'a> {
    pub(super) destination: &'a str,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
    pub(super) body: &'a Body,
}

/// The arguments of a call. Wiped when dropped, as the messages are that are made of it: they may
/// hold a code.
pub(super) struct Body {
    signature: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Body {
    /// No arguments.
    pub(super) fn none() -> Self {
        Self {
            signature: String::new(),
            bytes: Zeroizing::default(),
        }
    }

    /// These arguments, which are no secret.
    pub(super) fn of<T: Serialize + DynamicType>(arguments: &T) -> Result<Self, LoginError> {
        Ok(Self {
            signature: arguments.signature().to_string_no_parens(),
            bytes: Zeroizing::new(encoded(arguments)?.to_vec()),
        })
    }

    /// A dialog, and what was typed. By hand, because the codec leaves copies in memory.
    pub(super) fn of_answer(dialog: u32, reply: &str) -> Result<Self, LoginError> {
        let length = u32::try_from(reply.len()).map_err(|_| TOO_LONG)?;
        let parts: [&[u8]; 4] = [
            &dialog.to_le_bytes(),
            &length.to_le_bytes(),
            reply.as_bytes(),
            b"\0",
        ];
        Ok(Self {
            signature: "us".to_owned(),
            bytes: Zeroizing::new(parts.concat()),
        })
    }
}

impl Call<'_> {
    /// The message of that number.
    pub(super) fn message(&self, serial: u32) -> Result<Zeroizing<Vec<u8>>, LoginError> {
        let length = u32::try_from(self.body.bytes.len()).map_err(|_| TOO_LONG)?;
        let mut fields = vec![
            Field(PATH, Text(Signature::ObjectPath, self.path)),
            Field(INTERFACE, Text(Signature::Str, self.interface)),
            Field(MEMBER, Text(Signature::Str, self.member)),
            Field(DESTINATION, Text(Signature::Str, self.destination)),
        ];
        let signature = self.body.signature.as_str();
        if !signature.is_empty() {
            fields.push(Field(SIGNATURE, Text(Signature::Signature, signature)));
        }
        let flags = 0_u8;
        let start = (b'l', METHOD_CALL, flags, VERSION, length, serial, fields);
        let mut header = encoded(&start)?.to_vec();
        header.resize(header.len().next_multiple_of(8), 0);
        let parts: [&[u8]; 2] = [&header, &self.body.bytes];
        Ok(Zeroizing::new(parts.concat()))
    }
}

const TOO_LONG: LoginError = LoginError::Garbled("a call that is too long");

fn encoded<T: Serialize + DynamicType>(value: &T) -> Result<Data<'static, 'static>, LoginError> {
    to_bytes(Context::new(Endian::Little, 0), value)
        .map_err(|_| LoginError::Garbled("a call that cannot be put into bytes"))
}

/// A field of a header: its code, and its value.
#[derive(serde::Serialize, Type)]
struct Field<'a>(u8, Text<'a>);

/// A variant of a type that is a text: zbus' own would put parentheses around the signature of
/// several arguments.
#[derive(Type)]
#[zbus(signature = "v")]
struct Text<'a>(Signature, &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variant = serializer.serialize_struct("Variant", 2)?;
        variant.serialize_field("signature", &self.0)?;
        variant.serialize_field("value", self.1)?;
        variant.end()
    }
}
