//! D-Bus messages as bytes, for both ends of the daemon's own socket and for the module's way over
//! the bus: small, strict, and wiped. zbus is the codec.
//!
//! 1. `start` is what each message begins with: enough to know how long it is.
//! 2. `fields` are the fields of its header.
//! 3. `message` takes one out of its bytes, and `arguments` what it carries.
//! 4. `outgoing` puts one into bytes.
//! 5. `socket` carries bytes, within a time limit, and `incoming` cuts what comes into lines and messages.

mod arguments;
#[cfg(test)]
pub(crate) mod by_hand;
mod client;
mod fields;
mod incoming;
mod message;
mod outgoing;
mod socket;
mod start;

use std::fmt;

pub use arguments::Arguments;
pub use client::{ErrorReply, LoginClient, LoginError, Roads};
pub use fields::{
    DESTINATION, ERROR_NAME, Field, Fields, INTERFACE, MEMBER, PATH, REPLY_SERIAL, Value,
};
pub use incoming::Incoming;
pub use message::Message;
pub use outgoing::{Body, Outgoing};
pub use socket::{Clock, Socket};
pub use start::{ERROR, METHOD_CALL, METHOD_RETURN, SIGNAL, START, Start};

/// Bytes that are not what they should be. The text says what they are instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Garbled(pub &'static str);

impl fmt::Display for Garbled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not understood: {}", self.0)
    }
}

impl std::error::Error for Garbled {}

/// The length of the zeros behind a header.
fn padding_after(length: usize) -> usize {
    length.next_multiple_of(8).saturating_sub(length)
}
