//! The speed of a fleet, on machines of their own (`machines.rs`). This program logs in at the sockets of members, and
//! measures: one login and its floor (`logins.rs`), many at once (`load.rs`), many members (`crowd.rs`), and the loss
//! of a verifier (`lost.rs`).

mod authority;
pub(crate) mod crowd;
pub(crate) mod fill;
mod floor;
pub(crate) mod load;
pub(crate) mod logins;
pub(crate) mod lost;
mod machines;
mod namespace;
mod puts;
mod service;

use std::path::{Path, PathBuf};

use authority::Authority;
use fill::Filled;
use floor::RoundTrip;
use logins::{Probes, Subject};
use machines::FleetMachines;
use puts::Puts;
use service::Service;
use tfa_tests::OrFail;

use crate::host::Host;
use crate::inside;
use crate::noise::{HostTime, Noise};
use crate::programs;

/// The sizes.
pub(crate) struct Plan {
    /// The accounts in etcd for single logins, the fewest first.
    pub(crate) accounts: Vec<u32>,
    pub(crate) rounds: u32,
    pub(crate) load: load::Plan,
    pub(crate) members: u32,
    pub(crate) losses: u32,
}

/// The results.
pub(crate) struct Measured {
    pub(crate) filled: Vec<Filled>,
    pub(crate) logins: Vec<logins::Measured>,
    pub(crate) load: Vec<load::Level>,
    pub(crate) crowd: crowd::Measured,
    pub(crate) lost: lost::Measured,
}

/// The folder of what this part writes.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench/fleet")
}

/// Measures on new machines. The second result is the host, with the packages of a verifier.
pub(crate) fn measure(plan: &Plan, noise: &mut Noise) -> (Measured, Host) {
    std::fs::create_dir_all(folder()).or_fail("create a folder");
    let compiled = programs::compile(&folder().join("programs"));
    let mut named = compiled.iter();
    let library = named.find(|(name, _)| *name == programs::NAME_SERVICE);
    let (_, library) = library.or_fail("compile the name service");
    eprintln!("fleet: booting the machines");
    let authority = Authority::new();
    let fleet = FleetMachines::boot(&authority, library);
    let host = Host::read(&[
        (&fleet.alone, &["tfa", "tfa-fleet"]),
        (&fleet.etcd, &["etcd-server"]),
    ]);
    let (fewest, more) = plan.accounts.split_first().or_fail("read the plan");
    fill_databases(&fleet, *fewest);

    let mut filler = Filler {
        fleet: &fleet,
        filled: Vec::new(),
    };
    filler.fill_to(*fewest);
    let puts = Puts::open(&fleet, &authority, fill::record_length(&fleet));
    let round_trip = RoundTrip::open(&fleet, &authority);
    let mut probes = Probes::new(&fleet, round_trip, puts);
    let mut logins = Vec::new();
    let mut one_login = |accounts, probes: &mut Probes, noise: &mut Noise| {
        let name = format!("one login of a fleet, {accounts} accounts");
        let times = watched(noise, &name, || probes.take(&Subject::ALL, plan.rounds));
        logins.push(logins::Measured { accounts, times });
    };
    one_login(*fewest, &mut probes, noise);

    filler.fill_to(inside::load::USERS.max(*fewest));
    let load = watched(noise, "concurrent logins of a fleet", || {
        load::run(&plan.load, &fleet, &probes.puts)
    });
    let crowd = watched(noise, "many members", || {
        crowd::run(plan.members, plan.rounds, &fleet, &authority, &mut probes)
    });
    let lost = watched(noise, "the loss of a verifier", || {
        lost::run(plan.losses, &fleet, &mut probes)
    });
    for accounts in more {
        filler.fill_to(*accounts);
        one_login(*accounts, &mut probes, noise);
    }
    let measured = Measured {
        filled: filler.filled,
        logins,
        load,
        crowd,
        lost,
    };
    (measured, host)
}

/// Runs a part, and notes the load of the host by other programs.
fn watched<T>(noise: &mut Noise, name: &str, run: impl FnOnce() -> T) -> T {
    eprintln!("measuring: {name}");
    let before = HostTime::now();
    let result = run();
    noise.foreign_load(name, before.foreign_load());
    result
}

/// Fills a store in a database, for the host alone and for a verifier.
fn fill_databases(fleet: &FleetMachines, accounts: u32) {
    let filled = folder().join("database");
    inside::fill::fill_ours(&filled, accounts);
    for machine in [&fleet.alone, &fleet.database_verifier] {
        machine.succeed(["systemctl", "stop", "tfad"]);
        inside::folder::copy(&filled, &machine.path_on_host(machines::STATE));
        machine.succeed(["systemctl", "start", "tfad"]);
    }
}

/// Fills the store in etcd step by step.
struct Filler<'a> {
    fleet: &'a FleetMachines,
    filled: Vec<Filled>,
}

impl Filler<'_> {
    fn fill_to(&mut self, accounts: u32) {
        let present = self.filled.last().map_or(0, |filled| filled.accounts);
        if accounts <= present {
            return;
        }
        eprintln!("fleet: filling etcd up to {accounts} accounts");
        let took = fill::fill(self.fleet, present..accounts);
        let etcd = &self.fleet.etcd;
        let database = etcd.path_on_host("/var/lib/etcd/default/member/snap/db");
        let metadata = std::fs::metadata(database).or_fail("read the size of etcd's database");
        self.filled.push(Filled {
            accounts,
            took,
            added: accounts - present,
            bytes: metadata.len(),
            resident: Service::of(etcd, "etcd").resident(),
        });
    }
}
