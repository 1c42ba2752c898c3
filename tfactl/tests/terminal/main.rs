//! `tfactl` on a pseudo-terminal, with a double of the daemon on a private bus. Needs root, for a
//! mount namespace of its own.

#![cfg(test)]

mod authenticators;
mod backup;
mod changes;
mod check;
mod devices;
mod doctor;
mod exempt;
mod explain;
mod explain_keys;
mod exports;
mod group;
mod hosts;
mod impact;
mod imports;
mod invite;
mod join;
mod list;
mod polkit;
mod publication;
mod recorded;
mod recovery;
mod refuses;
mod rename;
mod required;
mod show;

use serde_json::Value;
use tfa_proto::Status;
use tfa_testkit::TestHost;
use tfa_testkit::daemon::enabled;

/// A host with some accounts.
fn host_with(accounts: Vec<Status>) -> TestHost {
    let host = TestHost::new(env!("CARGO_BIN_EXE_tfactl"), enabled());
    host.daemon().account(|account| account.others = accounts);
    host
}

/// An account in that state.
fn account(user: &str, state: &str) -> Status {
    Status {
        user: user.to_owned(),
        state: (!state.is_empty()).then(|| tfa_proto::OpenEnum::from_name(state)),
        ..enabled()
    }
}

/// Gives the host these accounts of persons, and no others.
fn set_users_of_the_host(host: &TestHost, users: &[&str]) {
    let users = users.iter().map(|user| (*user).to_owned()).collect();
    host.daemon().account(|account| account.host_users = users);
}

/// Parses the output as JSON.
#[track_caller]
fn json(out: &str) -> Value {
    serde_json::from_str(out).expect(out)
}

/// Asserts that no line is wider than 80 columns or ends in blanks.
#[track_caller]
fn fits(out: &str) {
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert_eq!(line, line.trim_end());
    }
}
