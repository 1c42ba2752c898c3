//! What stands in for the rest of the system in the tests of both commands: a bus, the daemon on
//! it, and a terminal with a command on that.

mod bus;
mod daemon;
mod place;
mod terminal;

pub(crate) use bus::Bus;
pub(crate) use daemon::{
    INVITATION, NEW_CODE, OLD_INVITATION, ONE_TOO_MANY, PROOF, Polkit, SECRET, URI, enabled,
};
pub(crate) use place::{Place, Run, finished};
pub(crate) use terminal::Terminal;
