//! The bodies of the login interface: `Begin`, `Answer`, `Cancel` and their replies.
//!
//! A login decodes and encodes these few types only, and the generic codec of zbus took a quarter of its
//! time. The tests compare them with zbus.

mod call;
mod context;
mod reply;
#[cfg(test)]
mod tests;
mod turn;

pub use call::LoginCall;
pub use reply::LoginReply;
