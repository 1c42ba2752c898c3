//! `tfactl` as an administrator meets it, with a double of the daemon on a private bus. Needs
//! root, for a mount namespace of its own.

#![cfg(test)]

#[path = "../../../tfa-enroll/tests/double/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "tfa-enroll's tests use more of it"
)]
mod double;

mod changes;
mod list;
mod polkit;
mod show;

use double::{Place, enabled};
use tfa_bus::Status;

/// A host with some accounts.
fn place(accounts: Vec<Status>) -> Place {
    let place = Place::with(env!("CARGO_BIN_EXE_tfactl"), enabled());
    place.daemon().account(|account| account.others = accounts);
    place
}

/// An account in that state.
fn account(user: &str, state: &str) -> Status {
    Status {
        user: user.to_owned(),
        state: state.to_owned(),
        ..enabled()
    }
}
