//! Messages as they go out.

use serde::Serialize;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{DynamicType, Endian, to_bytes};
use zeroize::Zeroizing;

use super::fields::SIGNATURE;
use super::start::VERSION;
use super::{Field, Garbled, Value, padding_after};

/// A message that goes out.
pub struct Outgoing<'a> {
    /// Its type.
    pub kind: u8,
    /// The number that its sender gives it.
    pub serial: u32,
    /// Its fields, but for the signature.
    pub fields: &'a [Field<'a>],
    /// Its arguments.
    pub body: &'a Body,
}

/// The arguments of a message. Wiped when dropped, as the messages are that are made of it: they
/// may hold a code or a key.
pub struct Body {
    signature: String,
    bytes: Zeroizing<Vec<u8>>,
}

impl Body {
    /// No arguments.
    pub fn none() -> Self {
        Self {
            signature: String::new(),
            bytes: Zeroizing::default(),
        }
    }

    /// These arguments, of which the codec may leave copies in memory.
    pub fn of<T: Serialize + DynamicType>(arguments: &T) -> Result<Self, Garbled> {
        Ok(Self {
            signature: arguments.signature().to_string_no_parens(),
            bytes: Zeroizing::new(encoded(arguments)?.to_vec()),
        })
    }

    /// A dialog, and what was typed. By hand, because the codec leaves copies in memory.
    pub fn of_answer(dialog: u32, reply: &str) -> Result<Self, Garbled> {
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

impl Outgoing<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, Garbled> {
        let length = u32::try_from(self.body.bytes.len()).map_err(|_| TOO_LONG)?;
        let mut fields = self.fields.to_vec();
        let signature = self.body.signature.as_str();
        if !signature.is_empty() {
            fields.push(Field(SIGNATURE, Value::Types(signature)));
        }
        let flags = 0_u8;
        let start = (b'l', self.kind, flags, VERSION, length, self.serial, fields);
        let header = encoded(&start)?;
        let padding = [0; 8];
        let padding = padding.get(..padding_after(header.len()));
        let parts: [&[u8]; 3] = [&header, padding.unwrap_or_default(), &self.body.bytes];
        Ok(Zeroizing::new(parts.concat()))
    }
}

const TOO_LONG: Garbled = Garbled("a message that is too long");

fn encoded<T: Serialize + DynamicType>(value: &T) -> Result<Data<'static, 'static>, Garbled> {
    to_bytes(Context::new(Endian::Little, 0), value)
        .map_err(|_| Garbled("a message that cannot be put into bytes"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{ERROR, ERROR_NAME, METHOD_RETURN, REPLY_SERIAL};

    const CALL: u32 = 7;

    fn by_zbus<T: Serialize + DynamicType>(name: Option<&str>, body: &T) -> Vec<u8> {
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

    fn by_us(name: Option<&str>, body: &Body) -> Vec<u8> {
        let name = name.map(|name| Field(ERROR_NAME, Value::Text(name)));
        let call = Field(REPLY_SERIAL, Value::Number(CALL));
        let fields: Vec<_> = name.into_iter().chain([call]).collect();
        let message = Outgoing {
            kind: if name.is_some() { ERROR } else { METHOD_RETURN },
            serial: 1,
            fields: &fields,
            body,
        };
        message.bytes().unwrap().to_vec()
    }

    fn is_as_zbus_has_it<T: Serialize + DynamicType>(body: &T) {
        // Names of every length modulo the padding.
        for length in 0..8 {
            let name = format!("org.example.{}", "E".repeat(length + 1));
            for name in [None, Some(name.as_str())] {
                let ours = by_us(name, &Body::of(body).unwrap());
                assert_eq!(ours, by_zbus(name, body));
            }
        }
    }

    #[test]
    fn a_reply_is_the_bytes_that_zbus_makes() {
        is_as_zbus_has_it(&"why");
        is_as_zbus_has_it(&(7_u32, "text"));
        is_as_zbus_has_it(&((7_u32, "text"),));
        is_as_zbus_has_it(&(7_u32, (vec![("a", "b")], "c", 9_u32)));
        is_as_zbus_has_it(&vec![0_u8; 100_000]);
    }

    #[test]
    fn no_arguments_are_no_bytes_and_no_signature() {
        assert_eq!(by_us(None, &Body::none()), by_zbus(None, &()));
        assert_eq!(by_us(None, &Body::of(&()).unwrap()), by_zbus(None, &()));
    }

    #[test]
    fn an_answer_is_the_bytes_that_the_codec_makes() {
        for typed in ["", "1", "12", "123", "1234", "pass wörd\u{2588}"] {
            let body = Body::of_answer(CALL, typed).unwrap();
            assert_eq!(by_us(None, &body), by_zbus(None, &(CALL, typed)), "{typed}");
        }
    }
}
