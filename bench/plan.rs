//! How much is measured.

use std::time::Duration;

use crate::inside::logins::Size;
use crate::inside::{daemon, load, logins, module, sshd};

/// The tasks of a run.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    pub(crate) logins: logins::Task,
    pub(crate) load: load::Task,
    pub(crate) sshd: sshd::Task,
    pub(crate) daemon: daemon::Task,
    pub(crate) module: module::Task,
}

impl Plan {
    /// What the figures are made of.
    pub(crate) fn full() -> Self {
        Self {
            quick: false,
            logins: logins::Task {
                sizes: vec![
                    peers_too(10),
                    peers_too(1000),
                    peers_too(100_000),
                    ours_alone(1_000_000),
                ],
                rounds: 20,
            },
            load: load::Task {
                clients: vec![1, 16, 64, 256],
                slices: 5,
                slice: Duration::from_secs(2),
            },
            sshd: sshd::Task {
                at_once: 50,
                rounds: 5,
            },
            daemon: daemon::Task {
                sizes: vec![10, 1_000_000],
                starts: 20,
                quiet: Duration::from_secs(60),
            },
            module: module::Task {
                loads: 200,
                cycles: 10_000,
            },
        }
    }

    /// A first look.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            logins: logins::Task {
                sizes: vec![peers_too(10), peers_too(1000)],
                rounds: 6,
            },
            load: load::Task {
                clients: vec![1, 16, 64, 256],
                slices: 2,
                slice: Duration::from_secs(1),
            },
            sshd: sshd::Task {
                at_once: 50,
                rounds: 1,
            },
            daemon: daemon::Task {
                sizes: vec![10],
                starts: 5,
                quiet: Duration::from_secs(10),
            },
            module: module::Task {
                loads: 50,
                cycles: 10_000,
            },
        }
    }
}

fn peers_too(users: u32) -> Size {
    Size { users, peers: true }
}

fn ours_alone(users: u32) -> Size {
    Size {
        users,
        peers: false,
    }
}
