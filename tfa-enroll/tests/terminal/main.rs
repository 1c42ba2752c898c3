//! `tfa-enroll` as a person meets it: on a real pseudo-terminal of 80 columns and 24 rows, with a
//! double of the daemon on a private bus. Needs root, for a mount namespace of its own.

#![cfg(test)]

#[path = "../double/mod.rs"]
mod double;

mod after;
mod camera;
mod codes;
mod invitation;
mod polkit;
mod refusals;
mod required;
mod setup;
mod small;
mod status;
