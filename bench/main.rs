//! `make bench`: measures the cost of a login, and compares it with other modules and with the floor:
//! the minimum cost of two calls and the disk.
//!
//! The program has two halves. The outer half boots the machine (`machine.rs`), runs the tasks one
//! after the other (`plan.rs` has their sizes), and reports the results (`report/`, `goals.rs`,
//! `noise.rs`). The
//! inner half (`inside/`) is the same program, started in the machine with a task in
//! `TFA_BENCH_TASK`.

mod backup;
#[cfg(test)]
mod counts;
mod figures;
mod fleet;
mod goals;
mod host;
mod inside;
mod layout;
mod machine;
mod noise;
mod phone;
mod plan;
mod programs;
mod report;
mod results;
mod statistics;
mod user;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use figures::Figures;
use host::Host;
use inside::logins::Size;
use inside::{Task, fill, load};
use machine::BenchMachine;
use noise::{HostTime, Noise};
use plan::{OneHost, Plan};
use results::Results;
use serde::de::DeserializeOwned;
use tfa_tests::OrFail;

const USAGE: &str = "usage: tfa-bench [--quick] [--fleet]
Measures on booted machines, as root, and writes the results to target/bench.
--quick takes fewer samples, with up to 1,000 users on one host.
--fleet measures a fleet alone.";

/// The packages on the machine of one host whose versions are reported.
const PACKAGES: [&str; 6] = [
    "tfa",
    "libpam-google-authenticator",
    "libpam-oath",
    "libpam0g",
    "dbus",
    "openssh-server",
];

fn main() -> ExitCode {
    if let Ok(task) = env::var("TFA_BENCH_TASK") {
        inside::run(&task);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let plan = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Plan::full(),
        ["--quick"] => Plan::quick(),
        ["--fleet"] => Plan::full().of_fleet_alone(),
        ["--quick", "--fleet"] | ["--fleet", "--quick"] => Plan::quick().of_fleet_alone(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if !is_root() {
        eprintln!("The bench boots a machine, which needs root. Run: sudo make bench");
        return ExitCode::FAILURE;
    }
    measure(plan);
    ExitCode::SUCCESS
}

fn measure(plan: Plan) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1);
    let folder = project.or_fail("find the project").join("target/bench");
    let Plan {
        quick,
        one_host,
        fleet,
    } = plan;
    let mut noise = Noise::default();
    // The machine of one host ends before those of the fleet begin.
    let one_host = one_host.map(|plan| measure_one_host(plan, &folder, &mut noise));
    let (fleet, fleet_host) = fleet::measure(&fleet, &mut noise);
    let (one_host, host) = match one_host {
        Some((one_host, host)) => (Some(one_host), host.and(&fleet_host)),
        None => (None, fleet_host),
    };
    let results = Results {
        quick,
        one_host,
        fleet,
        host,
        noise,
        counts: Figures::read(),
    };
    let goals = goals::evaluate(&results);
    report::write(&folder, &results, &goals);
}

fn measure_one_host(plan: OneHost, folder: &Path, noise: &mut Noise) -> (results::OneHost, Host) {
    let OneHost {
        logins,
        at_once,
        load,
        sshd,
        daemon,
        module,
        administration,
    } = plan;
    let mut run = Run {
        machine: BenchMachine::boot(folder, &logins.sizes),
        noise,
    };
    let mut filled = Vec::new();
    for size in &logins.sizes {
        filled.push((size.users, run.unwatched(&fill_task(*size))));
    }
    let _: fill::Filled = run.unwatched(&fill_task(Size {
        users: load::USERS,
        peers: false,
    }));

    let (sshd_clients, cycles) = (sshd.at_once, module.cycles);
    let logins: Vec<_> = run.task("one login", &Task::Logins(logins));
    run.noise.spread(&logins);
    let results = results::OneHost {
        filled,
        logins,
        at_once: run.task("concurrent logins", &Task::AtOnce(at_once)),
        load: run.task("concurrent logins without PAM", &Task::Load(load)),
        sshd_clients,
        sshd: run.task("logins through sshd", &Task::Sshd(sshd)),
        daemon: run.task("the daemon", &Task::Daemon(daemon)),
        cycles,
        modules: run.task("the module", &Task::Module(module)),
        administration: run.task("many accounts", &Task::Administration(administration)),
    };
    let host = Host::read(&[(run.machine.machine(), &PACKAGES)]);
    (results, host)
}

/// A run on the machine.
struct Run<'a> {
    machine: BenchMachine,
    noise: &'a mut Noise,
}

impl Run<'_> {
    /// Runs a task, and notes the load of the host by other programs.
    fn task<Result: DeserializeOwned>(&mut self, name: &str, task: &Task) -> Result {
        eprintln!("measuring: {name}");
        let before = HostTime::now();
        let result = self.machine.run(task);
        self.noise.foreign_load(name, before.foreign_load());
        result
    }

    /// Runs a task whose time does not matter.
    fn unwatched<Result: DeserializeOwned>(&self, task: &Task) -> Result {
        self.machine.run(task)
    }
}

fn fill_task(size: Size) -> Task {
    let Size { users, peers } = size;
    Task::Fill(fill::Task { users, peers })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
