//! Encodes values of the basic types and arrays, in little-endian order.

use crate::buffer::Buffer;
use crate::error::EncodeError;

/// Appends the values of one message to a buffer. Each function adds the padding before its value.
pub struct Encoder<'a> {
    buffer: &'a mut Buffer,
    /// The offset of the message in the buffer.
    start: usize,
    is_too_long: bool,
}

/// An array whose elements are being appended.
#[must_use = "the array has no length until its end"]
pub(crate) struct OpenArray {
    /// The offset of its length in the buffer.
    length: usize,
    /// The offset of its first element in the buffer.
    elements: usize,
}

impl<'a> Encoder<'a> {
    /// Starts a message behind what the buffer holds.
    pub(crate) fn new(buffer: &'a mut Buffer) -> Self {
        let start = buffer.len();
        Self {
            buffer,
            start,
            is_too_long: false,
        }
    }

    /// Returns the length of the message so far.
    pub(crate) fn length(&self) -> usize {
        self.buffer.len().saturating_sub(self.start)
    }

    pub(crate) fn align(&mut self, alignment: usize) {
        let length = self.length();
        let padding = length.next_multiple_of(alignment).saturating_sub(length);
        self.buffer
            .append([0; 8].get(..padding).unwrap_or_default());
    }

    /// Appends bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.append(bytes);
    }

    pub(crate) fn number(&mut self, number: u32) {
        self.align(4);
        self.buffer.append(&number.to_le_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.number(value.into());
    }

    /// Appends a string or an object path.
    pub(crate) fn string(&mut self, text: &str) {
        let length = self.length_of(text.len());
        self.number(length);
        self.bytes(text.as_bytes());
        self.bytes(&[0]);
    }

    pub(crate) fn signature(&mut self, signature: &str) {
        self.is_too_long |= signature.len() > u8::MAX.into();
        self.bytes(&[u8::try_from(signature.len()).unwrap_or(u8::MAX)]);
        self.bytes(signature.as_bytes());
        self.bytes(&[0]);
    }

    /// Appends the signature of one letter that a variant has.
    pub(crate) fn variant_of(&mut self, letter: u8) {
        self.bytes(&[1, letter, 0]);
    }

    /// Begins an array whose elements have that alignment.
    pub(crate) fn begin_array(&mut self, alignment: usize) -> OpenArray {
        self.number(0);
        let length = self.buffer.len().saturating_sub(4);
        self.align(alignment);
        let elements = self.buffer.len();
        OpenArray { length, elements }
    }

    pub(crate) fn end_array(&mut self, array: &OpenArray) {
        let length = self.length_of(self.buffer.len().saturating_sub(array.elements));
        self.buffer.replace(array.length, &length.to_le_bytes());
    }

    /// Replaces a number at an offset in the message.
    pub(crate) fn replace_number(&mut self, offset: usize, number: usize) {
        let number = self.length_of(number);
        let offset = self.start.saturating_add(offset);
        self.buffer.replace(offset, &number.to_le_bytes());
    }

    /// Fails if a length did not fit into its number.
    pub(crate) fn finish(self) -> Result<(), EncodeError> {
        if self.is_too_long {
            return Err(EncodeError("too long"));
        }
        Ok(())
    }

    fn length_of(&mut self, length: usize) -> u32 {
        let length = u32::try_from(length);
        self.is_too_long |= length.is_err();
        length.unwrap_or(u32::MAX)
    }
}
