//! Codes that are bound to a member: made with a verifier, used while none can be reached, and reported later. The
//! verifier is the real one, and `tfa-fleet` is a thread.

#![expect(clippy::unwrap_used, reason = "a test ends by panicking")]

#[path = "../alice/mod.rs"]
mod alice;
mod crashes;
mod fleet;
mod logins;
mod reports;
mod sets;
