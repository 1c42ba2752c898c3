//! The arguments that came with a message.

use serde::de::DeserializeOwned;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{Endian, Signature, Type};
use zeroize::Zeroizing;

use super::Garbled;

/// The arguments of a message. Wiped when dropped.
pub struct Arguments {
    pub(super) endian: Endian,
    pub(super) signature: Signature,
    /// The whole message.
    pub(super) message: Zeroizing<Vec<u8>>,
    /// Where in it they start.
    pub(super) start: usize,
}

impl Arguments {
    /// The arguments, which must be exactly of that type.
    pub fn read<T: DeserializeOwned + Type>(&self) -> Result<T, Garbled> {
        if self.signature != *T::SIGNATURE {
            return Err(OTHER_ARGUMENTS);
        }
        let data = self.data();
        match data.deserialize() {
            Ok((arguments, length)) if length == data.len() => Ok(arguments),
            _ => Err(OTHER_ARGUMENTS),
        }
    }

    /// The text of an error: the first argument, if it is one.
    pub fn text(&self) -> Result<String, Garbled> {
        let first = match &self.signature {
            Signature::Structure(types) => types.iter().next(),
            one => Some(one),
        };
        if first != Some(&Signature::Str) {
            return Ok(String::new());
        }
        let text = self.data().deserialize_for_signature(Signature::Str);
        text.map(|(text, _)| text).map_err(|_| OTHER_ARGUMENTS)
    }

    fn data(&self) -> Data<'_, 'static> {
        let body = self.message.get(self.start..).unwrap_or_default();
        Data::new(body, Context::new(self.endian, 0))
    }
}

const OTHER_ARGUMENTS: Garbled = Garbled("a message with other arguments");
