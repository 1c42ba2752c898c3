//! Concurrent logins through one verifier and through three, beside the puts of etcd alone.

use std::time::Duration;

use tfa_tests::Machine;

use super::machines::FleetMachines;
use super::puts::Puts;
use super::service::Service;
use crate::inside::client::{self, Daemon};
use crate::inside::load::UserPool;
use crate::inside::process::Process;
use crate::statistics::Rate;

/// The sizes.
pub(crate) struct Plan {
    pub(crate) clients: Vec<u32>,
    pub(crate) slices: u32,
    pub(crate) slice: Duration,
}

/// The results for one number of clients.
pub(crate) struct Level {
    pub(crate) clients: u32,
    /// Puts of etcd alone.
    pub(crate) puts: Rate,
    /// Logins through one verifier.
    pub(crate) one: Logins,
    /// Logins through three verifiers.
    pub(crate) three: Logins,
}

/// Logins, and the processor time of what takes part.
#[derive(Default)]
pub(crate) struct Logins {
    pub(crate) rate: Rate,
    pub(crate) time: ProcessorTime,
}

/// Processor time by program.
#[derive(Clone, Copy, Default)]
pub(crate) struct ProcessorTime {
    pub(crate) clients: Duration,
    pub(crate) member_tfad: Duration,
    pub(crate) member_fleet: Duration,
    pub(crate) verifier_fleet: Duration,
    pub(crate) verifier_tfad: Duration,
    pub(crate) etcd: Duration,
}

/// The members that clients log in at, and the verifiers.
struct Way<'a> {
    members: &'a [Machine],
    verifiers: &'a [Machine],
    etcd: &'a Machine,
}

pub(crate) fn run(plan: &Plan, fleet: &FleetMachines, puts: &Puts) -> Vec<Level> {
    let pool = UserPool::new();
    let way = |members, verifiers| Way {
        members,
        verifiers,
        etcd: &fleet.etcd,
    };
    let one = way(&fleet.members_of_one, &fleet.verifiers[..1]);
    let three = way(&fleet.members_of_all, &fleet.verifiers[..]);
    let mut levels: Vec<Level> = plan.clients.iter().copied().map(Level::new).collect();
    for _ in 0..plan.slices {
        for level in &mut levels {
            level.puts.add(&puts.rate(level.clients, plan.slice));
            for (way, logins) in [(&one, &mut level.one), (&three, &mut level.three)] {
                let before = way.processor_time();
                let daemons: Vec<_> = way.members.iter().map(Daemon::of).collect();
                let rate = pool.log_in(level.clients, plan.slice, |client, user, code| {
                    client::log_in_at(&daemons[client as usize % daemons.len()], user, code);
                });
                logins.rate.add(&rate);
                logins.time.add(&before, &way.processor_time());
            }
        }
    }
    levels
}

impl Level {
    fn new(clients: u32) -> Self {
        Self {
            clients,
            puts: Rate::default(),
            one: Logins::default(),
            three: Logins::default(),
        }
    }
}

impl Way<'_> {
    fn processor_time(&self) -> ProcessorTime {
        let of = |machines: &[Machine], unit: &str| {
            let services = machines.iter().map(|machine| Service::of(machine, unit));
            services.map(|service| service.processor_time()).sum()
        };
        ProcessorTime {
            clients: Process::own().processor_time(),
            member_tfad: of(self.members, "tfad"),
            member_fleet: of(self.members, "tfa-fleet"),
            verifier_fleet: of(self.verifiers, "tfa-fleet"),
            verifier_tfad: of(self.verifiers, "tfad"),
            etcd: of(std::slice::from_ref(self.etcd), "etcd"),
        }
    }
}

impl ProcessorTime {
    /// The programs, in the order of a login.
    pub(crate) fn parts(&self) -> [(&'static str, Duration); 6] {
        [
            ("the clients", self.clients),
            ("tfad of members", self.member_tfad),
            ("tfa-fleet of members", self.member_fleet),
            ("tfa-fleet of verifiers", self.verifier_fleet),
            ("tfad of verifiers", self.verifier_tfad),
            ("etcd", self.etcd),
        ]
    }

    /// Adds what was used between two moments.
    fn add(&mut self, before: &Self, after: &Self) {
        self.clients += after.clients - before.clients;
        self.member_tfad += after.member_tfad - before.member_tfad;
        self.member_fleet += after.member_fleet - before.member_fleet;
        self.verifier_fleet += after.verifier_fleet - before.verifier_fleet;
        self.verifier_tfad += after.verifier_tfad - before.verifier_tfad;
        self.etcd += after.etcd - before.etcd;
    }
}
