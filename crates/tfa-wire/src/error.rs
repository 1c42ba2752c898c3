//! Errors of the codec.

use std::fmt;

/// Received bytes are not a valid message, or not one that is expected here. The text says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError(pub &'static str);

/// A message cannot be encoded. The text says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodeError(pub &'static str);

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "invalid message: {}", self.0)
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cannot encode the message: {}", self.0)
    }
}

impl std::error::Error for DecodeError {}
impl std::error::Error for EncodeError {}
