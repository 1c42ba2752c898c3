//! Decodes values of the basic types and arrays: "Marshaling" in the D-Bus specification.

use std::str;

use zbus::wire::{Endian, ObjectPath};

use crate::error::DecodeError;
use crate::signature;

/// The bytes of a message from a position on. Each function takes a value off the front, with the
/// padding before it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoder<'a> {
    /// From the begin of the message on, which alignments are relative to, up to the end of what is
    /// decoded here.
    bytes: &'a [u8],
    position: usize,
    endian: Endian,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(endian: Endian, bytes: &'a [u8], position: usize) -> Self {
        Self {
            bytes,
            position,
            endian,
        }
    }

    /// Returns the number of bytes that are left.
    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len().saturating_sub(self.position)
    }

    /// Returns whether there is no further byte.
    pub(crate) fn is_at_end(&self) -> bool {
        self.remaining() == 0
    }

    /// Takes zero bytes up to a multiple of that many.
    pub(crate) fn align(&mut self, alignment: usize) -> Result<(), DecodeError> {
        let aligned = self.position.next_multiple_of(alignment);
        let padding = self.take(aligned.saturating_sub(self.position))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(DecodeError("padding is not zero"));
        }
        Ok(())
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        self.take(1)?.first().copied().ok_or(TOO_SHORT)
    }

    pub(crate) fn number(&mut self) -> Result<u32, DecodeError> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| TOO_SHORT)?;
        Ok(match self.endian {
            Endian::Little => u32::from_le_bytes(bytes),
            Endian::Big => u32::from_be_bytes(bytes),
        })
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.number()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError("a boolean other than 0 and 1")),
        }
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.number()?;
        self.text(length)
    }

    pub(crate) fn object_path(&mut self) -> Result<&'a str, DecodeError> {
        let path = self.string()?;
        if path != tfa_proto::PATH && ObjectPath::try_from(path).is_err() {
            return Err(DecodeError("not an object path"));
        }
        Ok(path)
    }

    /// Takes the signature of a variant without checking that it is one.
    pub(crate) fn variant_signature(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.byte()?;
        self.text(length.into())
    }

    pub(crate) fn signature(&mut self) -> Result<&'a str, DecodeError> {
        let signature = self.variant_signature()?;
        if !signature::is_valid(signature) {
            return Err(DecodeError("not a signature"));
        }
        Ok(signature)
    }

    /// Takes an array, and returns the decoder of its elements.
    pub(crate) fn array(&mut self, alignment: usize) -> Result<Self, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| TOO_SHORT)?;
        self.align(alignment)?;
        let mut elements = *self;
        self.take(length)?;
        elements.bytes = self.bytes.get(..self.position).ok_or(TOO_SHORT)?;
        Ok(elements)
    }

    /// Takes a number of that many bytes without looking at it.
    pub(crate) fn skip_number(&mut self, size: usize) -> Result<(), DecodeError> {
        self.align(size)?;
        self.take(size).map(|_| ())
    }

    fn text(&mut self, length: u32) -> Result<&'a str, DecodeError> {
        let bytes = self.take(usize::try_from(length).map_err(|_| TOO_SHORT)?)?;
        if self.byte()? != 0 || bytes.contains(&0) {
            return Err(DecodeError("a string ends elsewhere"));
        }
        str::from_utf8(bytes).map_err(|_| DecodeError("a string is not UTF-8"))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let end = self.position.checked_add(length).ok_or(TOO_SHORT)?;
        let taken = self.bytes.get(self.position..end).ok_or(TOO_SHORT)?;
        self.position = end;
        Ok(taken)
    }
}

const TOO_SHORT: DecodeError = DecodeError("a message is too short");
