//! What the two commands have in common: reaching the daemon, polkit's text agent, the terminal,
//! the words of JSON, and the exit codes.
//!
//! Nothing here is part of the contract, and no sentence that a person reads stands here: those are
//! in each command's `texts`.

mod account;
mod admin;
mod agent;
mod failure;
mod interrupt;
mod json;
mod process;
mod reach;
mod report;
mod terminal;
mod when;

pub use account::AccountProxy;
pub use admin::AdminProxy;
pub use agent::{Agent, NoAgent};
pub use failure::Failure;
pub use interrupt::{Interrupt, Interruption};
pub use json::json;
pub use process::{harden, host, is_root, run};
pub use reach::{connect, in_passing, within};
pub use report::Report;
pub use terminal::{Reply, Terminal, plain};
pub use when::{date, left, local, now, rfc3339};
