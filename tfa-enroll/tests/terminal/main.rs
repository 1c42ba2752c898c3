//! `tfa-enroll` on a pseudo-terminal, with a double of the daemon on a private bus. Needs root, for a
//! mount namespace of its own.

#![cfg(test)]

mod after;
mod authenticators;
mod camera;
mod codes;
mod devices;
mod invitation;
mod polkit;
mod refusals;
mod required;
mod security_keys;
mod setup;
mod small;
mod status;
