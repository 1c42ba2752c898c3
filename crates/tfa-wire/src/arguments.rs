//! The arguments of a received message.

use serde::de::DeserializeOwned;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type};
use zeroize::Zeroizing;

use crate::error::DecodeError;

/// The arguments of a received message. Wiped on drop.
pub struct Arguments {
    pub(crate) endian: Endian,
    pub(crate) signature: Signature,
    /// The whole message, header included.
    pub(crate) message: Zeroizing<Vec<u8>>,
    /// The offset of the body in `message`.
    pub(crate) body_offset: usize,
}

impl Arguments {
    /// Decodes the arguments.
    ///
    /// # Errors
    /// The signature is not exactly that of `T`, or the body is not a valid `T`.
    pub fn decode<T: DeserializeOwned + Type>(&self) -> Result<T, DecodeError> {
        if self.signature != *T::SIGNATURE {
            return Err(WRONG_ARGUMENTS);
        }
        let data = self.data();
        match data.deserialize() {
            Ok((arguments, length)) if length == data.len() => Ok(arguments),
            _ => Err(WRONG_ARGUMENTS),
        }
    }

    /// Decodes the text of an error: the first argument if it is a string, else nothing.
    ///
    /// # Errors
    /// The string is not valid.
    pub fn error_text(&self) -> Result<String, DecodeError> {
        let first = match &self.signature {
            Signature::Structure(types) => types.iter().next(),
            one => Some(one),
        };
        if first != Some(&Signature::Str) {
            return Ok(String::new());
        }
        let text = self.data().deserialize_for_signature(Signature::Str);
        text.map(|(text, _)| text).map_err(|_| WRONG_ARGUMENTS)
    }

    fn data(&self) -> Data<'_, 'static> {
        let body = self.message.get(self.body_offset..).unwrap_or_default();
        Data::new(body, Context::new(self.endian, 0))
    }
}

const WRONG_ARGUMENTS: DecodeError = DecodeError("wrong arguments");
