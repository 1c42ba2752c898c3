//! D-Bus messages as bytes, both halves of the D-Bus handshake, and the blocking client of the login
//! dialog. A login program can afford neither a runtime nor a thread, and a login has few messages: they
//! have a codec of their own. Buffers that may hold a code or a key are wiped.
//!
//! 1. `fixed_header` decodes the first 16 bytes of a message, which give its length.
//! 2. `decoder` and `encoder` know the basic types, and `signature` the signatures of the bodies.
//! 3. `header_fields` decodes and encodes the header fields.
//! 4. `message` decodes a whole message, and `arguments` its body. `message_builder` encodes a message.
//! 5. `login` has the bodies of the login interface.
//! 6. `buffer` holds bytes to send. `socket` sends and receives within a `time_budget`, and
//!    `message_reader` splits the received bytes into lines and messages.
//! 7. `handshake` is the authentication protocol that precedes the messages.
//! 8. `method_call` decodes calls and encodes replies, for the server.
//! 9. `client` calls the login interface of the daemon.

mod arguments;
mod buffer;
mod client;
mod decoder;
mod encoder;
mod error;
mod fixed_header;
mod handshake;
mod header_fields;
mod login;
mod message;
mod message_builder;
mod message_reader;
mod method_call;
#[cfg(test)]
pub(crate) mod raw_message;
mod signature;
mod socket;
mod time_budget;

pub use arguments::Arguments;
pub use buffer::Buffer;
pub use client::{Endpoints, ErrorReply, LoginClient, LoginError};
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError};
pub use fixed_header::{
    ERROR, FIXED_HEADER_LENGTH, FixedHeader, METHOD_CALL, METHOD_RETURN, SIGNAL,
};
pub use handshake::{Guid, HandshakeAction, ServerHandshake};
pub use header_fields::{
    DESTINATION, ERROR_NAME, FieldValue, HeaderField, HeaderFields, INTERFACE, MEMBER, PATH,
    REPLY_SERIAL,
};
pub use login::{LoginCall, LoginReply};
pub use message::Message;
pub use message_builder::MessageBuilder;
pub use message_reader::MessageReader;
pub use method_call::{MethodCall, encode_error, encode_return};
pub use socket::Socket;
pub use time_budget::TimeBudget;
