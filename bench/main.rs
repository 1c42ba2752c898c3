//! `make bench`: a login next to its peers, and to what the bus and the disk cost at least.
//!
//! Two halves of one program. The outer one boots the machine (`stage.rs`), has the tasks done one
//! after the other (`plan.rs` says how much), and tells what came out (`report/`, `goals.rs`). The
//! inner one (`inside/`) is the same program, started in the machine with a task in
//! `TFA_BENCH_TASK`.

mod backup;
mod goals;
mod host;
mod inside;
#[cfg(test)]
mod instructions;
mod layout;
mod person;
mod phone;
mod plan;
mod programs;
mod report;
mod results;
mod stage;
mod statistics;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use host::Host;
use inside::logins::Size;
use inside::{Task, fill, load};
use plan::Plan;
use report::{Report, sections};
use results::Results;
use stage::Stage;
use tfa_tests::OrFail;

const USAGE: &str = "usage: tfa-bench [--quick]
Measures on a booted machine, as root, and writes to target/bench. --quick: fewer samples, and no
more than a thousand users; for a first look.";

fn main() -> ExitCode {
    if let Ok(task) = env::var("TFA_BENCH_TASK") {
        inside::run(&task);
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = env::args().skip(1).collect();
    let plan = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Plan::full(),
        ["--quick"] => Plan::quick(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if !is_root() {
        eprintln!("The bench boots a machine, which takes root: sudo make bench");
        return ExitCode::FAILURE;
    }
    measure(plan);
    ExitCode::SUCCESS
}

fn measure(plan: Plan) {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(1);
    let folder = project.or_fail("find the project").join("target/bench");
    let stage = Stage::set(&folder, &plan.logins.sizes);
    let mut report = Report::new(folder);
    let host = Host::look(stage.machine());
    report.say(&format!("# A login, measured\n\n{}", host.describe()));

    let mut filled = Vec::new();
    for size in &plan.logins.sizes {
        filled.push((*size, stage.run(&fill_task(*size))));
    }
    let _: fill::Filled = stage.run(&fill_task(Size {
        users: load::USERS,
        peers: false,
    }));
    report.say(&sections::filled(&filled));

    let Plan {
        quick,
        logins,
        load,
        sshd,
        daemon,
        module,
    } = plan;
    let (at_once, cycles) = (sshd.at_once, module.cycles);
    let logins: Vec<_> = stage.run(&Task::Logins(logins));
    report.say(&sections::logins(&logins));
    let load = stage.run(&Task::Load(load));
    report.say(&sections::load(&load));
    let sshd: Vec<_> = stage.run(&Task::Sshd(sshd));
    report.say(&sections::sshd(&sshd, at_once));
    let daemon: Vec<_> = stage.run(&Task::Daemon(daemon));
    report.say(&sections::daemon(&daemon));
    let modules: Vec<_> = stage.run(&Task::Module(module));
    report.say(&sections::modules(&modules, cycles));

    let results = Results {
        host,
        quick,
        logins,
        load,
        sshd,
        daemon,
        modules,
    };
    let goals = goals::judge(&results);
    report.say(&sections::goals(&goals));
    report.keep(&results, &goals);
}

fn fill_task(size: Size) -> Task {
    let Size { users, peers } = size;
    Task::Fill(fill::Task { users, peers })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
