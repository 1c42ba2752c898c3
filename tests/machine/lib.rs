//! The test machine: a real Debian, booted, with systemd, the system bus, sshd, logind, polkit and
//! a console, on which users log in.
//!
//! - [`Machine`] boots one, runs commands in it, and removes it when the test ends.
//! - [`Terminal`] is a user's screen and keyboard: an SSH login, the console, a command.
//! - [`Phone`] is the authenticator app, and [`read_qr`] its camera.
//!
//! Each failure panics with the screen, the output or the journal.

mod accounts;
mod cgroup;
mod clock;
mod command;
mod container;
mod failure;
mod fleet;
mod image;
mod journal;
mod layer;
mod machine;
mod network;
mod phone;
mod picture;
mod process;
mod ssh;
mod suite;
mod terminal;

pub use command::{Command, Output};
pub use failure::OrFail;
pub use image::package;
pub use machine::Machine;
pub use phone::{Phone, read_qr};
pub use suite::Suite;
pub use terminal::Terminal;
