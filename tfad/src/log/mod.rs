//! The daemon's log.

pub mod journal;
mod lines;
