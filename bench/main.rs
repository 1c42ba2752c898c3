//! `make bench`: measures the cost of a login, and compares it with other modules and with the minimum
//! cost of the bus and the disk.
//!
//! The program has two halves. The outer half boots the machine (`machine.rs`), runs the tasks one
//! after the other (`plan.rs` has their sizes), and reports the results (`report/`, `goals.rs`). The
//! inner half (`inside/`) is the same program, started in the machine with a task in
//! `TFA_BENCH_TASK`.

mod backup;
#[cfg(test)]
mod counts;
mod goals;
mod host;
mod inside;
mod layout;
mod machine;
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

use host::Host;
use inside::logins::Size;
use inside::{Task, fill, load};
use machine::BenchMachine;
use plan::Plan;
use report::{Report, sections};
use results::Results;
use tfa_tests::OrFail;

const USAGE: &str = "usage: tfa-bench [--quick]
Measures on a booted machine, as root, and writes the results to target/bench.
--quick takes fewer samples, with up to 1,000 users.";

fn main() -> ExitCode {
    if let Ok(task) = env::var("TFA_BENCH_TASK") {
        inside::run(&task);
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<String> = env::args().skip(1).collect();
    let plan = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Plan::full(),
        ["--quick"] => Plan::quick(),
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
    let machine = BenchMachine::boot(&folder, &plan.logins.sizes);
    let mut report = Report::new(folder);
    let host = Host::read(machine.machine());
    report.add(&format!("# Cost of a login\n\n{}", host.describe()));

    let mut filled = Vec::new();
    for size in &plan.logins.sizes {
        filled.push((*size, machine.run(&fill_task(*size))));
    }
    let _: fill::Filled = machine.run(&fill_task(Size {
        users: load::USERS,
        peers: false,
    }));
    report.add(&sections::filled(&filled));

    let Plan {
        quick,
        logins,
        load,
        sshd,
        daemon,
        module,
    } = plan;
    let (at_once, cycles) = (sshd.at_once, module.cycles);
    let logins: Vec<_> = machine.run(&Task::Logins(logins));
    report.add(&sections::logins(&logins));
    let load = machine.run(&Task::Load(load));
    report.add(&sections::load(&load));
    let sshd: Vec<_> = machine.run(&Task::Sshd(sshd));
    report.add(&sections::sshd(&sshd, at_once));
    let daemon: Vec<_> = machine.run(&Task::Daemon(daemon));
    report.add(&sections::daemon(&daemon));
    let modules: Vec<_> = machine.run(&Task::Module(module));
    report.add(&sections::modules(&modules, cycles));

    let results = Results {
        host,
        quick,
        logins,
        load,
        sshd,
        daemon,
        modules,
    };
    let goals = goals::evaluate(&results);
    report.add(&sections::goals(&goals));
    report.write_files(&results, &goals);
}

fn fill_task(size: Size) -> Task {
    let Size { users, peers } = size;
    Task::Fill(fill::Task { users, peers })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
