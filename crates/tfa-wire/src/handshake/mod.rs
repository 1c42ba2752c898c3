//! Both halves of the D-Bus handshake: the "Authentication Protocol" of the D-Bus specification, with
//! the mechanism `EXTERNAL` alone.

mod client;
mod identity;
mod server;

pub(crate) use client::{append_opening, is_accepted};
pub use server::{Guid, HandshakeAction, ServerHandshake};
