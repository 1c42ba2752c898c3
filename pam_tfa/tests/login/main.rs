//! The module as it was built, in a real libpam, with a real bus.
//!
//! Each test has a stage of its own ([`stage`]): a bus, a log, a PAM service. On it stand a
//! scripted `tfad` ([`daemon`]), at its own socket or on the bus, and a login program ([`program`]),
//! a process of its own that sees the stage's sockets where the system's would be. Nothing sleeps;
//! who waits, waits for an event.
//!
//! The tests need root, for the stage is a mount namespace: `tests/runner`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows test functions, but not the functions that serve them"
)]

mod absence;
mod account;
mod answers;
mod build;
mod daemon;
mod endpoints;
mod first_pass;
mod host;
mod optional;
mod program;
mod silence;
mod stage;
mod switch;
mod verdicts;
