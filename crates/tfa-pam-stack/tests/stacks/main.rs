//! Stacks of PAM, with the libpam of this host and with the wiring of the package.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy does not recognize the helper functions of tests"
)]

mod answers;
mod asking;
mod driver;
mod evaluator;
mod faults;
mod generate;
mod jumps;
mod libpam;
mod memory;
mod modules;
mod reading;
mod twice;
mod unasked;
mod users;
mod wiring;
