//! `make bench`: a login next to its peers, and to what the bus and the disk cost at least.
//!
//! Two halves of one program. The outer one boots the machine (`stage.rs`), has the tasks done one
//! after the other, and tells what came out. The inner one (`inside/`) is the same program,
//! started in the machine with a task in `TFA_BENCH_TASK`.

mod failure;
mod inside;
mod layout;
mod person;
mod phone;
mod programs;
mod stage;
mod statistics;
mod table;

use std::env;
use std::path::Path;
use std::process::{Command, ExitCode};

use inside::Task;
use inside::fill::{self, Filled};
use inside::logins::{self, Measured, Size};
use stage::Stage;

const USAGE: &str = "usage: tfa-bench [--quick]
Measures on a booted machine, as root, and writes to target/bench. --quick: fewer samples, and no
more than a thousand users; for a first look.";

fn main() -> ExitCode {
    if let Ok(task) = env::var("TFA_BENCH_TASK") {
        inside::run(&task);
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = env::args().skip(1).collect();
    let quick = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--quick"] => true,
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    if !is_root() {
        eprintln!("The bench boots a machine, which takes root: sudo make bench");
        return ExitCode::FAILURE;
    }
    measure(quick);
    ExitCode::SUCCESS
}

fn measure(quick: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
    let (sizes, rounds) = if quick {
        (vec![with_peers(10), with_peers(1000)], 8)
    } else {
        let million = Size {
            users: 1_000_000,
            peers: false,
        };
        let sizes = vec![
            with_peers(10),
            with_peers(1000),
            with_peers(100_000),
            million,
        ];
        (sizes, 20)
    };
    let peers_with: Vec<u32> = sizes
        .iter()
        .filter(|size| size.peers)
        .map(|size| size.users)
        .collect();
    let stage = Stage::set(&folder, &peers_with);
    for Size { users, peers } in sizes.iter().copied() {
        let filled: Filled = stage.run(&Task::Fill(fill::Task { users, peers }));
        println!(
            "filled {users} in {:.1} s, {} KiB",
            filled.took.as_secs_f64(),
            filled.bytes / 1024
        );
    }
    let measured: Vec<Measured> = stage.run(&Task::Logins(logins::Task { sizes, rounds }));
    print!("{}", table::logins(&measured));
}

fn with_peers(users: u32) -> Size {
    Size { users, peers: true }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
