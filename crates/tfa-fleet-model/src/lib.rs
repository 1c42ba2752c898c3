//! A model of a fleet, for tests: logins at several verifiers that share an etcd, and every order in which their
//! calls are made, lost, delayed and repeated, within bounds.
//!
//! What a verifier does is no part of the model: [`process`] runs the code of the daemon, the store and the rules.
//! [`fleet`] adds the network, etcd, crashes and members, and [`search`] goes through all states. ADR 0087
//! tells why.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends by panicking"
)]

pub mod claims;
pub mod fleet;
mod intern;
pub mod plan;
pub mod process;
mod script;
pub mod search;
pub mod state;
mod undisturbed;
