//! The messages of the daemon. Each one is a whole text with named arguments, so that it can be
//! translated. A paragraph has no line breaks: the caller wraps it to its window.

mod bound;
mod calls;
mod context;
mod denials;
mod dialog;
mod enrollment;
mod hosts;
mod notices;
mod polkit;
mod publication;
mod questions;
mod records;
mod refusals;
#[cfg(test)]
mod tests;
mod told_users;
mod users;

pub use bound::*;
pub use calls::*;
pub use context::bad_context;
pub use denials::{DeniedLogin, denial, root_must_enroll};
pub use dialog::{locked, locked_on_member, message, message_on_member};
pub use enrollment::*;
pub use hosts::*;
pub use notices::*;
pub use polkit::*;
pub use publication::*;
pub use questions::*;
pub use records::*;
pub use refusals::*;
pub use told_users::*;
pub use users::*;
