//! `tfactl` on a pseudo-terminal, with a double of the daemon on a private bus. Needs root, for a
//! mount namespace of its own.

#![cfg(test)]

mod changes;
mod check;
mod explain;
mod group;
mod impact;
mod invite;
mod list;
mod polkit;
mod recorded;
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

/// Shell commands that give the host these accounts and groups, and no others.
fn accounts_of_the_host(host: &TestHost, passwd: &str, group: &str) -> String {
    std::fs::write(host.file("passwd"), passwd).unwrap();
    std::fs::write(host.file("group"), group).unwrap();
    std::fs::write(host.file("login.defs"), "UID_MIN 500\n").unwrap();
    std::fs::write(host.file("nsswitch.conf"), "passwd: files\ngroup: files\n").unwrap();
    let folder = host.folder().display();
    format!(
        "mount -t tmpfs tmpfs /etc; \
         cp {folder}/passwd {folder}/group {folder}/login.defs {folder}/nsswitch.conf /etc"
    )
}

/// One line of passwd for each name, each with a primary group of its own.
fn passwd_lines(names: &[&str]) -> String {
    let lines = names.iter().zip(1000..);
    lines
        .map(|(name, uid)| format!("{name}:x:{uid}:{uid}::/:/bin/bash\n"))
        .collect()
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
