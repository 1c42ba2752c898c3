//! The three interfaces on the bus. A call is admitted in async code; its work blocks and runs on a
//! worker thread.

pub(crate) mod account;
pub(crate) mod admin;
mod administrator;
pub(crate) mod bounded;
pub(crate) mod forwarded;
pub(crate) mod login;
mod users_of_host;
