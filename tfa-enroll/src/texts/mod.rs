//! Everything that `tfa-enroll` says, in one folder, so that it can be translated. Lines are kept
//! below 80 columns, in ASCII, without anything drawn.

mod changes;
mod codes;
mod files;
mod help;
mod questions;
mod refusals;
mod setup;
mod status;

pub(crate) use changes::*;
pub(crate) use codes::*;
pub(crate) use files::*;
pub(crate) use help::*;
pub(crate) use questions::*;
pub(crate) use refusals::*;
pub(crate) use setup::*;
pub(crate) use status::*;
