//! Both halves of the D-Bus handshake: the "Authentication Protocol" of the D-Bus specification, with
//! the mechanism `EXTERNAL` alone.

mod client;
mod server;

pub(crate) use client::{is_accepted, opening};
pub use server::{Guid, HandshakeAction, ServerHandshake};
