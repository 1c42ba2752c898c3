//! Reads PAM configurations as the libpam of Debian does, and evaluates their stacks.
//!
//! The crate does no I/O: the caller gives it the content of files ([`Files`]) and the codes of modules.
//!
//! 1. [`Reader::read`] makes a [`Service`] of the files. It keeps the lines that libpam would keep, and
//!    reports the errors that libpam reads past. The releases in Debian 12 and 13 differ ([`Release`]).
//! 2. [`run`] and [`run_after`] compute what libpam returns for given codes.

mod code;
mod control;
mod dispatch;
mod files;
mod lines;
mod parse;
mod read;
mod stack;
mod words;

pub use code::{Code, Codes};
pub use control::{Action, Control};
pub use dispatch::{Run, run, run_after};
pub use files::{Files, MAX_LINES, Unreadable};
pub use lines::Release;
pub use read::{FOLDERS, Reader};
pub use stack::{Call, Line, Phase, Position, Problem, ProblemKind, Service, Stack};
