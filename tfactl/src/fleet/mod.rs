//! `tfactl fleet`, `tfactl host` and `tfactl join`: makes a fleet, and lets hosts join it.
//!
//! The daemon has the authority, and decides. `tfa-fleet` has the network and the key of this host, and runs as its
//! own user: `program` starts it. `files` writes the configuration.

mod etcd;
mod exclusive;
mod files;
mod host;
mod init;
mod invite_verifier;
mod join;
mod join_verifier;
mod leave;
mod preconditions;
mod program;
mod units;

pub(crate) use etcd::is_verifier_with_others;
pub(crate) use files::is_member;
pub(crate) use host::{is_not_in_fleet, run as run_host};
pub(crate) use init::run as init;
pub(crate) use invite_verifier::run as invite_verifier;
pub(crate) use join::run as join;
pub(crate) use join_verifier::run as join_verifier;
pub(crate) use leave::run as leave;
