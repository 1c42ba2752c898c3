//! The messages of `tfa-enroll`. Each one is a whole text with named arguments, so that it can be
//! translated. Lines have at most 80 columns of ASCII.

mod authenticators;
mod changes;
mod codes;
mod devices;
mod files;
mod help;
mod polkit;
mod questions;
mod refusals;
mod security_keys;
mod setup;
mod status;

pub(crate) use authenticators::*;
pub(crate) use changes::*;
pub(crate) use codes::*;
pub(crate) use devices::*;
pub(crate) use files::*;
pub(crate) use help::*;
pub(crate) use polkit::*;
pub(crate) use questions::*;
pub(crate) use refusals::*;
pub(crate) use security_keys::*;
pub(crate) use setup::*;
pub(crate) use status::*;
