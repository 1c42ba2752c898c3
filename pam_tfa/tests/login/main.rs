//! The built module in a real libpam, with a real bus.
//!
//! Each test has a [`fixture`]: a bus, a log and a PAM service. It starts a double of `tfad`
//! ([`daemon`]), at its own socket or on the bus, and a login program ([`program`]) in a process whose
//! mount namespace has the sockets of the fixture in place of those of the system.
//!
//! The tests need root, for the mount namespace; see `tests/runner`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy does not recognize the helper functions of tests"
)]

mod absence;
mod account;
mod answers;
mod build;
mod daemon;
mod endpoints;
mod first_pass;
mod fixture;
mod host;
mod no_answer;
mod optional;
mod program;
mod root_switch;
mod session;
mod verdicts;
