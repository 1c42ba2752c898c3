//! The arguments of a received message.

use crate::decoder::Decoder;
use crate::error::DecodeError;
use crate::signature::TEXT;

/// The arguments of a received message.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    pub(crate) signature: &'a str,
    pub(crate) body: Decoder<'a>,
}

impl<'a> Arguments<'a> {
    /// Decodes the text of an error: the first argument if it is a string, else nothing.
    ///
    /// # Errors
    /// The string is not valid.
    pub fn error_text(&self) -> Result<&'a str, DecodeError> {
        if !self.signature.starts_with(TEXT) {
            return Ok("");
        }
        let mut body = self.body;
        body.string()
    }

    /// Decodes a body of that signature, which ends where `decode` ends.
    pub(crate) fn decode<T>(
        &self,
        signature: &str,
        decode: impl FnOnce(&mut Decoder<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        if self.signature != signature {
            return Err(WRONG_ARGUMENTS);
        }
        let mut decoder = self.body;
        let arguments = decode(&mut decoder)?;
        if !decoder.is_at_end() {
            return Err(WRONG_ARGUMENTS);
        }
        Ok(arguments)
    }
}

const WRONG_ARGUMENTS: DecodeError = DecodeError("wrong arguments");
