//! The sizes of the tasks: users, clients and samples.

use std::time::Duration;

use crate::fleet;
use crate::inside::logins::Size;
use crate::inside::{administration, at_once, daemon, load, logins, module, sshd};

/// The parts of a run.
pub(crate) struct Plan {
    pub(crate) quick: bool,
    /// `None` where the fleet alone is measured.
    pub(crate) one_host: Option<OneHost>,
    pub(crate) fleet: fleet::Plan,
}

/// The tasks on one host.
pub(crate) struct OneHost {
    pub(crate) logins: logins::Task,
    pub(crate) at_once: at_once::Task,
    pub(crate) load: load::Task,
    pub(crate) sshd: sshd::Task,
    pub(crate) daemon: daemon::Task,
    pub(crate) module: module::Task,
    pub(crate) administration: administration::Task,
}

impl Plan {
    /// The plan of the published figures.
    pub(crate) fn full() -> Self {
        Self {
            quick: false,
            one_host: Some(OneHost::full()),
            fleet: fleet::Plan {
                accounts: vec![1000, 1_000_000],
                rounds: 300,
                load: fleet::load::Plan {
                    clients: vec![1, 16, 64],
                    slices: 3,
                    slice: Duration::from_secs(3),
                },
                members: 10_000,
                losses: 6,
            },
        }
    }

    /// A short plan, for a first impression.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            one_host: Some(OneHost::quick()),
            fleet: fleet::Plan {
                accounts: vec![1000, load::USERS],
                rounds: 60,
                load: fleet::load::Plan {
                    clients: vec![1, 64],
                    slices: 2,
                    slice: Duration::from_secs(2),
                },
                members: 1000,
                losses: 2,
            },
        }
    }

    /// The same, without the tasks on one host.
    pub(crate) fn of_fleet_alone(self) -> Self {
        Self {
            one_host: None,
            ..self
        }
    }
}

impl OneHost {
    fn full() -> Self {
        Self {
            logins: logins::Task {
                sizes: vec![
                    with_peers(10),
                    with_peers(1000),
                    with_peers(100_000),
                    without_peers(1_000_000),
                ],
                rounds: 20,
            },
            at_once: at_once::Task {
                clients: vec![16, 64],
                slices: 6,
                logins: 1500,
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
            administration: administration::Task {
                sizes: vec![100_000, 1_000_000],
                imported: 1000,
            },
        }
    }

    fn quick() -> Self {
        Self {
            logins: logins::Task {
                sizes: vec![with_peers(10), with_peers(1000)],
                rounds: 6,
            },
            at_once: at_once::Task {
                clients: vec![16, 64],
                slices: 3,
                logins: 600,
            },
            load: load::Task {
                clients: vec![1, 64],
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
            administration: administration::Task {
                sizes: vec![1000],
                imported: 100,
            },
        }
    }
}

fn with_peers(users: u32) -> Size {
    Size { users, peers: true }
}

fn without_peers(users: u32) -> Size {
    Size {
        users,
        peers: false,
    }
}
