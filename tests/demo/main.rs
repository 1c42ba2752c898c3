//! The demo: a machine with two-factor login, thrown away at the end. On a terminal the person who
//! runs it is alice; without one it plays alice too and prints the transcript.

mod played;
mod seat;
mod story;

use std::io::{self, IsTerminal, Write as _};
use std::process::{Command, ExitCode};

use tfa_tests::Machine;

use story::{Ending, PASSWORD};

fn main() -> ExitCode {
    if !is_root() {
        eprintln!("The demo boots a machine, which takes root: sudo make demo");
        return ExitCode::FAILURE;
    }
    print!("{}", story::OPENING);
    let _ = io::stdout().flush();
    let machine = Machine::boot();
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    // No words of Debian's at each login.
    machine.write_file("/home/alice/.hushlogin", "");
    println!("{}", story::BOOTED);

    let ending = if io::stdin().is_terminal() && io::stdout().is_terminal() {
        seat::take(&machine)
    } else {
        played::play(&machine)
    };
    match ending {
        Ending::In => story::close(&machine),
        Ending::Left => println!("{}", story::LEFT),
    }
    drop(machine);
    println!("{}", story::GONE);
    // Whoever leaves early has done nothing wrong; a machine that fails panics.
    ExitCode::SUCCESS
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
