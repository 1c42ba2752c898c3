//! The demo: a machine with two-factor login, which is removed at the end. On a terminal, the user
//! who runs the demo logs in as alice. Without a terminal, the demo logs in as alice and prints the
//! transcript. With the argument `fleet` it is a demo of a fleet.

mod fleet;
mod interactive;
mod scripted;
mod texts;

use std::io::{self, IsTerminal, Write as _};
use std::process::{Command, ExitCode};

use tfa_tests::Machine;

use texts::{Ending, PASSWORD};

fn main() -> ExitCode {
    if !is_root() {
        eprintln!("The demo boots a machine, which needs root: sudo make demo");
        return ExitCode::FAILURE;
    }
    if std::env::args().nth(1).as_deref() == Some("fleet") {
        fleet::run();
        return ExitCode::SUCCESS;
    }
    print!("{}", texts::OPENING);
    let _ = io::stdout().flush();
    let machine = Machine::boot();
    machine.add_user("alice", PASSWORD);
    machine.offer_questions();
    // Disables the messages of Debian at each login, and the second copy of those of the module.
    machine.write_file("/home/alice/.hushlogin", "");
    println!("{}", texts::BOOTED);

    let ending = if io::stdin().is_terminal() && io::stdout().is_terminal() {
        interactive::run(&machine)
    } else {
        scripted::run(&machine)
    };
    match ending {
        Ending::In => texts::close(&machine),
        Ending::Left => println!("{}", texts::LEFT),
    }
    drop(machine);
    println!("{}", texts::GONE);
    // Leaving early is no failure. A failure of the machine panics.
    ExitCode::SUCCESS
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
