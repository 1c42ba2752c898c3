//! The three interfaces on the bus.

pub mod account;
pub mod admin;
pub mod login;
mod status;
