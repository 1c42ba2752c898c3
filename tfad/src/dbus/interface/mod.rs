//! The three interfaces on the bus.

pub mod account;
pub mod admin;
pub(crate) mod bounded;

pub mod login;
mod status;
pub(crate) use status::name as state_name;
